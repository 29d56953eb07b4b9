/* From the mode that the machine starts in down to real mode, where interrupts go through the table at 0, and up again:
 * to protected mode, and with 64 bits through compatibility mode to 64-bit mode, now with paging. */
#include "width.h"

#define EFER 0xc0000080
#define LME 0x100
#define REAL 0 /* this is linked below 64 KiB */
#define LATCH 0x10030000

    .intel_syntax noprefix
    .text
    /* void down_and_up(u32 tables): cr3 for the way up */
    .globl down_and_up
    .type down_and_up, @function
down_and_up:
#ifdef __x86_64__
    .irp register, rbx, rbp, r12, r13, r14, r15
    push \register
    .endr
    mov [tables], edi
    mov [stack], rsp
    push CODE_32
    lea rax, compatible
    push rax
    .byte 0x48, 0xcb /* retf of 64 bits */
    .code32
compatible:
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov eax, cr0
    and eax, 0x7fffffff
    mov cr0, eax
    mov ecx, EFER
    rdmsr
    and eax, ~LME
    wrmsr
    rdmsr
    mov [efer_below], eax
#else
    .irp register, ebx, ebp, esi, edi
    push \register
    .endr
    mov eax, [esp + 20]
    mov [tables], eax
    mov [stack], esp
#endif
    mov eax, DATA
    mov fs, eax /* keeps its limit in real mode */
    .att_syntax
    ljmp $CODE_16, $protected_16
    .intel_syntax noprefix

    .code16
protected_16:
    mov ax, DATA_16
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov eax, cr0
    and al, 0xfe
    mov cr0, eax
    .att_syntax
    ljmp $REAL, $real
    .intel_syntax noprefix
real:
    mov ax, cs
    mov ds, ax
    mov [real_cs], ax
    xor ax, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x1000
    lidt [real_idt]
    .att_syntax
    movw $service, %es:0x40 * 4
    movw $REAL, %es:0x40 * 4 + 2
    movw $division, %es:0
    movw $REAL, %es:2
    movw $external, %es:0x20 * 4
    movw $REAL, %es:0x20 * 4 + 2
    .intel_syntax noprefix
    mov ax, 5
    int 0x40
    mov [real_service], ax
    xor cx, cx
    div cx
    sti
    nop
    nop
    cli
    mov ax, sp
    mov [real_sp], ax
    jmp up
service:
    add ax, 7
    iret
division:
    push bp
    mov bp, sp
    add word ptr [bp + 2], 2 /* div cx */
    pop bp
    inc word ptr [real_division]
    iret
external:
    push eax
    mov eax, LATCH
    mov dword ptr fs:[eax], 0
    pop eax
    inc word ptr [real_external]
    iret

up: .att_syntax
    lgdtl gdt_low
    .intel_syntax noprefix
    mov eax, cr0
    or al, 1
    mov cr0, eax
    .att_syntax
    ljmpl $CODE_32, $protected
    .intel_syntax noprefix

    .code32
protected:
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov eax, [tables]
    mov cr3, eax
    mov eax, cr4
#ifdef __x86_64__
    or eax, 1 << 5 /* PAE */
    mov cr4, eax
    mov ecx, EFER
    rdmsr
    or eax, LME | 1 << 11 /* NXE */
    wrmsr
#else
    or eax, 1 << 4 /* PSE */
    mov cr4, eax
#endif
    mov eax, cr0
    or eax, 0x80010000 /* PG, WP */
    mov cr0, eax
#ifdef __x86_64__
    rdmsr
    mov [efer_above], eax
    .att_syntax
    ljmp $CODE, $long_mode
    .intel_syntax noprefix
    .code64
long_mode:
    mov rsp, [stack]
    lidt [idt_pointer]
    .irp register, r15, r14, r13, r12, rbp, rbx
    pop \register
    .endr
#else
    mov esp, [stack]
    lidt [idt_pointer]
    mov eax, DATA
    mov fs, eax
    mov gs, eax
    .irp register, edi, esi, ebp, ebx
    pop \register
    .endr
#endif
    ret
    .size down_and_up, . - down_and_up

    /* ulong touch(ulong address), store(address), go(address): what may fault, and a place to go on. */
    .globl touch, touch_end, store, store_end, go, go_end
#ifdef __x86_64__
touch:
    mov eax, [rdi]
touch_end:
    ret
store:
    mov dword ptr [rdi], 1
store_end:
    ret
go: call rdi
go_end:
    ret
#else
touch:
    mov eax, [esp + 4]
    mov eax, [eax]
touch_end:
    ret
store:
    mov eax, [esp + 4]
    mov dword ptr [eax], 1
store_end:
    ret
go: call [esp + 4]
go_end:
    ret
#endif

    .data
    .balign 8
    .globl efer_below, efer_above, real_service, real_division, real_external, real_cs, real_sp
efer_below: .long ~0
efer_above: .long 0
real_service: .long 0
real_division: .long 0
real_external: .long 0
real_cs: .long 0
real_sp: .long 0
tables: .long 0
stack: .quad 0
real_idt:
    .word 0x3ff
    .long 0
gdt_low: /* as lgdt of 32 bits wants it */
    .word 0x67
    .long gdt
