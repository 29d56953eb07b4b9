/* Exceptions, one a probe: see portable/arch.h. The label X_pc is where the exception says it was. */
#include "width.h"

    .intel_syntax noprefix
    .macro PROBE name
    .globl \name, \name\()_pc, \name\()_resume
    .type \name, @function
\name:
    .endm
    /* A fault reports its instruction, a trap the one after. */
    .macro FAULT name, text:vararg
\name\()_pc:
    \text
\name\()_resume:
    .endm
    .macro TRAP name, text:vararg
    \text
\name\()_pc:
\name\()_resume:
    .endm

    .text
    PROBE divide
    xor edx, edx
    xor ecx, ecx
    mov eax, 1
    FAULT divide, div ecx
    ret

    PROBE quotient
    mov edx, 2
    mov ecx, 1
    FAULT quotient, div ecx
    ret

    PROBE step
    PUSH_FLAGS
    or word ptr [SP], 0x100
    POP_FLAGS
    TRAP step, nop
    ret

    PROBE icebp
    TRAP icebp, .byte 0xf1
    ret

    PROBE breakpoint
    TRAP breakpoint, int3
    ret

    PROBE breakpoint_2
    TRAP breakpoint_2, .byte 0xcd, 3
    ret

    PROBE invalid
    FAULT invalid, ud2
    ret

    PROBE unavailable
    mov AX, cr0
    push AX
    or eax, 1 << 3
    mov cr0, AX
    FAULT unavailable, fninit
    pop AX
    mov cr0, AX
    ret

    PROBE absent
    mov eax, ABSENT
    FAULT absent, mov ds, eax
    ret

    PROBE absent_stack
    mov eax, ABSENT
    FAULT absent_stack, mov ss, eax
    ret

    PROBE beyond
    mov eax, 0x7f8
    FAULT beyond, mov es, eax
    ret

    PROBE no_gate
    FAULT no_gate, int 0x80
    ret

    PROBE no_msr
    mov ecx, 0x12345678
    FAULT no_msr, rdmsr
    ret

    PROBE software
    TRAP software, int 0x2f
    ret

    PROBE x87
    mov AX, cr0
    push AX
    or eax, 1 << 5
    mov cr0, AX
    fninit
    push 0x37b
    fldcw [SP]
    fld1
    fldz
    fdivp
    FAULT x87, fwait
    fninit
    pop AX
    pop AX
    mov cr0, AX
    ret

    PROBE nowhere
    mov eax, 0x08000000
    FAULT nowhere, mov ecx, [AX]
    ret

    PROBE nowhere_write
    mov eax, 0x08000004
    FAULT nowhere_write, mov [AX], ecx
    ret

    PROBE nowhere_fetch
    mov eax, 0x08000000
    jmp AX
nowhere_fetch_resume:
    ret

#ifdef __x86_64__
    PROBE not_canonical
    mov rax, 0x0000800000000000
    FAULT not_canonical, mov ecx, [rax]
    ret
#else
    PROBE overflow
    mov eax, 0x7fffffff
    add eax, 1
    TRAP overflow, into
    ret

    PROBE bounds
    mov eax, 5
    FAULT bounds, bound eax, [limits]
    ret

    .section .rodata
    .balign 8
limits:
    .long 0, 4
#endif
