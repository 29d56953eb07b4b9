/* Code that traps: for each label_pc, where the trap says it is, and label_resume, where it goes on. */
    .macro begin name
    .globl \name, \name\()_pc, \name\()_resume
    .type \name, @function
\name:
    .endm
    .macro at name, code:vararg    /* the saved pc is that of the instruction */
    begin \name
\name\()_pc:
    \code
\name\()_resume:
    rts
    .size \name, . - \name
    .endm
    .macro after name, code:vararg    /* the saved pc is that of the next one */
    begin \name
    \code
\name\()_pc:
\name\()_resume:
    rts
    .size \name, . - \name
    .endm

    .text
    at probe_illegal, illegal
    at probe_breakpoint, .short 0x4848
    at probe_bad_mode, .short 0x41c0    /* lea %d0, %a0 */
    at probe_bad_control, .short 0x4e7a, 0x0fff
    at probe_line_a, .short 0xa000
    at probe_line_f, .short 0xfe00
    at probe_load, tst.l 0x08000000
    at probe_store, clr.b 0x08000000
    after probe_trap_0, .short 0x4e40
    after probe_trap_15, .short 0x4e4f

    begin probe_divide_unsigned
    clr.l %d1
    moveq #7, %d0
    divu.w %d1, %d0
probe_divide_unsigned_pc:
probe_divide_unsigned_resume:
    rts

    begin probe_divide_signed
    moveq #7, %d0
    divs.l #0, %d0
probe_divide_signed_pc:
probe_divide_signed_resume:
    rts

    begin probe_chk
    moveq #-1, %d0
    chk.w #5, %d0
probe_chk_pc:
probe_chk_resume:
    rts

    begin probe_trapv
    move.w #2, %ccr
    trapv
probe_trapv_pc:
probe_trapv_resume:
    rts

    begin probe_trapcc
    move.w #4, %ccr
    trapne.w #0x1234
    trapeq.l #0x12345678
probe_trapcc_pc:
probe_trapcc_resume:
    rts

    begin probe_fetch
    jmp 0x08000000
probe_fetch_resume:
    rts
    .globl probe_fetch_pc
    .set probe_fetch_pc, 0x08000000

    begin probe_privilege
    move.l #user_stack_end, %a0
    move.l %a0, %usp
    move.w #0x0700, %sr
probe_privilege_pc:
    move.w #0x2700, %sr
probe_privilege_resume:
    rts

    begin probe_format
    subq.l #8, %sp
    move.w #0x2700, (%sp)
    move.l #probe_format_resume, 2(%sp)
    move.w #0xf000, 6(%sp)
probe_format_pc:
    rte
probe_format_resume:
    addq.l #8, %sp
    rts
