/* Where every guest begins, in flat 32-bit or 64-bit mode: a stack, descriptor tables, machine checks on, then main(),
 * whose result is the exit code. */
#include "width.h"

    .intel_syntax noprefix
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    lea SP, stack_top
    call tables_setup
    mov AX, cr4
    or eax, 1 << 6 /* MCE: a machine check is an exception */
    mov cr4, AX
    call main
#ifdef __x86_64__
    mov edi, eax
#else
    push eax
#endif
    call exit
    .size _start, . - _start

    /* GDT, TSS and an IDT of VECTORS gates. */
    .globl tables_setup
    .type tables_setup, @function
tables_setup:
    lea AX, task
    mov word ptr [gdt + TASK + 2], ax
    shr eax, 16
    mov byte ptr [gdt + TASK + 4], al
    mov byte ptr [gdt + TASK + 7], ah
    lea AX, stack_top
    mov [task + 4], AX
#ifndef __x86_64__
    mov dword ptr [task + 8], DATA
#endif
    lgdt [gdt_pointer]
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov fs, eax
    mov gs, eax
    mov eax, TASK
    ltr ax
    lea DI, idt
    lea SI, vector_table
    mov ecx, VECTORS
1:  mov AX, [SI]
    mov word ptr [DI], ax
    mov word ptr [DI + 2], CODE
    mov word ptr [DI + 4], 0x8e00
    shr eax, 16
    mov word ptr [DI + 6], ax
    add SI, WORD
    add DI, GATE
    dec ecx
    jnz 1b
    lidt [idt_pointer]
#ifdef __x86_64__
    pop rax
    push CODE
    push rax
    .byte 0x48, 0xcb /* retf of 64 bits */
#else
    pop eax
    push CODE
    push eax
    retf
#endif
    .size tables_setup, . - tables_setup

    .data
    .balign 8
    .globl gdt
gdt:
    .quad 0
#ifdef __x86_64__
    .quad 0x00af9b000000ffff /* code, data */
    .quad 0x00cf93000000ffff
    .quad 0x00cff3000000ffff, 0x00affb000000ffff /* data and code for level 3, code and data */
    .quad 0x00affb000000ffff, 0x00cff3000000ffff
#else
    .quad 0x00cf9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0x00cffb000000ffff, 0x00cff3000000ffff /* code and data for level 3 */
    .quad 0, 0
#endif
    .quad 0x00cf13000000ffff /* not present */
    .quad 0x00009b000000ffff /* 16 bits: code, data */
    .quad 0x000093000000ffff
    .quad 0x00cf9b000000ffff /* code of 32 bits */
    .quad 0x0000890000000088, 0 /* the task, with a bitmap of 256 ports; its address is put in above */
gdt_end:
    .globl gdt_pointer, idt_pointer
gdt_pointer:
    .word gdt_end - gdt - 1
    WORD_DATA gdt
idt_pointer:
    .word VECTORS * GATE - 1
    WORD_DATA idt

    .globl task
    .balign 8
task:
    .space 0x66
    .word 0x89 /* beyond the limit: no bitmap */
    .space 0x20
    .byte 0xff

    .bss
    .balign 16
    .globl idt, stack_top
idt:
    .space VECTORS * GATE
    .space 0x4000
stack_top:
