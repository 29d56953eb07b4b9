/* Code that traps: at the label _pc, and goes on at _resume. */
#define PROBE(name)               \
    .globl name, name##_pc, name##_resume; \
    .type name, #function;        \
name:
#define TRAPS(name) name##_pc:
#define RESUMES(name) name##_resume: retl; nop

#ifdef __arch64__
#define FPU_ON wr %g0, 4, %fprs
#define FPU_OFF wr %g0, 0, %fprs
    .register %g2, #scratch
#else
#define SET_PSR rd %psr, %g1; sethi %hi(0x1000), %g2
#define FPU_ON SET_PSR; or %g1, %g2, %g1; wr %g1, 0, %psr; nop; nop; nop
#define FPU_OFF SET_PSR; andn %g1, %g2, %g1; wr %g1, 0, %psr; nop; nop; nop
#endif

    .text
PROBE(illegal)
    nop
TRAPS(illegal) unimp 0
    RESUMES(illegal)
PROBE(illegal_in_slot)
    ba illegal_in_slot_resume
TRAPS(illegal_in_slot) unimp 1
    nop
    RESUMES(illegal_in_slot)
PROBE(fp_disabled)
    FPU_OFF
TRAPS(fp_disabled) fadds %f0, %f1, %f2
    RESUMES(fp_disabled)
PROBE(fp_division)
    FPU_ON
    set operands, %o0
    ld [%o0], %fsr
    ld [%o0 + 4], %f0
    ld [%o0 + 8], %f1
TRAPS(fp_division) fdivs %f0, %f1, %f2
    nop
fp_division_resume:
    set operands, %o0
    ld [%o0 + 12], %fsr
    retl
    nop
PROBE(unaligned)
    set operands + 2, %o0
TRAPS(unaligned) ld [%o0], %o1
    RESUMES(unaligned)
PROBE(unaligned_store)
    set operands, %o0
TRAPS(unaligned_store) sth %g0, [%o0 + 13]
    RESUMES(unaligned_store)
PROBE(unaligned_in_slot)
    set operands + 4, %o0
    ba unaligned_in_slot_resume
TRAPS(unaligned_in_slot) ldd [%o0], %o2
    nop
    RESUMES(unaligned_in_slot)
PROBE(unaligned_jump)
    set unaligned_jump_resume + 2, %o0
TRAPS(unaligned_jump) jmp %o0
    nop
    RESUMES(unaligned_jump)
PROBE(no_memory)
    set 0x08000000, %o0
TRAPS(no_memory) ld [%o0 + 12], %o1
    RESUMES(no_memory)
PROBE(no_memory_store)
    set 0x08000000, %o0
TRAPS(no_memory_store) st %o1, [%o0 + 24]
    RESUMES(no_memory_store)
PROBE(no_memory_in_slot)
    set 0x08000000, %o0
    cmp %o0, 0
    bne no_memory_in_slot_resume
TRAPS(no_memory_in_slot) stb %o1, [%o0 + 5]
    nop
    RESUMES(no_memory_in_slot)
PROBE(no_code)
    set 0x08000000, %o0
    jmp %o0
TRAPS(no_code) nop
    RESUMES(no_code)
PROBE(division)
    mov 7, %o0
#ifdef __arch64__
TRAPS(division) udivx %o0, %g0, %o1
#else
    wr %g0, %y
TRAPS(division) udiv %o0, %g0, %o1
#endif
    RESUMES(division)
PROBE(tag_overflow)
    mov 1, %o0
TRAPS(tag_overflow) taddcctv %o0, %o0, %o1
    RESUMES(tag_overflow)
PROBE(software)
TRAPS(software) ta 0x10
    RESUMES(software)
PROBE(software_in_slot)
    ba software_in_slot_resume
TRAPS(software_in_slot) ta 0x11
    nop
    RESUMES(software_in_slot)
PROBE(conditional)
    cmp %g0, 0
    tne 0x12
TRAPS(conditional) te 0x7f
    RESUMES(conditional)
#ifdef __arch64__
PROBE(division_signed)
    mov 7, %o0
TRAPS(division_signed) sdivx %o0, %g0, %o1
    RESUMES(division_signed)
PROBE(gated_elsewhere)
TRAPS(gated_elsewhere) ta 0x6d
    RESUMES(gated_elsewhere)
#endif

    .data
    .balign 8
operands:
    .word 0x01000000 /* TEM: division by zero */
    .word 0x3f800000, 0
    .word 0
