/* Ways to access a device: ulong form(ulong address, ulong value), r3 and r4. Scratch memory is below the stack. */
#include "width.h"

.macro form name
    .globl form_\name
    .type form_\name, @function
form_\name:
.endm
.macro done name
    blr
    .size form_\name, . - form_\name
.endm

    .text
/* loads */
form lbz
    lbz 3, 0(3)
done lbz
form lbzx
    li 5, 0x10
    addi 3, 3, -0x10
    lbzx 3, 3, 5
done lbzx
form lhz
    lhz 3, 0(3)
done lhz
form lha
    lha 3, 0(3)
done lha
form lhbrx
    lhbrx 3, 0, 3
done lhbrx
form lwz
    addi 3, 3, -0x7ffc
    lwz 3, 0x7ffc(3)
done lwz
form lwzx
    li 5, -4
    addi 3, 3, 4
    lwzx 3, 3, 5
done lwzx
form lwzu
    addi 5, 3, 0x100
    lwzu 4, -0x100(5)
    cmplw 5, 3
    li 3, 0
    bnelr
    mr 3, 4
done lwzu
form lwzux
    addi 5, 3, 0x100
    li 6, -0x100
    lwzux 4, 5, 6
    cmplw 5, 3
    li 3, 0
    bnelr
    mr 3, 4
done lwzux
form lwbrx
    lwbrx 3, 0, 3
done lwbrx
form lwarx
    lwarx 3, 0, 3
done lwarx
form lfs
    lfs 1, 0(3)
    stfs 1, -8(1)
    lwz 3, -8(1)
done lfs
form lmw
    stw 31, -8(1)
    lmw 31, 0(3)
    mr 3, 31
    lwz 31, -8(1)
done lmw
form lswi
    lswi 5, 3, 4
    mr 3, 5
done lswi
/* stores */
form stw
    stw 4, 0(3)
done stw
form stwx
    li 5, 0x20
    addi 3, 3, -0x20
    stwx 4, 3, 5
done stwx
form stwu
    addi 5, 3, 0x100
    stwu 4, -0x100(5)
    subf 3, 3, 5
done stwu
form stwux
    addi 5, 3, 0x100
    li 6, -0x100
    stwux 4, 5, 6
    subf 3, 3, 5
done stwux
form stfs
    stw 4, -8(1)
    lfs 1, -8(1)
    stfs 1, 0(3)
done stfs
form stfiwx
    stw 4, -4(1)
    stw 4, -8(1)
    lfd 1, -8(1)
    stfiwx 1, 0, 3
done stfiwx
form stmw
    stw 31, -8(1)
    mr 31, 4
    stmw 31, 0(3)
    lwz 31, -8(1)
done stmw
form stb
    stb 4, 0(3)
done stb
form sth
    sth 4, 0(3)
done sth
/* more than one access, or bytes that come in another order */
form stwbrx
    stwbrx 4, 0, 3
done stwbrx
form sthbrx
    sthbrx 4, 0, 3
done sthbrx
form stwcx
1:  lwarx 5, 0, 3
    add 6, 5, 4
    stwcx. 6, 0, 3
    bne 1b
    mr 3, 5
done stwcx
form lmw_two
    stw 30, -8(1)
    stw 31, -12(1)
    lmw 30, 0(3)
    xor 3, 30, 31
    lwz 30, -8(1)
    lwz 31, -12(1)
done lmw_two
form lfd
    lfd 1, 0(3)
    stfd 1, -16(1)
    lwz 3, -12(1)
done lfd
#ifdef __powerpc64__
form lwa
    lwa 3, 0(3)
done lwa
form ld
    ld 3, 0(3)
done ld
form ldx
    ldx 3, 0, 3
done ldx
form ldarx
    ldarx 3, 0, 3
done ldarx
form std
    std 4, 0(3)
done std
form stdu
    addi 5, 3, 0x100
    stdu 4, -0x100(5)
    subf 3, 3, 5
done stdu
#endif
