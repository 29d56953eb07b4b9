"""SPARC, Version 8 (32 bits) and Version 9 (64 bits), as the engine's models have it."""

from __future__ import annotations

import unicorn.sparc_const as uc
from unicorn.unicorn_const import UC_ARCH_SPARC, UC_MODE_BIG_ENDIAN, UC_MODE_SPARC32, UC_MODE_SPARC64

from isa.contract import (
    BootValue,
    CpuModel,
    EngineTarget,
    GdbTarget,
    HypercallAbi,
    InterruptLines,
    Isa,
    LibraryTarget,
)
from isa.sparc.causes import GATE, VECTORS_V8, VECTORS_V9
from isa.sparc.encoding import LENGTH, branch_target, effective_address, instruction_length
from isa.sparc.paging import page_walk
from isa.sparc.registers import V8, V9

LINES = InterruptLines(timer=10, external=8, software=1)
"""Interrupt levels: the timer above the devices above software, as sun4m has them."""

_FEATURES = (
    ("org.gnu.gdb.sparc.cpu", "general"),
    ("org.gnu.gdb.sparc.fpu", "float"),
    ("org.gnu.gdb.sparc.cp0", "control"),
)


def _models(*rows: tuple[str, int, str]) -> tuple[CpuModel, ...]:
    return tuple(CpuModel(*row) for row in rows)


_MODELS_V8 = _models(
    ("LEON3", uc.UC_CPU_SPARC32_LEON3, "8 windows, FPU, reference MMU, casa, power-down"),
    ("LEON2", uc.UC_CPU_SPARC32_LEON2, "8 windows, FPU, reference MMU; no power-down"),
    ("Fujitsu-MB86904", uc.UC_CPU_SPARC32_FUJITSU_MB86904, "microSPARC II of the SPARCstation 5"),
    ("Fujitsu-MB86907", uc.UC_CPU_SPARC32_FUJITSU_MB86907, "TurboSPARC"),
    ("TI-MicroSparc-I", uc.UC_CPU_SPARC32_TI_MICROSPARC_I, "7 windows, no fsmuld"),
    ("TI-MicroSparc-II", uc.UC_CPU_SPARC32_TI_MICROSPARC_II, "8 windows"),
    ("TI-MicroSparc-IIep", uc.UC_CPU_SPARC32_TI_MICROSPARC_IIEP, "8 windows"),
    ("TI-SuperSparc-40", uc.UC_CPU_SPARC32_TI_SUPERSPARC_40, "SuperSPARC, no cache controller"),
    ("TI-SuperSparc-50", uc.UC_CPU_SPARC32_TI_SUPERSPARC_50, "SuperSPARC, no cache controller"),
    ("TI-SuperSparc-51", uc.UC_CPU_SPARC32_TI_SUPERSPARC_51, "SuperSPARC with the MXCC cache controller"),
    ("TI-SuperSparc-60", uc.UC_CPU_SPARC32_TI_SUPERSPARC_60, "SuperSPARC, no cache controller"),
    ("TI-SuperSparc-61", uc.UC_CPU_SPARC32_TI_SUPERSPARC_61, "SuperSPARC with the MXCC cache controller"),
    ("TI-SuperSparc-II", uc.UC_CPU_SPARC32_TI_SUPERSPARC_II, "SuperSPARC II with the MXCC cache controller"),
)
_MODELS_V9 = _models(
    ("TI-UltraSparc-IIi", uc.UC_CPU_SPARC64_TI_ULTRASPARC_III, "sun4u, 8 windows, 5 trap levels, VIS"),
    ("TI-UltraSparc-I", uc.UC_CPU_SPARC64_TI_ULTRASPARC_I, "sun4u"),
    ("TI-UltraSparc-II", uc.UC_CPU_SPARC64_TI_ULTRASPARC_II, "sun4u"),
    ("TI-UltraSparc-IIe", uc.UC_CPU_SPARC64_TI_ULTRASPARC_IIE, "sun4u"),
    ("Fujitsu-Sparc64", uc.UC_CPU_SPARC64_FUJITSU, "4 windows, 4 trap levels"),
    ("Fujitsu-Sparc64-III", uc.UC_CPU_SPARC64_FUJITSU_III, "5 windows, 4 trap levels"),
    ("Fujitsu-Sparc64-IV", uc.UC_CPU_SPARC64_FUJITSU_IV, "8 windows, 5 trap levels"),
    ("Fujitsu-Sparc64-V", uc.UC_CPU_SPARC64_FUJITSU_V, "8 windows, 5 trap levels"),
    ("Sun-UltraSparc-III", uc.UC_CPU_SPARC64_SUN_ULTRASPARC_III, "sun4u"),
    ("Sun-UltraSparc-III-Cu", uc.UC_CPU_SPARC64_SUN_ULTRASPARC_III_CU, "sun4u"),
    ("Sun-UltraSparc-IIIi", uc.UC_CPU_SPARC64_SUN_ULTRASPARC_IIII, "sun4u"),
    ("Sun-UltraSparc-IIIi+", uc.UC_CPU_SPARC64_SUN_ULTRASPARC_IIII_PLUS, "sun4u"),
    ("Sun-UltraSparc-IV", uc.UC_CPU_SPARC64_SUN_ULTRASPARC_IV, "sun4u"),
    ("Sun-UltraSparc-IV+", uc.UC_CPU_SPARC64_SUN_ULTRASPARC_IV_PLUS, "sun4u"),
    ("Sun-UltraSparc-T1", uc.UC_CPU_SPARC64_SUN_ULTRASPARC_T1, "sun4v: GL, 6 trap levels; no hypervisor"),
    ("Sun-UltraSparc-T2", uc.UC_CPU_SPARC64_SUN_ULTRASPARC_T2, "sun4v: GL, 6 trap levels; no hypervisor"),
    ("NEC-UltraSparc-I", uc.UC_CPU_SPARC64_NEC_ULTRASPARC_I, "sun4u"),
)
_MISSING = (
    ("system-register exits", "the engine answers state registers itself; one that it lacks is an illegal instruction"),
    ("port I/O", "SPARC has no port space; devices are memory, in whatever address space"),
    ("assembler: numbers as targets", "after call, BPcc, FBfcc Keystone takes one for the displacement: write a label"),
)  # fmt: skip
_MISSING_V8 = (
    ("halt on other models than LEON3", "they have no power-down: a write of %asr19 does nothing"),
    ("assembler: casa", "Keystone refuses it"),
    ("coprocessor", "no model has one: its branches and operations are illegal instructions"),
    ("CPU number", "in no register of the engine: %o0 holds it at the first instruction"),
)  # fmt: skip
_MISSING_V9 = (
    ("halt", "V9 has no halt instruction, and the engine none of its own"),
    ("assembler: rdpr, casa, done, retry", "Keystone refuses them"),
    ("tick, stick", "the engine has no clock: they read as zero, and comparing them raises no interrupt"),
    ("softint", "it keeps what is written and raises no interrupt"),
    ("page walk", "translation is by TLBs that software fills: there are no tables to walk"),
    ("hyperprivileged mode", "bare is without: a sun4v model starts below its hypervisor, and nothing goes above"),
    ("allclean, otherw, normalw, invalw", "not in the engine: illegal instructions"),
)  # fmt: skip


