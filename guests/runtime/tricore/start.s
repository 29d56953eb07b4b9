; Where every guest begins: the list of context save areas, the vectors, a stack, then main(), whose result is the exit code.
; C sees TriCore as RV32E (translate.py): d0 is zero, d1 the return address, d2 the stack, d10 on arguments and results.
    .section .text.start
    .globl _start
_start:
    mov d0, #0
    movh d3, hi:context_areas
    addi d3, d3, lo:context_areas
    movh d4, hi:context_areas_end
    addi d4, d4, lo:context_areas_end
    sh d5, d3, #-6          ; the link word of the first: all lie in segment 0
    mtcr #0xfe38, d5        ; FCX
.Lnext:
    mov.a a15, d3
    addi d3, d3, #64
    sh d5, d3, #-6
    jeq d3, d4, .Llast
    st.w [a15]#0, d5
    j .Lnext
.Llast:
    st.w [a15]#0, d0
    mov d5, #0
    mtcr #0xfe3c, d5        ; LCX: the list is used to its end
    movh d3, hi:trap_vectors
    addi d3, d3, lo:trap_vectors
    mtcr #0xfe24, d3        ; BTV
    movh d3, hi:interrupt_vectors
    addi d3, d3, lo:interrupt_vectors
    mtcr #0xfe20, d3        ; BIV
    isync
    movh d2, hi:stack_end
    addi d2, d2, lo:stack_end
    movh d1, hi:.Lended
    addi d1, d1, lo:.Lended
    j main
.Lended:
    j exit                  ; main's result is its argument

    .section .bss.start
    .balign 64
context_areas:
    .space 2048
context_areas_end:
    .space 8192
stack_end:
