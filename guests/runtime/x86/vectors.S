/* The gates' code: a frame (trap.h), then dispatch(). */
#include "width.h"

    .intel_syntax noprefix
    .macro VECTOR number
    .balign 16
vector_\number:
    .if (\number != 8) && (\number != 17) && ((\number < 10) || (\number > 14))
    push 0
    .endif
    push \number
    jmp common
    .endm

    .text
    .altmacro
    .macro EACH
    .set n, 0
    .rept VECTORS
    VECTOR %n
    .set n, n + 1
    .endr
    .endm
    EACH

    .type common, @function
common:
#ifdef __x86_64__
    .irp register, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
    push \register
    .endr
    cld
    mov rdi, rsp
    mov rbx, rsp
    and rsp, -16
    call dispatch
    mov rsp, rbx
    .irp register, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    pop \register
    .endr
#else
    .irp register, ebp, edi, esi, edx, ecx, ebx, eax
    push \register
    .endr
    cld
    push esp
    call dispatch
    add esp, 4
    .irp register, eax, ebx, ecx, edx, esi, edi, ebp
    pop \register
    .endr
#endif
    add SP, 2 * WORD
    IRET
    .size common, . - common

    .section .rodata
    .balign 8
    .globl vector_table
    .macro ENTRY number
    WORD_DATA vector_\number
    .endm
vector_table:
    .set n, 0
    .rept VECTORS
    ENTRY %n
    .set n, n + 1
    .endr
