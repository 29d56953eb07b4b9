/* Each probe is one instruction and a return; see probes.h. */
    .macro PROBE name, instruction:vararg
    .section .text.\name, "ax"
    .balign 4
    .globl \name
    .type \name, @function
\name:
    \instruction
    ret
    .size \name, . - \name
    .endm

    .option norvc
    PROBE probe_lb, lb a0, (a0)
    PROBE probe_lh, lh a0, (a0)
    PROBE probe_lw, lw a0, (a0)
    PROBE probe_sb, sb a0, (a0)
    PROBE probe_sh, sh a0, (a0)
    PROBE probe_sw, sw a0, (a0)
    PROBE probe_lr, lr.w a0, (a0)
    PROBE probe_amoadd, amoadd.w a0, a0, (a0)
#if __riscv_xlen == 64
    PROBE probe_ld, ld a0, (a0)
    PROBE probe_sd, sd a0, (a0)
    PROBE probe_lr_d, lr.d a0, (a0)
    PROBE probe_amoadd_d, amoadd.d a0, a0, (a0)
#endif
    PROBE probe_fetch, jr a0
    PROBE probe_ebreak, ebreak
    PROBE probe_ecall, ecall
    PROBE probe_ones, .word 0xffffffff
    PROBE probe_no_csr, csrr a0, 0x7ff
    PROBE probe_machine_csr, csrr a0, mscratch
    PROBE probe_write_read_only, csrw mhartid, a0
    PROBE probe_mret, mret
    .option rvc
    PROBE probe_c_lw, c.lw a0, (a0)
    PROBE probe_c_sw, c.sw a0, (a0)
    PROBE probe_c_ebreak, c.ebreak
    PROBE probe_zero, .half 0
