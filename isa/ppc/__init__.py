"""PowerPC, 32 and 64 bits, as the engine's classic models and its POWER10 have it."""

from __future__ import annotations

import unicorn.ppc_const as uc
from unicorn.unicorn_const import UC_ARCH_PPC, UC_MODE_BIG_ENDIAN, UC_MODE_PPC32, UC_MODE_PPC64

from isa.contract import (
    Assembler,
    BootValue,
    CpuModel,
    EngineTarget,
    GdbTarget,
    HypercallAbi,
    InterruptLines,
    Isa,
    LibraryTarget,
)
from isa.ppc.causes import VECTORS
from isa.ppc.encoding import branch_target, effective_address, instruction_length
from isa.ppc.registers import registers

_FEATURES = (
    ("org.gnu.gdb.power.core", "general"),
    ("org.gnu.gdb.power.fpu", "float"),
    ("org.gnu.gdb.power.altivec", "vector"),
    ("org.qemu.power.spr", "spr"),
)
_NOT_SUPPORTED = -2

_MISSING = (
    (
        "system-register exits",
        "the engine answers special-purpose registers itself, the clocks excepted, which we do",
    ),
    ("port I/O", "PowerPC has no port space"),
    ("page walk", "not written: the engine's MMU walks"),
    ("division fault", "PowerPC has none: the quotient is undefined"),
    (
        "alignment interrupt",
        "the engine raises it for reservations (lwarx and the like); all else it carries out",
    ),
    (
        "interrupts",
        "the timer of `bare` is the decrementer's (0x900), its latch the external one (0x500), "
        "software the doorbell (0xa00)",
    ),
    ("decrementer", "DEC counts guest time, yet only the timer of `bare` raises its interrupt"),
    ("little-endian mode", "MSR[LE] is in the engine, but nothing here is tested with it"),
)
_MISSING_32 = (
    ("software interrupt", "the classic models have none between CPUs"),
    (
        "CPU models 602, 603, G2, e300, 745, 755, 744x, 745x",
        "their software-loaded TLB lies outside of what the engine saves of a CPU",
    ),
    ("CPU models 601, 40x, 44x, e200, e500", "other clocks, or other interrupts than the classic ones"),
)
_MISSING_64 = (
    ("DARN", "it would give the host's entropy: an illegal instruction"),
    (
        "address translation",
        "the engine's POWER10 finds no page tables without hypervisor state: MSR[IR] and [DR] do nothing",
    ),
    (
        "hypervisor state",
        "the engine leaves it at reset and does not come back: hypervisor registers are there, HV is not",
    ),
    (
        "CPU models",
        "the engine takes a number of a 64-bit model for one of a 32-bit model: its default is left",
    ),
)


def _describe(bits: int, models: tuple[CpuModel, ...], aliases: tuple[str, ...], halt: str) -> Isa:
    return Isa(
        name="ppc64" if bits == 64 else "ppc",
        aliases=aliases,
        bits=bits,
        endian="big",
        summary=f"PowerPC, {bits} bits, big-endian",
        engine=EngineTarget(
            UC_ARCH_PPC, (UC_MODE_PPC64 if bits == 64 else UC_MODE_PPC32) | UC_MODE_BIG_ENDIAN, models
        ),
        page_size=4096,
        registers=registers(bits),
        instruction_length=instruction_length,
        max_instruction_length=4,
        vectors=VECTORS,
        boot=(("r3", BootValue.DEVICE_TREE), ("r4", BootValue.CPU)),
        hypercall=HypercallAbi(
            instruction="sc 1",
            number_register="r0",
            argument_registers=("r3", "r4", "r5", "r6", "r7", "r8"),
            result_registers=("r3",),
            unsupported=_NOT_SUPPORTED & (1 << bits) - 1,
        ),
        halt=halt,
        lines=InterruptLines(),
        native="isa.ppc.native:PPC64" if bits == 64 else "isa.ppc.native:PPC",
        capstone=LibraryTarget("CS_ARCH_PPC", (f"CS_MODE_{bits}", "CS_MODE_BIG_ENDIAN")),
        keystone=LibraryTarget("KS_ARCH_PPC", (f"KS_MODE_PPC{bits}", "KS_MODE_BIG_ENDIAN")),
        assembler=Assembler(
            name="keystone",
            entry=f"isa.ppc.assembly:assemble{bits}",
            limits="Keystone, with registers by name or number; no directives, no numbered labels",
        ),
        gdb=GdbTarget("powerpc:common64" if bits == 64 else "powerpc:common", _FEATURES),
        effective_address=effective_address(bits),
        branch_target=branch_target(bits),
        missing=_MISSING + (_MISSING_64 if bits == 64 else _MISSING_32),
    )


PPC = _describe(
    32,
    (
        CpuModel("7400", uc.UC_CPU_PPC32_7400_V2_9, "PowerPC 7400 (G4): AltiVec"),
        CpuModel("7410", uc.UC_CPU_PPC32_7410_V1_4, "PowerPC 7410 (G4): AltiVec"),
        CpuModel("7448", uc.UC_CPU_PPC32_7448_V2_1, "PowerPC 7448 (G4): AltiVec"),
        CpuModel("740", uc.UC_CPU_PPC32_740_V3_1, "PowerPC 740 (G3)"),
        CpuModel("750", uc.UC_CPU_PPC32_750_V3_1, "PowerPC 750 (G3)"),
        CpuModel("750cl", uc.UC_CPU_PPC32_750CL_V2_0, "PowerPC 750CL"),
        CpuModel("750cx", uc.UC_CPU_PPC32_750CX_V2_2, "PowerPC 750CX (G3)"),
        CpuModel("750cxe", uc.UC_CPU_PPC32_750CXE_V3_1B, "PowerPC 750CXe (G3)"),
        CpuModel("750fx", uc.UC_CPU_PPC32_750FX_V2_3, "PowerPC 750FX (G3)"),
        CpuModel("750gx", uc.UC_CPU_PPC32_750GX_V1_2, "PowerPC 750GX (G3)"),
        CpuModel("604", uc.UC_CPU_PPC32_604, "PowerPC 604"),
        CpuModel("604e", uc.UC_CPU_PPC32_604E_V2_4, "PowerPC 604e"),
        CpuModel("604r", uc.UC_CPU_PPC32_604R, "PowerPC 604r"),
    ),
    ("ppc32", "powerpc"),
    "mtmsr with POW while HID0 has DOZE, NAP or SLEEP: waits until an interrupt is pending and MSR[EE] lets it in",
)

PPC64 = _describe(
    64,
    (CpuModel("power10", None, "POWER10 as a hypervisor runs it: real addresses, AltiVec, VSX"),),
    ("powerpc64",),
    "wait: waits until an interrupt is pending",
)
