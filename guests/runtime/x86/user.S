#include "width.h"

    .intel_syntax noprefix
    .text
    .globl in_user
    .type in_user, @function
in_user:
#ifdef __x86_64__
    .irp register, rbx, rbp, r12, r13, r14, r15
    push \register
    .endr
    mov rax, rdi
    shl rsi, 12
#else
    .irp register, ebx, ebp, esi, edi
    push \register
    .endr
    mov eax, [esp + 20]
    mov esi, [esp + 24]
    shl esi, 12
#endif
    mov [kernel_stack], SP
    mov [task + 4], SP
    lea CX, idt
    lea DX, back
    mov [CX + 0x2e * GATE], dx
    mov word ptr [CX + 0x2e * GATE + 2], CODE
    mov word ptr [CX + 0x2e * GATE + 4], 0xee00
    shr edx, 16
    mov [CX + 0x2e * GATE + 6], dx
    lea CX, user_stack_top
    sub CX, WORD
    lea DX, returned
    mov [CX], DX
    push USER_DATA
    push CX
    or esi, 2
    push SI
    push USER_CODE
    push AX
#ifndef __x86_64__
    mov ecx, USER_DATA
    mov ds, ecx
    mov es, ecx
#endif
    IRET
returned:
    int 0x2e
    .size in_user, . - in_user

    .type back, @function
back:
    mov SP, [kernel_stack]
#ifdef __x86_64__
    .irp register, r15, r14, r13, r12, rbp, rbx
    pop \register
    .endr
#else
    mov ecx, DATA
    mov ds, ecx
    mov es, ecx
    .irp register, edi, esi, ebp, ebx
    pop \register
    .endr
#endif
    ret
    .size back, . - back

    .globl port_allowed
    .type port_allowed, @function
port_allowed:
#ifdef __x86_64__
    mov ecx, edi
    mov eax, esi
#else
    mov ecx, [esp + 4]
    mov eax, [esp + 8]
#endif
    mov word ptr [task + 0x66], 0x68
    test eax, eax
    jnz 1f
    bts dword ptr [task + 0x68], ecx
    ret
1:  btr dword ptr [task + 0x68], ecx
    ret
    .size port_allowed, . - port_allowed

    .bss
    .balign 16
kernel_stack:
    .space 16
    .space 0x1000
user_stack_top:
