/* One instruction each, at the address of the function, so that epc is known. Argument: the address to touch. */
#ifndef PROBES_H
#define PROBES_H

#include "types.h"

typedef ulong probe_code(ulong address);

probe_code probe_lb, probe_lh, probe_lw, probe_sb, probe_sh, probe_sw, probe_c_lw, probe_c_sw;
probe_code probe_lr, probe_amoadd, probe_fetch;
#if __riscv_xlen == 64
probe_code probe_ld, probe_sd, probe_lr_d, probe_amoadd_d;
#endif
probe_code probe_ebreak, probe_c_ebreak, probe_ecall;
probe_code probe_ones, probe_zero, probe_no_csr, probe_machine_csr, probe_write_read_only, probe_mret;

#endif
