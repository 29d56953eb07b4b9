/* One instruction each: form(address, value) is what the instruction leaves in a0. */
#ifndef FORMS_H
#define FORMS_H

#include "types.h"

typedef ulong form_code(ulong address, ulong value);

form_code form_lb, form_lbu, form_lh, form_lhu, form_lw, form_c_lw, form_lw_far, form_lw_other, form_lw_zero;
form_code form_sb, form_sh, form_sw, form_c_sw, form_sw_far, form_sw_self;
form_code form_amoswap, form_amoadd, form_amoand, form_amoor, form_amoxor;
form_code form_amomin, form_amomax, form_amominu, form_amomaxu, form_amoadd_other;
form_code form_lr_sc, form_sc_alone;
form_code form_flw, form_fsw;
#if __riscv_xlen == 64
form_code form_lwu, form_ld, form_sd, form_amoswap_d;
#endif
/* 64 bits through a floating-point register, from and to memory */
void copy_double(volatile void *to, const volatile void *from);

#endif
