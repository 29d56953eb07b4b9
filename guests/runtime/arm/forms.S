/* form(address r0, value r1): one way to access a device each. Where a base register changes, what it becomes is added
 * to the result: nothing, if it is right. */
    .syntax unified
#ifdef __thumb__
    .thumb
#else
    .arm
#endif
#if __ARM_ARCH_PROFILE != 'M'
    .fpu neon
#endif
    .text

    .macro FORM name, code:vararg
    .globl form_\name
    .type form_\name, %function
#ifdef __thumb__
    .thumb_func
#endif
form_\name:
    \code
    .size form_\name, . - form_\name
    .endm

    .macro RESULT                   /* r1 loaded, r0 the base now, r2 what it should be */
    subs r0, r0, r2
    add r0, r0, r1
    bx lr
    .endm

FORM ldr, ldr r0, [r0]
    bx lr
FORM ldr_offset, subs r0, r0, #0x40
    ldr r0, [r0, #0x40]
    bx lr
FORM ldr_register, movs r2, #8
    subs r0, r0, r2
    ldr r0, [r0, r2]
    bx lr
FORM ldr_shifted, movs r2, #4
    subs r0, r0, #16
    ldr r0, [r0, r2, lsl #2]
    bx lr
FORM ldr_pre, mov r2, r0
    subs r0, r0, #4
    ldr r1, [r0, #4]!
    RESULT
FORM ldr_post, mov r2, r0
    ldr r1, [r0], #8
    subs r0, r0, #8
    RESULT
FORM ldr_base, mov r12, r0
    ldr r12, [r12]
    mov r0, r12
    bx lr
FORM ldrb, ldrb r0, [r0]
    bx lr
FORM ldrb_register, movs r2, #3
    subs r0, r0, r2
    ldrb r0, [r0, r2]
    bx lr
FORM ldrsb, ldrsb r0, [r0]
    bx lr
FORM ldrh, ldrh r0, [r0]
    bx lr
FORM ldrsh, ldrsh r0, [r0]
    bx lr
FORM ldrt, ldrt r2, [r0]
    mov r0, r2
    bx lr
FORM ldrbt, ldrbt r2, [r0]
    mov r0, r2
    bx lr
#ifdef __thumb__
FORM ldrht, ldrht r2, [r0]
#else
FORM ldrht, ldrht r2, [r0], #0
#endif
    mov r0, r2
    bx lr
FORM ldm, mov r2, r0
    mov r3, r0
    ldm r3!, {r1}
    subs r0, r3, #4
    RESULT
FORM ldm_back, mov r2, r0
    adds r0, r0, #4
#ifdef __thumb__
    ldr r1, [r0, #-4]!              /* an ldm of one register is unpredictable in T32 */
#else
    ldmdb r0!, {r1}
#endif
    RESULT
FORM pop, mov r3, sp
    mov sp, r0
    pop {r1}
    mov r0, sp
    mov sp, r3
    subs r0, r0, #4
    mov r2, r0
    RESULT
FORM ldrex, ldrex r0, [r0]
    clrex
    bx lr
FORM ldrexb, ldrexb r0, [r0]
    clrex
    bx lr
FORM ldrexh, ldrexh r0, [r0]
    clrex
    bx lr

FORM str, str r1, [r0]
    bx lr
FORM str_offset, subs r0, r0, #0x40
    str r1, [r0, #0x40]
    bx lr
FORM str_register, movs r2, #8
    subs r0, r0, r2
    str r1, [r0, r2]
    bx lr
FORM str_pre, subs r0, r0, #4
    str r1, [r0, #4]!
    bx lr
FORM str_post, str r1, [r0], #8
    bx lr
FORM strb, strb r1, [r0]
    bx lr
FORM strh, strh r1, [r0]
    bx lr
FORM strt, strt r1, [r0]
    bx lr
FORM strbt, strbt r1, [r0]
    bx lr
#ifdef __thumb__
FORM strht, strht r1, [r0]
#else
FORM strht, strht r1, [r0], #0
#endif
    bx lr
FORM stm, stm r0!, {r1}
    bx lr
FORM stm_back, adds r0, r0, #4
#ifdef __thumb__
    str r1, [r0, #-4]!
#else
    stmdb r0!, {r1}
#endif
    bx lr
FORM push, mov r3, sp
    adds r0, r0, #4
    mov sp, r0
    push {r1}
    mov sp, r3
    bx lr

FORM ldrd, ldrd r2, r3, [r0]
    mov r0, r2
    bx lr
FORM strd, mov r2, r1
    movs r3, #0
    strd r2, r3, [r0]
    bx lr
FORM ldm_two, ldm r0, {r2, r3}
    mov r0, r2
    bx lr
FORM stm_two, movs r2, #0
    stm r0, {r1, r2}
    bx lr
FORM exclusive, mov r3, r0
1:  ldrex r0, [r3]
    strex r2, r1, [r3]
    cmp r2, #0
    bne 1b
    bx lr

#if __ARM_ARCH_PROFILE != 'M'
FORM vldr_single, vldr s0, [r0]
    vmov r0, s0
    bx lr
FORM vldr_double, vldr d0, [r0]
    vmov r0, s0
    bx lr
FORM vldm, vldm r0, {s0, s1}
    vmov r0, s0
    bx lr
FORM vld1, vld1.32 {d0}, [r0]
    vmov r0, s0
    bx lr
FORM vld1_lane, vld1.32 {d0[1]}, [r0]
    vmov r0, s1
    bx lr
FORM vstr_single, vmov s0, r1
    vstr s0, [r0]
    bx lr
FORM vstr_double, vmov.i32 d0, #0
    vmov s0, r1
    vstr d0, [r0]
    bx lr
FORM vst1, vmov.i32 d0, #0
    vmov s0, r1
    vst1.32 {d0}, [r0]
    bx lr
FORM exclusive_double, push {r4, r5, r6, r7}
    mov r6, r1
    mov r12, r0
    movs r7, #0
1:  ldrexd r4, r5, [r12]
    strexd r2, r6, r7, [r12]
    cmp r2, #0
    bne 1b
    mov r0, r4
    pop {r4, r5, r6, r7}
    bx lr
#endif
#ifndef __thumb__
FORM swp, mov r2, r0
    .word 0xe1020091                /* swp r0, r1, [r2] */
    bx lr
FORM swpb, mov r2, r0
    .word 0xe1420091                /* swpb r0, r1, [r2] */
    bx lr
#endif
