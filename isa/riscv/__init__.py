"""RISC-V, 64 and 32 bits, as the engine's RV64GC and RV32GC models have it."""

from __future__ import annotations

import unicorn.riscv_const as uc
from unicorn.unicorn_const import UC_ARCH_RISCV, UC_MODE_RISCV32, UC_MODE_RISCV64

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
from isa.riscv.causes import VECTORS
from isa.riscv.effects import general_only
from isa.riscv.encoding import branch_target, effective_address, instruction_length
from isa.riscv.paging import page_walk
from isa.riscv.registers import registers
from isa.riscv.sbi import CALLS, Eid, SbiError, supervisor_call

_FEATURES = (
    ("org.gnu.gdb.riscv.cpu", "general"),
    ("org.gnu.gdb.riscv.fpu", "float"),
    ("org.gnu.gdb.riscv.csr", "csr"),
    ("org.gnu.gdb.riscv.virtual", "virtual"),
)

_MISSING = (
    ("system-register exits", "the engine answers CSRs itself; one that it lacks is an illegal instruction"),
    ("port I/O", "RISC-V has no port space"),
    ("page walk: PMP", "the walk looks at page tables only; the engine checks PMP"),
    ("extensions H, V, Zfh, Sstc", "in no CPU model of the engine: illegal instructions"),
    (
        "extensions Zba, Zbb, Zbc, Zbs, Zicond",
        "not in the engine: carried out one by one, at 0.1 us each; the assembler and the disassembler lack them",
    ),
)


_BITMANIP = ("zba", "zbb", "zbc", "zbs")  # as QEMU's models of these names


def _describe(bits: int, models: tuple[CpuModel, ...], aliases: tuple[str, ...]) -> Isa:
    return Isa(
        name=f"riscv{bits}",
        aliases=aliases,
        bits=bits,
        endian="little",
        summary=f"RISC-V, {bits} bits (RV{bits}GC with M, S and U modes)",
        engine=EngineTarget(UC_ARCH_RISCV, UC_MODE_RISCV64 if bits == 64 else UC_MODE_RISCV32, models),
        page_size=4096,
        registers=registers(bits),
        instruction_length=instruction_length,
        max_instruction_length=4,
        vectors=VECTORS,
        boot=(("a0", BootValue.CPU), ("a1", BootValue.DEVICE_TREE)),
        hypercall=HypercallAbi(
            instruction="ecall",
            number_register="a6",
            argument_registers=("a0", "a1", "a2", "a3", "a4", "a5"),
            result_registers=("a0", "a1"),
            unsupported=SbiError.NOT_SUPPORTED & (1 << bits) - 1,
            gate_register="a7",
            gate_value=Eid.VMM,
        ),
        halt="wfi: waits until mip & mie is not zero",
        lines=InterruptLines(timer=7, external=11, software=3),  # [priv table 3.6]
        native=f"isa.riscv.native:RISCV{bits}",
        capstone=LibraryTarget("CS_ARCH_RISCV", (f"CS_MODE_RISCV{bits}", "CS_MODE_RISCVC")),
        assembler=Assembler(
            name="axemu",
            entry=f"isa.riscv.assembly:assemble{bits}",
            limits=f"RV{bits}GC in GNU syntax; one section, no macros, no relaxation",
        ),
        gdb=GdbTarget(f"riscv:rv{bits}", _FEATURES),
        page_walk=page_walk(bits),
        effective_address=effective_address(bits),
        branch_target=branch_target(bits),
        general_only=general_only(bits),
        supervisor_call=supervisor_call(bits),
        calls=CALLS,
        missing=_MISSING,
    )


RISCV64 = _describe(
    64,
    (
        CpuModel("sifive-u54", uc.UC_CPU_RISCV64_SIFIVE_U54, "RV64GC, M+S+U, Sv39 to Sv57, PMP"),
        CpuModel(
            "sifive-e51", uc.UC_CPU_RISCV64_SIFIVE_E51, "RV64IMAC, M+U: no MMU, no supervisor registers"
        ),
        CpuModel("any", uc.UC_CPU_RISCV64_ANY, "RV64GC, M+U: no MMU, no supervisor registers"),
        CpuModel(
            "rv64", uc.UC_CPU_RISCV64_BASE64, "RV64GC, M+S+U, Sv39 to Sv57; Zba, Zbb, Zbc, Zbs", _BITMANIP
        ),
    ),
    ("rv64", "rv64gc", "riscv"),
)

RISCV32 = _describe(
    32,
    (
        CpuModel("sifive-u34", uc.UC_CPU_RISCV32_SIFIVE_U34, "RV32GC, M+S+U, Sv32, PMP"),
        CpuModel(
            "sifive-e31", uc.UC_CPU_RISCV32_SIFIVE_E31, "RV32IMAC, M+U: no MMU, no supervisor registers"
        ),
        CpuModel("any", uc.UC_CPU_RISCV32_ANY, "RV32GC, M+U: no MMU, no supervisor registers"),
        CpuModel("rv32", uc.UC_CPU_RISCV32_BASE32, "RV32GC, M+S+U, Sv32; Zba, Zbb, Zbc, Zbs", _BITMANIP),
    ),
    ("rv32", "rv32gc"),
)
