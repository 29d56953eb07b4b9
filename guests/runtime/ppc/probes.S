/* Instructions that trap; see PROBE in portable/arch.h. Each leaves everything but r3 to r12 as it was. */
#include "width.h"

.macro begin name
    .globl \name, \name\()_pc, \name\()_resume
    .type \name, @function
\name:
.endm
.macro end name
    blr
    .size \name, . - \name
.endm

    .text
begin probe_load
    lis 4, 0x800
probe_load_pc:
    lwz 5, 4(4)
probe_load_resume:
end probe_load

begin probe_store
    lis 4, 0x800
probe_store_pc:
    stb 4, 7(4)
probe_store_resume:
end probe_store

begin probe_update
    lis 4, 0x800
probe_update_pc:
    lwzu 5, 8(4)
probe_update_resume:
end probe_update

    .globl probe_jump_pc
    .set probe_jump_pc, 0x8000000
    .globl probe_jump, probe_jump_resume
    .type probe_jump, @function
probe_jump:
    lis 4, 0x800
    mtctr 4
    bctr
probe_jump_resume:
end probe_jump

begin probe_reservation
    lis 4, probes_word@ha
    addi 4, 4, probes_word@l
    addi 4, 4, 1
probe_reservation_pc:
    lwarx 5, 0, 4
probe_reservation_resume:
end probe_reservation

begin probe_illegal
probe_illegal_pc:
    .long 0
probe_illegal_resume:
end probe_illegal

begin probe_trap
    li 4, 3
probe_trap_pc:
    tweqi 4, 3
probe_trap_resume:
end probe_trap

begin probe_call
    sc
probe_call_pc:
probe_call_resume:
end probe_call

begin probe_float
    mfmsr 4
    li 5, MSR_FP
    andc 5, 4, 5
    SET_MSR 5
    isync
probe_float_pc:
    fadd 1, 1, 1
probe_float_resume:
    mfmsr 4
    ori 4, 4, MSR_FP
    SET_MSR 4
    isync
end probe_float

begin probe_vector
probe_vector_pc:
    .long 0x10000484 /* vor v0, v0, v0 */
probe_vector_resume:
end probe_vector

#ifdef __powerpc64__
begin probe_vsx
probe_vsx_pc:
    .long 0xf0000490 /* xxlor vs0, vs0, vs0 */
probe_vsx_resume:
end probe_vsx
#endif

    .data
    .balign 16
    .globl probes_word
probes_word:
    .space 16
