/* Instructions that trap; between name_pc and the trap there is nothing but, in a delay slot, the branch before it. */
#include "asm.h"

    .set noreorder
    .set noat
    .set hardfloat
    .text

#define PROBE(name) .globl name, name##_pc, name##_resume; name:
#define END(name) name##_resume: jr $31; nop

PROBE(p_syscall)
p_syscall_pc: syscall
    END(p_syscall)

PROBE(p_syscall_slot)
p_syscall_slot_pc: b p_syscall_slot_resume
    syscall 0x4856
    nop
    END(p_syscall_slot)

PROBE(p_break)
    li $8, 1
    li $9, 2
p_break_pc: break 7
    END(p_break)

PROBE(p_break_slot)
p_break_slot_pc: bne $29, $0, p_break_slot_resume
    break
    nop
    END(p_break_slot)

PROBE(p_reserved)
    li $8, 1
p_reserved_pc: .word 0xec000000
    li $9, 2
    END(p_reserved)

PROBE(p_overflow)
    lui $8, 0x7fff
    ori $8, $8, 0xffff
    addiu $9, $0, 1
    add $10, $9, $9
p_overflow_pc: add $8, $8, $9
    add $10, $9, $9
    END(p_overflow)

PROBE(p_overflow_slot)
    lui $8, 0x8000
    li $9, -1
p_overflow_slot_pc: beq $0, $0, p_overflow_slot_resume
    add $8, $8, $9
    nop
    END(p_overflow_slot)

PROBE(p_trap)
    li $8, 5
    teq $8, $0
p_trap_pc: tne $8, $0
    teq $8, $0
    END(p_trap)

PROBE(p_divide)
    li $8, 0
    li $9, 5
    divu $0, $9, $8
p_divide_pc: teq $8, $0, 7
    mflo $8
    END(p_divide)

PROBE(p_load)
    lui $8, 0x8001
    lw $9, 0($8)
p_load_pc: lw $9, 1($8)
    lw $9, 4($8)
    END(p_load)

PROBE(p_load_slot)
    lui $8, 0x8001
p_load_slot_pc: bgtz $8, p_load_slot
    lh $9, 3($8)
    END(p_load_slot)

PROBE(p_store)
    lui $8, 0x8000
p_store_pc: sw $9, 0x402($8)
    END(p_store)

PROBE(p_store_slot)
    lui $8, 0x8000
    lui $9, %hi(p_store_slot_resume)
    addiu $9, $9, %lo(p_store_slot_resume)
p_store_slot_pc: jr $9
    sh $9, 0x405($8)
    nop
    END(p_store_slot)

PROBE(p_fetch)
    lui $8, 0x8001
    addiu $8, $8, 2
p_fetch_pc: jr $8
    nop
    END(p_fetch)

PROBE(p_bus_load)
    lui $8, 0xa800
    li $9, 3
p_bus_load_pc: lw $9, 4($8)
    nop
    END(p_bus_load)

PROBE(p_bus_load_slot)
    lui $8, 0xa800
p_bus_load_slot_pc: b p_bus_load_slot_resume
    lbu $8, 0($8)
    nop
    END(p_bus_load_slot)

PROBE(p_bus_store)
    lui $8, 0xa800
p_bus_store_pc: sw $8, 8($8)
    nop
    END(p_bus_store)

PROBE(p_bus_store_slot)
    lui $8, 0xa800
p_bus_store_slot_pc: beql $0, $0, p_bus_store_slot_resume
    sb $8, 0($8)
    nop
    END(p_bus_store_slot)

PROBE(p_bus_fetch)
    lui $8, 0xa800
p_bus_fetch_pc: jr $8
    nop
    END(p_bus_fetch)

PROBE(p_unusable)
p_unusable_pc: mfc1 $8, $0
    END(p_unusable)

PROBE(p_refill_load)
    li $8, 0x5000
p_refill_load_pc: lw $9, 0x124($8)
    nop
    END(p_refill_load)

PROBE(p_refill_store)
    li $8, 0x5000
    nop
p_refill_store_pc: sw $9, 0x128($8)
    nop
    END(p_refill_store)

PROBE(p_refill_slot)
    li $8, 0x5000
p_refill_slot_pc: b p_refill_slot_resume
    sw $9, 0x12c($8)
    nop
    END(p_refill_slot)

PROBE(p_refill_fetch)
    li $8, 0x5000
p_refill_fetch_pc: jr $8
    nop
    END(p_refill_fetch)
