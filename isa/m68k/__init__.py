"""Motorola 68000 family: MC680x0 and ColdFire, as the engine has them."""

from __future__ import annotations

from unicorn.unicorn_const import UC_ARCH_M68K, UC_MODE_BIG_ENDIAN

from isa.contract import (
    CpuModel,
    EngineTarget,
    GdbTarget,
    HypercallAbi,
    InterruptLines,
    Isa,
    LibraryTarget,
)
from isa.m68k.causes import EXTERNAL_LEVEL, SOFTWARE_LEVEL, TIMER_LEVEL, VECTORS
from isa.m68k.encoding import branch_target, instruction_length
from isa.m68k.lengths import LONGEST
from isa.m68k.registers import REGISTERS

_MODELS = (
    CpuModel("m68040", 3, "MC68040: MMU and FPU"),
    CpuModel("m68000", 0, "MC68000; the engine gives it 32 address bits and misaligned accesses"),
    CpuModel("m68020", 1, "MC68020 with an FPU; no MMU"),
    CpuModel("m68030", 2, "MC68030 with an FPU; its MMU is not in the engine"),
    CpuModel("m68060", 4, "MC68060 with an FPU"),
    CpuModel("m5206", 5, "ColdFire ISA_A"),
    CpuModel("m5208", 6, "ColdFire ISA_A+ with EMAC"),
    CpuModel("cfv4e", 7, "ColdFire V4e: ISA_B, FPU, EMAC"),
    CpuModel("any", 8, "ColdFire with all that the engine has of it"),
)
"""Numbers are places in the engine's list; the constants of its interface are another list's."""

_MISSING = (
    ("assembler", "Keystone has no m68k; GNU as (binutils-m68k-linux-gnu) does it"),
    ("page walk", "the MC68040's MMU is the engine's; no walk in Python yet"),
    ("trace exceptions", "the engine ignores SR.T"),
    ("address error", "the engine runs code at odd addresses, and an MC68000 reads odd addresses"),
    ("bus error address under the MMU", "an access that nothing backs is told by its physical address"),
    (
        "floating-point exceptions",
        "the engine raises none: FPSR's exception bits and FPCR's enables do nothing",
    ),
    ("fpiar", "the engine has no such register: guests read 0"),
    ("move from sr in user mode", "privileged from the MC68010 on; the engine lets it pass on MC680x0"),
    (
        "pack, unpk, callm, rtm, PMMU, cp instructions of MC68020 and MC68030",
        "not in the engine: they are illegal",
    ),
    ("model m68010", "not in the engine"),
    ("system-register exits", "movec is carried out natively; a number that the model lacks is illegal"),
    ("port I/O", "m68k has no port space"),
)

M68K = Isa(
    name="m68k",
    aliases=("68k", "m680x0", "coldfire"),
    bits=32,
    endian="big",
    summary="Motorola 68000 family (MC68000 to MC68060, ColdFire)",
    engine=EngineTarget(UC_ARCH_M68K, UC_MODE_BIG_ENDIAN, _MODELS),
    page_size=4096,
    registers=REGISTERS,
    instruction_length=instruction_length,
    max_instruction_length=LONGEST,
    vectors=VECTORS,
    hypercall=HypercallAbi(
        instruction="trap #15 (in supervisor mode)",
        number_register="d0",
        argument_registers=("d1", "d2", "d3", "d4", "d5", "d6"),
        result_registers=("d0", "d1"),
        unsupported=0xFFFF_FFFE,
        gate_register="d7",
        gate_value=0x485643,
    ),
    halt="stop: waits for an interrupt above the mask that it sets",
    lines=InterruptLines(timer=TIMER_LEVEL, external=EXTERNAL_LEVEL, software=SOFTWARE_LEVEL),
    native="isa.m68k.native:M68K",
    capstone=LibraryTarget("CS_ARCH_M68K", ("CS_MODE_BIG_ENDIAN", "CS_MODE_M68K_040")),
    gdb=GdbTarget(
        "m68k",
        (("org.gnu.gdb.m68k.core", "general"), ("org.gnu.gdb.m68k.fp", "float")),
        names=(
            ("a6", "fp"), ("a7", "sp"), ("sr", "ps"),
            ("fpcr", "fpcontrol"), ("fpsr", "fpstatus"), ("fpiar", "fpiaddr"),
        ),
    ),
    branch_target=branch_target,
    missing=_MISSING,
)  # fmt: skip
