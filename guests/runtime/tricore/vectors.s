; Trap and interrupt vectors, 32 bytes each. A trap has saved the upper context; the lower one is saved here, so that C may
; use every register. The stack is that of what was interrupted.
    .section .text.vectors
    .balign 256
trap_vectors:
    svlcx                   ; class 0
    mov d10, #0x00
    j .Ltrap
    .balign 32
    svlcx
    mov d10, #0x10
    j .Ltrap
    .balign 32
    svlcx
    mov d10, #0x20
    j .Ltrap
    .balign 32
    svlcx
    mov d10, #0x30
    j .Ltrap
    .balign 32
    svlcx
    mov d10, #0x40
    j .Ltrap
    .balign 32
    svlcx
    mov d10, #0x50
    j .Ltrap
    .balign 32
    svlcx
    mov d10, #0x60
    j .Ltrap
    .balign 32
    svlcx
    mov d10, #0x70
    j .Ltrap
    .balign 32
.Ltrap:                     ; d15: number within the class
    mov d0, #0
    and d15, d15, #15
    or d10, d10, d15
    mov.d d11, a11
    mov d12, #-1
    movh d1, hi:.Ltrapped
    addi d1, d1, lo:.Ltrapped
    j arch_trap
.Ltrapped:
    mov.a a12, d10
    rslcx
    mov.aa a11, a12
    rfe

    .section .text.interrupts
    .balign 8192
interrupt_vectors:
    .space 32
    svlcx                   ; priority 1: software
    mov d10, #2
    j .Linterrupt
    .balign 32
    svlcx                   ; 2: external
    mov d10, #1
    j .Linterrupt
    .balign 32
    svlcx                   ; 3: timer
    mov d10, #0
    j .Linterrupt
    .balign 32
.Linterrupt:
    mov d0, #0
    movh d1, hi:.Linterrupted
    addi d1, d1, lo:.Linterrupted
    j arch_interrupt
.Linterrupted:
    rslcx
    rfe
