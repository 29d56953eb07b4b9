"""z/Architecture, as the engine has it."""

from __future__ import annotations

import unicorn.s390x_const as uc
from unicorn.unicorn_const import UC_ARCH_S390X, UC_MODE_BIG_ENDIAN

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
from isa.s390x.causes import VECTORS
from isa.s390x.encoding import branch_target, effective_address, instruction_length
from isa.s390x.registers import registers

_FEATURES = (
    ("org.gnu.gdb.s390.core", "general"),
    ("org.gnu.gdb.s390.acr", "access"),
    ("org.gnu.gdb.s390.fpr", "float"),
    ("org.gnu.gdb.s390.vx", "vector"),
    ("org.gnu.gdb.s390.cr", "control"),
)
_NOT_SUPPORTED = -2 & (1 << 64) - 1

_MISSING = (
    ("system-register exits", "the engine answers control registers itself"),
    ("port I/O", "z/Architecture has channels, and the engine has none"),
    ("page walk", "not written: the engine's MMU walks"),
    (
        "clocks",
        "STCK, STCKE and STPT store zero at all times, ECTG takes it for the CPU timer: use the timer of `bare`",
    ),
    (
        "interrupts",
        "the timer of `bare` is the clock comparator's, its latch the service signal, software the emergency signal",
    ),
    ("I/O and machine-check interruptions", "nothing raises them"),
    ("CPU address", "STAP stores 0 on every CPU: r3 holds the number at the start"),
    ("message-security assist", "the query, which says that there is no other function"),
    ("SET CLOCK", "its operand is read, and the clock stays as it is"),
    (
        "access-register mode with DAT",
        "such a PSW is a specification exception: the engine has no such translation",
    ),
    (
        "hypercall",
        "DIAGNOSE does nothing in the engine, and no hook sees it: SVC 255 of the supervisor is the call",
    ),
    (
        "device access by LMG",
        "of three registers or more, the base among them: the engine loads the ends before the middle",
    ),
)

_MODELS = (
    ("qemu", uc.UC_CPU_S390X_QEMU, "what QEMU emulates: z13 and vector facility"),
    ("max", uc.UC_CPU_S390X_MAX, "all that the engine has"),
    ("z900", uc.UC_CPU_S390X_Z900, "zSeries 900 GA1"),
    ("z900.2", uc.UC_CPU_S390X_Z900_2, "zSeries 900 GA2"),
    ("z900.3", uc.UC_CPU_S390X_Z900_3, "zSeries 900 GA3"),
    ("z800", uc.UC_CPU_S390X_Z800, "zSeries 800 GA1"),
    ("z990", uc.UC_CPU_S390X_Z990, "zSeries 990 GA1"),
    ("z990.2", uc.UC_CPU_S390X_Z990_2, "zSeries 990 GA2"),
    ("z990.3", uc.UC_CPU_S390X_Z990_3, "zSeries 990 GA3"),
    ("z990.4", uc.UC_CPU_S390X_Z990_4, "zSeries 990 GA4"),
    ("z990.5", uc.UC_CPU_S390X_Z990_5, "zSeries 990 GA5"),
    ("z890", uc.UC_CPU_S390X_Z890, "zSeries 890 GA1"),
    ("z890.2", uc.UC_CPU_S390X_Z890_2, "zSeries 890 GA2"),
    ("z890.3", uc.UC_CPU_S390X_Z890_3, "zSeries 890 GA3"),
    ("z9EC", uc.UC_CPU_S390X_Z9EC, "System z9 EC GA1"),
    ("z9EC.2", uc.UC_CPU_S390X_Z9EC_2, "System z9 EC GA2"),
    ("z9EC.3", uc.UC_CPU_S390X_Z9EC_3, "System z9 EC GA3"),
    ("z9BC", uc.UC_CPU_S390X_Z9BC, "System z9 BC GA1"),
    ("z9BC.2", uc.UC_CPU_S390X_Z9BC_2, "System z9 BC GA2"),
    ("z10EC", uc.UC_CPU_S390X_Z10EC, "System z10 EC GA1"),
    ("z10EC.2", uc.UC_CPU_S390X_Z10EC_2, "System z10 EC GA2"),
    ("z10EC.3", uc.UC_CPU_S390X_Z10EC_3, "System z10 EC GA3"),
    ("z10BC", uc.UC_CPU_S390X_Z10BC, "System z10 BC GA1"),
    ("z10BC.2", uc.UC_CPU_S390X_Z10BC_2, "System z10 BC GA2"),
    ("z196", uc.UC_CPU_S390X_Z196, "zEnterprise 196 GA1"),
    ("z196.2", uc.UC_CPU_S390X_Z196_2, "zEnterprise 196 GA2"),
    ("z114", uc.UC_CPU_S390X_Z114, "zEnterprise 114 GA1"),
    ("zEC12", uc.UC_CPU_S390X_ZEC12, "zEnterprise EC12 GA1"),
    ("zEC12.2", uc.UC_CPU_S390X_ZEC12_2, "zEnterprise EC12 GA2"),
    ("zBC12", uc.UC_CPU_S390X_ZBC12, "zEnterprise BC12 GA1"),
    ("z13", uc.UC_CPU_S390X_Z13, "z13 GA1"),
    ("z13.2", uc.UC_CPU_S390X_Z13_2, "z13 GA2"),
    ("z13s", uc.UC_CPU_S390X_Z13S, "z13s GA1"),
    ("z14", uc.UC_CPU_S390X_Z14, "z14 GA1"),
    ("z14.2", uc.UC_CPU_S390X_Z14_2, "z14 GA2"),
    ("z14ZR1", uc.UC_CPU_S390X_Z14ZR1, "z14 Model ZR1 GA1"),
    ("gen15a", uc.UC_CPU_S390X_GEN15A, "z15 GA1"),
    ("gen15b", uc.UC_CPU_S390X_GEN15B, "8562 GA1"),
)

S390X = Isa(
    name="s390x",
    aliases=("s390", "zarch"),
    bits=64,
    endian="big",
    summary="z/Architecture, big-endian",
    engine=EngineTarget(UC_ARCH_S390X, UC_MODE_BIG_ENDIAN, tuple(CpuModel(*row) for row in _MODELS)),
    page_size=4096,
    registers=registers(),
    instruction_length=instruction_length,
    max_instruction_length=6,
    vectors=VECTORS,
    boot=(("r2", BootValue.DEVICE_TREE), ("r3", BootValue.CPU)),
    hypercall=HypercallAbi(
        instruction="svc 255",
        number_register="r1",
        argument_registers=("r2", "r3", "r4", "r5", "r6", "r7"),
        result_registers=("r2",),
        unsupported=_NOT_SUPPORTED,
    ),
    halt="lpswe or lpsw of a PSW with the wait bit: waits until an external interruption is pending and let in",
    lines=InterruptLines(),
    native="isa.s390x.native:S390X",
    capstone=LibraryTarget("CS_ARCH_SYSZ", ("CS_MODE_BIG_ENDIAN",)),
    keystone=LibraryTarget("KS_ARCH_SYSTEMZ", ("KS_MODE_BIG_ENDIAN",)),
    gdb=GdbTarget("s390:64-bit", _FEATURES),
    effective_address=effective_address,
    branch_target=branch_target,
    missing=_MISSING,
)
