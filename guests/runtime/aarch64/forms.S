/* form(address x0, value x1): one way to access a device each. Where a base register changes, how far it is from what it
 * should be is added to the result: nothing, if it is right. Stores return that alone. */
    .arch armv8-a+fp+simd
    .text

    .macro FORM name, code:vararg
    .globl form_\name
    .type form_\name, @function
form_\name:
    \code
    .endm

    .macro RESULT base              /* x1 loaded, \base the base now, x2 what it should be */
    sub x0, \base, x2
    add x0, x0, x1
    ret
    .endm

    .macro LOAD name, code:vararg
    FORM \name, \code
    ret
    .endm

    .macro STORE name, code:vararg
    FORM \name, \code
    mov x0, #0
    ret
    .endm

LOAD ldr, ldr w0, [x0]
LOAD ldr_x, ldr x0, [x0]
FORM ldr_offset, sub x0, x0, #0x400
    ldr w0, [x0, #0x400]
    ret
FORM ldr_register, mov x2, #-8
    add x0, x0, #8
    ldr w0, [x0, x2]
    ret
FORM ldr_scaled, mov x2, #4
    sub x0, x0, #16
    ldr w0, [x0, x2, lsl #2]
    ret
FORM ldr_extended, mov w2, #-4
    add x0, x0, #16
    ldr w0, [x0, w2, sxtw #2]
    ret
FORM ldr_pre, mov x2, x0
    sub x0, x0, #16
    ldr w1, [x0, #16]!
    RESULT x0
FORM ldr_post, mov x2, x0
    ldr w1, [x0], #8
    sub x0, x0, #8
    RESULT x0
LOAD ldr_base, ldr x0, [x0]
FORM ldr_stack, mov x2, sp
    mov sp, x0
    ldr w0, [sp]
    mov sp, x2
    ret
FORM ldur, add x0, x0, #3
    ldur w0, [x0, #-3]
    ret
LOAD ldtr, ldtr w0, [x0]
LOAD ldrb, ldrb w0, [x0]
LOAD ldrh, ldrh w0, [x0]
LOAD ldrsb_w, ldrsb w0, [x0]
LOAD ldrsb, ldrsb x0, [x0]
LOAD ldrsh_w, ldrsh w0, [x0]
LOAD ldrsh, ldrsh x0, [x0]
LOAD ldrsw, ldrsw x0, [x0]
LOAD ldar, ldar w0, [x0]
LOAD ldarb, ldarb w0, [x0]
LOAD ldxr, ldxr w0, [x0]
LOAD ldaxrh, ldaxrh w0, [x0]
FORM ldr_b, ldr b0, [x0]
    umov x0, v0.d[0]
    ret
FORM ldr_h, ldr h0, [x0]
    umov x0, v0.d[0]
    ret
FORM ldr_s, ldr s0, [x0]
    umov x0, v0.d[0]
    ret
FORM ldr_d, ldr d0, [x0]
    umov x0, v0.d[0]
    ret
FORM ld1_lane, movi v0.2d, #0
    ld1 {v0.s}[2], [x0]
    umov x0, v0.d[1]
    ret
FORM ld1r, ld1r {v0.4s}, [x0]
    umov w0, v0.s[3]
    ret
FORM ld1_post, mov x2, x0
    ld1 {v0.8b}, [x0], #8
    umov x1, v0.d[0]
    sub x0, x0, #8
    RESULT x0

STORE str, str w1, [x0]
STORE str_x, str x1, [x0]
FORM str_offset, sub x0, x0, #0x400
    str w1, [x0, #0x400]
    mov x0, #0
    ret
FORM str_register, mov x2, #-8
    add x0, x0, #8
    str w1, [x0, x2]
    mov x0, #0
    ret
FORM str_pre, mov x2, x0
    sub x0, x0, #16
    str w1, [x0, #16]!
    sub x0, x0, x2
    ret
FORM str_post, mov x2, x0
    str w1, [x0], #8
    sub x0, x0, #8
    sub x0, x0, x2
    ret
FORM stur, add x0, x0, #3
    stur w1, [x0, #-3]
    mov x0, #0
    ret
STORE sttr, sttr w1, [x0]
STORE strb, strb w1, [x0]
STORE strh, strh w1, [x0]
STORE stlr, stlr w1, [x0]
STORE stlrb, stlrb w1, [x0]
FORM str_b, fmov s0, w1
    str b0, [x0]
    mov x0, #0
    ret
FORM str_h, fmov s0, w1
    str h0, [x0]
    mov x0, #0
    ret
FORM str_s, fmov s0, w1
    str s0, [x0]
    mov x0, #0
    ret
FORM str_d, fmov d0, x1
    str d0, [x0]
    mov x0, #0
    ret
FORM st1_lane, dup v0.4s, w1
    st1 {v0.s}[2], [x0]
    mov x0, #0
    ret
FORM st1_post, fmov d0, x1
    mov x2, x0
    st1 {v0.8b}, [x0], #8
    sub x0, x0, #8
    sub x0, x0, x2
    ret

    /* Two registers: the second, LINES, is zero while no byte waits, so what comes with the first is nothing. */
FORM ldp, ldp w0, w1, [x0]
    add x0, x0, x1
    ret
FORM ldp_x, ldp x0, x1, [x0]
    add x0, x0, x1
    ret
FORM ldp_base, mov x1, x0
    ldp w1, w0, [x1]
    add x0, x0, x1
    ret
FORM ldpsw, ldpsw x0, x1, [x0]
    add x0, x0, x1
    ret
FORM ldnp, ldnp w0, w1, [x0]
    add x0, x0, x1
    ret
FORM ldp_s, ldp s0, s1, [x0]
    fmov w0, s0
    fmov w1, s1
    add x0, x0, x1
    ret
FORM ldr_q, ldr q0, [x0]
    umov x0, v0.d[0]
    umov x1, v0.d[1]
    add x0, x0, x1
    ret
FORM ldp_q, ldp q0, q1, [x0]
    add v0.2d, v0.2d, v1.2d
    umov x0, v0.d[0]
    umov x1, v0.d[1]
    add x0, x0, x1
    ret
FORM ld2, ld2 {v0.2s, v1.2s}, [x0]
    add v0.2s, v0.2s, v1.2s
    umov x0, v0.d[0]
    ret
FORM stp, stp w1, wzr, [x0]
    mov x0, #0
    ret
FORM stp_pre, mov x2, x0
    add x0, x0, #8
    stp w1, wzr, [x0, #-8]!
    sub x0, x0, x2
    ret
FORM stnp, stnp w1, wzr, [x0]
    mov x0, #0
    ret
FORM str_q, movi v0.2d, #0
    mov v0.s[0], w1
    str q0, [x0]
    mov x0, #0
    ret
FORM exclusive, ldaxr w2, [x0]
    stlxr w3, w1, [x0]
    add x0, x2, x3
    ret
FORM exclusive_pair, ldxp w2, w4, [x0]
    stxp w3, w1, w4, [x0]
    add x0, x2, x3
    ret