def _describe(bits: int) -> Isa:
    wide = bits == 64
    return Isa(
        name="sparc64" if wide else "sparc",
        aliases=("sparcv9", "ultrasparc") if wide else ("sparc32", "sparcv8", "leon3"),
        bits=bits,
        endian="big",
        summary=f"SPARC Version {9 if wide else 8}, {bits} bits",
        engine=EngineTarget(
            UC_ARCH_SPARC,
            UC_MODE_BIG_ENDIAN | (UC_MODE_SPARC64 if wide else UC_MODE_SPARC32),
            _MODELS_V9 if wide else _MODELS_V8,
        ),
        page_size=8192 if wide else 4096,
        registers=V9 if wide else V8,
        instruction_length=instruction_length,
        max_instruction_length=LENGTH,
        vectors=VECTORS_V9 if wide else VECTORS_V8,
        boot=(("o0", BootValue.CPU), ("o1", BootValue.DEVICE_TREE)),
        hypercall=HypercallAbi(
            instruction=f"ta {GATE:#x} in supervisor mode",
            number_register="g1",
            argument_registers=("o0", "o1", "o2", "o3", "o4", "o5"),
            result_registers=("o0",),
            unsupported=-2 & (1 << bits) - 1,
        ),
        halt=None if wide else "wr %g0, %asr19: waits until an interrupt can be taken",
        lines=LINES,
        native=f"isa.sparc.native:{'SPARC64' if wide else 'SPARC'}",
        capstone=LibraryTarget(
            "CS_ARCH_SPARC", ("CS_MODE_BIG_ENDIAN", "CS_MODE_V9") if wide else ("CS_MODE_BIG_ENDIAN",)
        ),
        keystone=LibraryTarget(
            "KS_ARCH_SPARC",
            ("KS_MODE_BIG_ENDIAN", "KS_MODE_SPARC64" if wide else "KS_MODE_SPARC32"),
        ),
        gdb=GdbTarget("sparc:v9" if wide else "sparc", _FEATURES),
        effective_address=effective_address(bits),
        branch_target=branch_target(bits),
        page_walk=None if wide else page_walk,
        missing=_MISSING + (_MISSING_V9 if wide else _MISSING_V8),
    )


SPARC = _describe(32)
SPARC64 = _describe(64)
