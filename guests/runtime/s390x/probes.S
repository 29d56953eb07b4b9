/* Instructions that trap; see PROBE in portable/arch.h. The old PSW designates the next instruction. */
.macro begin name
    .globl \name, \name\()_pc, \name\()_resume
    .type \name, @function
\name:
.endm
.macro end name
    br %r14
    .size \name, . - \name
.endm

    .text
begin probe_load
    llilh %r1, 0x800
    lg %r2, 8(%r1)
probe_load_pc:
probe_load_resume:
end probe_load

begin probe_store
    llilh %r1, 0x800
    mvi 7(%r1), 5
probe_store_pc:
probe_store_resume:
end probe_store

    .globl probe_jump_pc
    .set probe_jump_pc, 0x8000002
    .globl probe_jump, probe_jump_resume
    .type probe_jump, @function
probe_jump:
    llilh %r1, 0x800
    br %r1
probe_jump_resume:
end probe_jump

begin probe_operation
    .short 0
probe_operation_pc:
probe_operation_resume:
end probe_operation

begin probe_long_operation
    .short 0xe300, 0, 0x00ff
probe_long_operation_pc:
probe_long_operation_resume:
end probe_long_operation

begin probe_privileged
    larl %r1, problem
    lpswe 0(%r1)
in_problem_state:
    lctlg %c1, %c1, 0
probe_privileged_pc:
probe_privileged_resume:
end probe_privileged

begin probe_specification
    .short 0x1d12               /* dr %r1, %r2: an odd register */
probe_specification_pc:
probe_specification_resume:
end probe_specification

begin probe_misaligned
    larl %r1, probes_word
    cs %r2, %r3, 1(%r1)
probe_misaligned_pc:
probe_misaligned_resume:
end probe_misaligned

begin probe_divide
    lghi %r0, 0
    lghi %r1, 5
    lghi %r2, 0
    dr %r0, %r2
probe_divide_pc:
probe_divide_resume:
end probe_divide

begin probe_data
    lghi %r1, 1
    cgijh %r1, 7, probe_data_resume
    cgite %r1, 1
probe_data_pc:
probe_data_resume:
end probe_data

begin probe_execute
    exrl 0, an_execute
probe_execute_pc:
probe_execute_resume:
end probe_execute
an_execute:
    exrl 0, an_execute

begin probe_call
    svc 42
probe_call_pc:
probe_call_resume:
end probe_call

    .section .rodata.problem, "a"
    .balign 8
problem:
    .quad 0x0001000180000000, in_problem_state

    .data
    .balign 8
    .globl probes_word
probes_word:
    .space 16
