"""MIPS, 32 and 64 bits, in both byte orders, as the engine's models up to release 5 have it."""

from __future__ import annotations

from typing import Final

import unicorn.mips_const as mc
from unicorn.unicorn_const import (
    UC_ARCH_MIPS,
    UC_MODE_BIG_ENDIAN,
    UC_MODE_LITTLE_ENDIAN,
    UC_MODE_MIPS32,
    UC_MODE_MIPS64,
)

from isa.contract import (
    Assembler,
    CpuModel,
    EngineTarget,
    GdbTarget,
    HypercallAbi,
    InterruptLines,
    Isa,
    LibraryTarget,
)
from isa.mips.causes import EXTERNAL_LINE, SOFTWARE_LINE, TIMER_LINE, VECTORS
from isa.mips.encoding import Order, branch_target, effective_address, instruction_length
from isa.mips.paging import page_walk
from isa.mips.registers import registers

_FEATURES: Final = (
    ("org.gnu.gdb.mips.cpu", "general"),
    ("org.gnu.gdb.mips.cp0", "cp0"),
    ("org.gnu.gdb.mips.fpu", "float"),
    ("org.gnu.gdb.mips.dsp", "dsp"),
)

_MISSING: Final = (
    (
        "random TLB entries",
        "tlbwr and Random take them from a generator that all machines of a process share",
    ),
    (
        "Compare",
        "the engine's timer is compiled out: no timer interrupt of the CPU's own, and Count cannot be set",
    ),
    ("a call to the VMM in a delay slot", "it is the guest's own system call there"),
    ("system-register exits", "the engine answers coprocessor 0 itself"),
    ("port I/O", "MIPS has no port space"),
    ("MIPS16e, microMIPS", "such code runs and is counted, but is disassembled as MIPS32"),
)

_NAMES: Final = "Keystone's; t0 to t7 are registers 8 to 15, as the disassembler has them"

MODELS_32: Final = (
    CpuModel("24Kf", mc.UC_CPU_MIPS32_24KF, "MIPS32 release 2, TLB, FPU, MIPS16e"),
    CpuModel("4Kc", mc.UC_CPU_MIPS32_4KC, "MIPS32 release 1, TLB"),
    CpuModel("4Km", mc.UC_CPU_MIPS32_4KM, "MIPS32 release 1, fixed mapping, MIPS16e"),
    CpuModel("4KEcR1", mc.UC_CPU_MIPS32_4KECR1, "MIPS32 release 1, TLB"),
    CpuModel("4KEmR1", mc.UC_CPU_MIPS32_4KEMR1, "MIPS32 release 1, fixed mapping, MIPS16e"),
    CpuModel("4KEc", mc.UC_CPU_MIPS32_4KEC, "MIPS32 release 2, TLB"),
    CpuModel("4KEm", mc.UC_CPU_MIPS32_4KEM, "MIPS32 release 2, fixed mapping, MIPS16e"),
    CpuModel("24Kc", mc.UC_CPU_MIPS32_24KC, "MIPS32 release 2, TLB, MIPS16e"),
    CpuModel("24KEc", mc.UC_CPU_MIPS32_24KEC, "MIPS32 release 2, TLB, MIPS16e, DSP"),
    CpuModel("34Kf", mc.UC_CPU_MIPS32_34KF, "MIPS32 release 2, TLB, FPU, MIPS16e, DSP, MT"),
    CpuModel("74Kf", mc.UC_CPU_MIPS32_74KF, "MIPS32 release 2, TLB, FPU, MIPS16e, DSP R2"),
    CpuModel("M14K", mc.UC_CPU_MIPS32_M14K, "MIPS32 release 2, fixed mapping, microMIPS"),
    CpuModel("M14Kc", mc.UC_CPU_MIPS32_M14KC, "MIPS32 release 2, TLB, microMIPS"),
    CpuModel("P5600", mc.UC_CPU_MIPS32_P5600, "MIPS32 release 5, TLB, FPU, MSA"),
)
MODELS_64: Final = (
    CpuModel("MIPS64R2-generic", mc.UC_CPU_MIPS64_MIPS64R2_GENERIC, "MIPS64 release 2, TLB, FPU, MIPS-3D"),
    CpuModel("R4000", mc.UC_CPU_MIPS64_R4000, "MIPS III, TLB, FPU"),
    CpuModel("VR5432", mc.UC_CPU_MIPS64_VR5432, "MIPS IV, TLB, FPU"),
    CpuModel("5Kc", mc.UC_CPU_MIPS64_5KC, "MIPS64 release 1, TLB"),
    CpuModel("5Kf", mc.UC_CPU_MIPS64_5KF, "MIPS64 release 1, TLB, FPU"),
    CpuModel("20Kc", mc.UC_CPU_MIPS64_20KC, "MIPS64 release 1, TLB, FPU, MIPS-3D"),
    CpuModel("5KEc", mc.UC_CPU_MIPS64_5KEC, "MIPS64 release 2, TLB"),
    CpuModel("5KEf", mc.UC_CPU_MIPS64_5KEF, "MIPS64 release 2, TLB, FPU"),
    CpuModel("mips64dspr2", mc.UC_CPU_MIPS64_MIPS64DSPR2, "MIPS64 release 2, TLB, FPU, DSP R2"),
    CpuModel("Loongson-2E", mc.UC_CPU_MIPS64_LOONGSON_2E, "MIPS III with Loongson's own, TLB, FPU"),
    CpuModel("Loongson-2F", mc.UC_CPU_MIPS64_LOONGSON_2F, "MIPS III with Loongson's own, TLB, FPU"),
)


