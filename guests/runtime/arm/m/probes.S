/* Each probe is an instruction that raises an exception; it goes on at its resume label. */
    .syntax unified
    .thumb
    .text

    .macro BEGIN name
    .globl \name, \name\()_pc, \name\()_resume
    .type \name, %function
    .thumb_func
    .balign 4
\name:
    .endm

BEGIN probe_undefined
probe_undefined_pc:
    udf #0
probe_undefined_resume:
    bx lr

BEGIN probe_conditional             /* what follows is still of the if-then block, and last in it */
    cmp r0, r0
    .short 0xbf04, 0x4600           /* itt eq; moveq r0, r0 */
probe_conditional_pc:
    .short 0xde00                   /* udf #0 */
probe_conditional_resume:
    bx lr

BEGIN probe_no_coprocessor
probe_no_coprocessor_pc:
    .short 0xed90, 0x0a00           /* vldr s0, [r0] */
probe_no_coprocessor_resume:
    bx lr

BEGIN probe_svc
    svc #7
probe_svc_pc:
probe_svc_resume:
    bx lr

BEGIN probe_breakpoint
probe_breakpoint_pc:
    bkpt #0
probe_breakpoint_resume:
    bx lr

BEGIN probe_load
    ldr r0, =0x08000124
probe_load_pc:
    ldr r0, [r0]
probe_load_resume:
    bx lr

BEGIN probe_store
    ldr r0, =0x08000125
probe_store_pc:
    strb r0, [r0]
probe_store_resume:
    bx lr

BEGIN probe_load_many
    ldr r0, =0x08000128
probe_load_many_pc:
    ldm r0, {r1-r3}
probe_load_many_resume:
    bx lr

BEGIN probe_exclusive
    ldr r0, =probe_words + 1
probe_exclusive_pc:
    ldrex r1, [r0]
probe_exclusive_resume:
    bx lr

BEGIN probe_fetch
    ldr r0, =0x08000001
    mov r3, lr
    bx r0
probe_fetch_resume:
    bx r3

BEGIN probe_state
    ldr r0, =main
    lsrs r0, r0, #1
    lsls r0, r0, #1
    mov r3, lr
    bx r0
probe_state_resume:
    bx r3
    .ltorg

    .bss
    .balign 8
    .globl probe_words
probe_words:
    .space 8
