/* See forms.h. a0 is the address and the result, a1 the value. */
#include "width.h"

    .macro FORM name, instruction
    .section .text.form_\name, "ax"
    .balign 4
    .globl form_\name
    .type form_\name, @function
form_\name:
    \instruction
    ret
    .size form_\name, . - form_\name
    .endm

    .option norvc
    FORM lb, "lb a0, (a0)"
    FORM lbu, "lbu a0, (a0)"
    FORM lh, "lh a0, (a0)"
    FORM lhu, "lhu a0, (a0)"
    FORM lw, "lw a0, (a0)"
    FORM lw_far, "addi a0, a0, 0x7f0; lw a0, -0x7f0(a0)"
    FORM lw_other, "lw a1, (a0); mv a0, a1"
    FORM lw_zero, "lw zero, (a0); mv a0, zero"
    FORM sb, "sb a1, (a0)"
    FORM sh, "sh a1, (a0)"
    FORM sw, "sw a1, (a0)"
    FORM sw_far, "addi a0, a0, -0x7f0; sw a1, 0x7f0(a0)"
    FORM sw_self, "sw a0, (a0)"
    FORM amoswap, "amoswap.w a0, a1, (a0)"
    FORM amoadd, "amoadd.w a0, a1, (a0)"
    FORM amoand, "amoand.w a0, a1, (a0)"
    FORM amoor, "amoor.w a0, a1, (a0)"
    FORM amoxor, "amoxor.w a0, a1, (a0)"
    FORM amomin, "amomin.w a0, a1, (a0)"
    FORM amomax, "amomax.w a0, a1, (a0)"
    FORM amominu, "amominu.w a0, a1, (a0)"
    FORM amomaxu, "amomaxu.w a0, a1, (a0)"
    FORM amoadd_other, "amoadd.w.aqrl t0, a1, (a0); mv a0, t0"
    FORM lr_sc, "lr.w t0, (a0); sc.w a0, a1, (a0)"
    FORM sc_alone, "sc.w a0, a1, (a0)"
#if __riscv_xlen == 64
    FORM lwu, "lwu a0, (a0)"
    FORM ld, "ld a0, (a0)"
    FORM sd, "sd a1, (a0)"
    FORM amoswap_d, "amoswap.d a0, a1, (a0)"
#endif
    .option arch, +f, +d
    FORM flw, "flw ft0, (a0); fmv.x.w a0, ft0"
    FORM fsw, "fmv.w.x ft0, a1; fsw ft0, (a0)"

    .section .text.copy_double, "ax"
    .globl copy_double
    .type copy_double, @function
copy_double:
    fld ft0, (a1)
    fsd ft0, (a0)
    ret
    .size copy_double, . - copy_double

    .option rvc
    FORM c_lw, "c.lw a0, (a0)"
    FORM c_sw, "c.sw a1, (a0)"
