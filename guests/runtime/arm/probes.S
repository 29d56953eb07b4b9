/* Each probe is an instruction that traps; it goes on at its resume label. */
#include "target.h"
    .syntax unified
#ifdef __thumb__
    .thumb
#else
    .arm
#endif
    .text

    .macro BEGIN name
    .globl \name, \name\()_pc, \name\()_resume
    .type \name, %function
#ifdef __thumb__
    .thumb_func
#endif
    .balign 4
\name:
    .endm

BEGIN probe_undefined
probe_undefined_pc:
    udf #0
probe_undefined_resume:
    bx lr

BEGIN probe_conditional             /* what follows the trap is still of the if-then block, and last in it */
    cmp r0, r0
#ifdef __thumb__
    .short 0xbf04, 0x4600           /* itt eq; moveq r0, r0 */
probe_conditional_pc:
    .short 0xde00                   /* udf #0 */
#else
probe_conditional_pc:
    .word 0x07f000f0                /* udfeq #0 */
#endif
probe_conditional_resume:
    bx lr

BEGIN probe_svc
    mov r3, lr                      /* taken in svc mode: lr is lost */
    svc #7
probe_svc_pc:
probe_svc_resume:
    bx r3

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
    ldr r0, =0x08000000
#ifdef __thumb__
    adds r0, r0, #1
#endif
    mov r3, lr
    bx r0
probe_fetch_resume:
    bx r3
    .ltorg

    .bss
    .balign 8
    .globl probe_words
probe_words:
    .space 8
