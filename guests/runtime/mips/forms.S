/* Ways to access a device: $4 its address, $5 a value; result in $2. */
#include "asm.h"

    .set noreorder
    .set noat
    .set hardfloat
    .text

#define FORM(name) .globl name; name:
#define END jr $31; nop
#define FPU_ON(scratch) mfc0 scratch, STATUS; lui $1, 0x2000; or scratch, scratch, $1; mtc0 scratch, STATUS; ssnop; ssnop

FORM(f_lw) lw $2, 0($4); END
FORM(f_lh) lh $2, 0($4); END
FORM(f_lhu) lhu $2, 0($4); END
FORM(f_lb) lb $2, 0($4); END
FORM(f_lbu) lbu $2, 0($4); END
FORM(f_lw_same) lw $4, 0($4); move $2, $4; END
FORM(f_lw_slot) jr $31; lw $2, 0($4)
FORM(f_lw_slot_same) bnez $4, 1f; lw $4, 0($4); li $4, 0; 1: move $2, $4; END
FORM(f_lw_slot_not_taken) beqz $4, 1f; lw $2, 0($4); addiu $4, $4, 0; 1: END
FORM(f_lw_slot_likely) bnezl $4, 1f; lw $2, 0($4); li $2, 0; 1: END
FORM(f_lw_slot_likely_not) li $2, 0; beqzl $4, 1f; lw $2, 0($4); lw $2, 0($4); 1: END
FORM(f_lw_slot_call)
    move $9, $31
    jal 1f
    lw $2, 0($4)
    jr $9
    nop
1:  jr $31
    addiu $2, $2, 0
FORM(f_ll) ll $2, 0($4); END
FORM(f_ll_sc) ll $2, 0($4); move $8, $5; sc $8, 0($4); bnez $8, 1f; nop; li $2, 0; 1: END
FORM(f_lwl_lwr)
#ifdef __MIPSEB__
    lwl $2, 0($4)
    lwr $2, 3($4)
#else
    lwl $2, 3($4)
    lwr $2, 0($4)
#endif
    END

FORM(f_sw) sw $5, 0($4); END
FORM(f_sh) sh $5, 0($4); END
FORM(f_sb) sb $5, 0($4); END
FORM(f_sw_slot) jr $31; sw $5, 0($4)
FORM(f_sw_slot_not_taken) beqz $4, 1f; sw $5, 0($4); addiu $4, $4, 0; 1: END
FORM(f_sw_slot_likely) bnezl $4, 1f; sw $5, 0($4); nop; 1: END
FORM(f_sb_slot_likely_not) beqzl $4, 1f; sb $0, 0($4); sb $5, 0($4); 1: END
FORM(f_sw_slot_call)
    move $9, $31
    bltzal $0, 2f
    nop
    bgezal $0, 1f
    sw $5, 0($4)
    jr $9
    nop
1:  jr $31
    addiu $2, $0, 0
2:  break
FORM(f_copy_slot) lw $2, 0($4); b 1f; sw $5, 0($4); break; 1: END
FORM(f_lwc1) FPU_ON($8); lwc1 $f2, 0($4); mfc1 $2, $f2; END
FORM(f_swc1) FPU_ON($8); mtc1 $5, $f2; nop; swc1 $f2, 0($4); END
FORM(f_ldc1) FPU_ON($8); ldc1 $f2, 0($4); mfc1 $2, $f2; mfc1 $3, $f3; END
FORM(f_sdc1) FPU_ON($8); mtc1 $5, $f2; mtc1 $0, $f3; nop; sdc1 $f2, 0($4); END
#ifdef __mips64
FORM(f_lwu) lwu $2, 0($4); END
FORM(f_ld) ld $2, 0($4); END
FORM(f_ld_slot) jr $31; ld $2, 0($4)
FORM(f_lld) lld $2, 0($4); END
FORM(f_sd) sd $5, 0($4); END
FORM(f_sd_slot) jr $31; sd $5, 0($4)
FORM(f_lld_scd) lld $2, 0($4); move $8, $5; scd $8, 0($4); END
#endif
