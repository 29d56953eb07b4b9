/* A trap each: its pc is the label `_pc`, and it goes on at `_resume`, at EL1. x30 is kept. */
    .equ NOWHERE, 0x08000000

    .macro PROBE name
    .globl \name
    .globl \name\()_pc
    .globl \name\()_resume
    .type \name, @function
\name:
    .endm

    .macro END name
    .size \name, . - \name
    .endm

    .macro SIMPLE name, code:vararg  /* the instruction itself traps */
    PROBE \name
\name\()_pc:
    \code
\name\()_resume:
    ret
    END \name
    .endm

    .macro NOWHERE_IN register
    mov \register, #NOWHERE
    .endm

    .macro USER label               /* go on at a label, at EL0 */
    adr x9, \label
    msr elr_el1, x9
    msr spsr_el1, xzr
    eret
    .endm

    .text
    SIMPLE probe_undefined, udf #0x123
    SIMPLE probe_register, mrs x9, scr_el3
    SIMPLE probe_interface, mrs x9, s3_0_c12_c12_0
    SIMPLE probe_brk, brk #7

PROBE probe_svc
    svc #0x55
probe_svc_pc:
probe_svc_resume:
    ret
    END probe_svc

PROBE probe_load
    NOWHERE_IN x9
    add x9, x9, #0x103
probe_load_pc:
    ldur w10, [x9, #0x20]
probe_load_resume:
    ret
    END probe_load

PROBE probe_store
    NOWHERE_IN x9
    mov w10, #0x49
probe_store_pc:
    str w10, [x9, w10, uxtw #2]
probe_store_resume:
    ret
    END probe_store

PROBE probe_pair
    NOWHERE_IN x9
probe_pair_pc:
    ldp x10, x11, [x9, #0x128]!
probe_pair_resume:
    ret
    END probe_pair

PROBE probe_exclusive
    adrp x9, probe_words
    add x9, x9, :lo12:probe_words
    add x9, x9, #1
probe_exclusive_pc:
    ldxr x10, [x9]
probe_exclusive_resume:
    ret
    END probe_exclusive

    .globl probe_fetch
    .globl probe_fetch_resume
probe_fetch:
    NOWHERE_IN x9
    br x9
probe_fetch_resume:
    ret
    END probe_fetch

    .globl probe_misaligned
    .globl probe_misaligned_resume
probe_misaligned:
    NOWHERE_IN x9
    add x9, x9, #2
    br x9
probe_misaligned_resume:
    ret
    END probe_misaligned

PROBE probe_user_svc
    USER 1f
1:  svc #1
probe_user_svc_pc:
probe_user_svc_resume:
    ret
    END probe_user_svc

PROBE probe_user_brk
    USER probe_user_brk_pc
probe_user_brk_pc:
    brk #1
probe_user_brk_resume:
    ret
    END probe_user_brk

PROBE probe_user_register
    USER probe_user_register_pc
probe_user_register_pc:
    mrs x9, vbar_el1
probe_user_register_resume:
    ret
    END probe_user_register

PROBE probe_user_mask
    USER probe_user_mask_pc
probe_user_mask_pc:
    msr daifclr, #2
probe_user_mask_resume:
    ret
    END probe_user_mask

PROBE probe_user_counter
    msr cntkctl_el1, xzr
    USER probe_user_counter_pc
probe_user_counter_pc:
    mrs x9, cntvct_el0
probe_user_counter_resume:
    ret
    END probe_user_counter

PROBE probe_user_load
    USER 1f
1:  NOWHERE_IN x9
probe_user_load_pc:
    ldr x9, [x9, #0x10]
probe_user_load_resume:
    ret
    END probe_user_load

    .globl probe_user_fetch
    .globl probe_user_fetch_resume
probe_user_fetch:
    USER 1f
1:  NOWHERE_IN x9
    br x9
probe_user_fetch_resume:
    ret
    END probe_user_fetch

    .bss
    .balign 16
    .globl probe_words
probe_words:
    .space 16