def _describe(name: str, bits: int, order: Order, aliases: tuple[str, ...]) -> Isa:
    mode = UC_MODE_MIPS64 if bits == 64 else UC_MODE_MIPS32
    endian = UC_MODE_BIG_ENDIAN if order == "big" else UC_MODE_LITTLE_ENDIAN
    other = "BIG_ENDIAN" if order == "big" else "LITTLE_ENDIAN"
    left_out = (
        ("CPU models I6400, I6500", "release 6: another instruction set, which the guests are not built for")
        if bits == 64
        else (
            "CPU models mips32r6-generic, I7200",
            "release 6 and nanoMIPS: other instruction sets, which the guests are not built for",
        )
    )
    return Isa(
        name=name,
        aliases=aliases,
        bits=bits,
        endian=order,
        summary=f"MIPS, {bits} bits, {order} endian (release 1 to 5)",
        engine=EngineTarget(UC_ARCH_MIPS, mode | endian, MODELS_64 if bits == 64 else MODELS_32),
        page_size=4096,
        registers=registers(bits),
        instruction_length=instruction_length,
        max_instruction_length=4,
        vectors=VECTORS,
        hypercall=HypercallAbi(
            instruction="syscall 0x4856",
            number_register="r2",
            argument_registers=("r4", "r5", "r6", "r7", "r8", "r9"),
            result_registers=("r2", "r3"),
            unsupported=-2 & (1 << bits) - 1,
        ),
        halt="wait: waits for an interrupt that Status.IM lets through",
        lines=InterruptLines(timer=TIMER_LINE, external=EXTERNAL_LINE, software=SOFTWARE_LINE),
        native="isa.mips.native:MIPS_NATIVE",
        capstone=LibraryTarget("CS_ARCH_MIPS", (f"CS_MODE_MIPS{bits}", f"CS_MODE_{other}")),
        keystone=LibraryTarget("KS_ARCH_MIPS", (f"KS_MODE_MIPS{bits}", f"KS_MODE_{other}")),
        assembler=None if bits == 32 else Assembler("keystone", f"isa.mips.assembly:assemble_{name}", _NAMES),
        gdb=GdbTarget("mips:isa64r2" if bits == 64 else "mips:isa32r2", _FEATURES),
        page_walk=page_walk(bits),
        effective_address=effective_address(bits, order),
        branch_target=branch_target(bits, order),
        missing=(*_MISSING, left_out),
    )


MIPS = _describe("mips", 32, "big", ("mips32", "mipseb"))
MIPSEL = _describe("mipsel", 32, "little", ("mips32el", "mips32le"))
MIPS64 = _describe("mips64", 64, "big", ("mips64eb",))
MIPS64EL = _describe("mips64el", 64, "little", ("mips64le",))
