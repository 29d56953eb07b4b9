"""Infineon TriCore, as the engine has it."""

from __future__ import annotations

from unicorn.unicorn_const import UC_ARCH_TRICORE, UC_MODE_LITTLE_ENDIAN

from isa.contract import CpuModel, EngineTarget, HypercallAbi, InterruptLines, Isa, LibraryTarget
from isa.tricore.causes import EXTERNAL_PRIORITY, SOFTWARE_PRIORITY, TIMER_PRIORITY, VECTORS
from isa.tricore.encoding import branch_target, instruction_length
from isa.tricore.registers import REGISTERS

_MODELS = (CpuModel("tc27x", None, "TriCore 1.6.1"),)
_MISSING = (
    ("models tc1796, tc1797", "in the engine, whose interface refuses to select a TriCore model"),
    ("assembler", "in no library; guests/runtime/tricore/assemble.py knows what the guests use"),
    ("gdb", "gdb has no TriCore, and no feature of it is registered"),
    ("halt", "the engine has no wait instruction: illegal"),
    ("breakpoint", "the engine does nothing for debug"),
    ("system call", "the engine does nothing for syscall"),
    (
        "trapv, trapsv",
        "without an overflow the engine repeats the block for ever; trapsv has the number of trapv",
    ),
    ("d15 after a trap", "the engine saves it when it holds the trap's number already: rfe brings that back"),
    (
        "trap watching",
        "the engine takes its traps itself and tells nobody: a log has only bus errors and interrupts",
    ),
    ("retired count of a trap", "the instruction that traps counts as retired, but for a bus error's"),
    ("memory protection, MMU", "the engine has neither; their registers are inert"),
    (
        "alignment, division",
        "the engine faults for neither: misaligned accesses are made; dividing by zero sets flags",
    ),
    ("privilege", "the engine checks it for few instructions; BIV, BTV, ISP are writable at all times"),
    (
        "core registers ICR, PCXI of TriCore 1.6",
        "the engine has IE and PIE where TriCore 1.3 has them, on all models",
    ),
    ("system-register exits", "the engine answers mfcr and mtcr itself"),
    ("page walk", "the engine translates no address"),
    ("port I/O", "TriCore has no port space"),
)

TRICORE = Isa(
    name="tricore",
    aliases=("tc",),
    bits=32,
    endian="little",
    summary="Infineon TriCore 1.6.1",
    engine=EngineTarget(UC_ARCH_TRICORE, UC_MODE_LITTLE_ENDIAN, _MODELS),
    page_size=16384,
    registers=REGISTERS,
    instruction_length=instruction_length,
    max_instruction_length=4,
    vectors=VECTORS,
    hypercall=HypercallAbi(
        instruction="jla 0xf0000000 (in supervisor mode)",
        number_register="d15",
        argument_registers=("d4", "d5", "d6", "d7", "d8", "d9"),
        result_registers=("d2", "d3"),
        unsupported=0xFFFF_FFFE,
    ),
    lines=InterruptLines(timer=TIMER_PRIORITY, external=EXTERNAL_PRIORITY, software=SOFTWARE_PRIORITY),
    native="isa.tricore.native:TRICORE",
    capstone=LibraryTarget("CS_ARCH_TRICORE", ("CS_MODE_TRICORE_162",)),
    branch_target=branch_target,
    missing=_MISSING,
)
