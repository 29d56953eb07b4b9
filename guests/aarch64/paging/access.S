/* Accesses that may fault: access(kind, address) makes one at EL1, or (kind | USER) at EL0, and returns what it loaded, or
 * ~0 where it faulted. Fetched code is `ret` at EL1 and `svc #0` at EL0. */
    .text
    .globl access
    .globl access_resume
    .globl access_user
    .globl access_user_end
    .type access, @function
access:
    str x30, [sp, #-16]!
    tbnz w0, #2, 2f
    cbz w0, 1f
    tbnz w0, #0, 3f
    blr x1                          /* 2: fetch */
    mov x0, #0
    b 4f
1:  ldr x0, [x1]
    b 4f
3:  str x1, [x1]
    mov x0, #0
4:  ldr x30, [sp], #16
    ret
2:  msr spsr_el1, xzr
    tbnz w0, #1, 5f
    msr elr_el1, x2                 /* where the code of EL0 is mapped */
    eret
5:  msr elr_el1, x1
    eret
access_resume:
    mov x0, #-1
    b 4b
    .globl access_done
access_done:
    mov x0, x3
    b 4b

    /* At EL0: kind x0, address x1; the result goes to EL1 in x3. */
access_user:
    tbnz w0, #0, 1f
    ldr x3, [x1]
    svc #0
1:  str x1, [x1]
    mov x3, #0
    svc #0
access_user_end:
