"""AArch64: Armv8-A in its 64-bit state, as the engine's Cortex and `max` models have it."""

from __future__ import annotations

import unicorn.arm64_const as uc
from unicorn.unicorn_const import UC_ARCH_ARM64, UC_MODE_ARM

from isa.aarch64.causes import VECTORS
from isa.aarch64.encoding import branch_target, effective_address, instruction_length
from isa.aarch64.paging import translate
from isa.aarch64.registers import REGISTERS
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

_MISSING = (
    ("FIQ on machine bare", "timer, external and software line all assert IRQ; the devices say which it was"),
    ("semihosting", "HLT #0xf000 is an undefined instruction"),
    ("port I/O", "AArch64 has no port space"),
    ("hardware breakpoints and watchpoints", "their registers are kept and never compared"),
    ("generic timers' interrupts", "the registers work; their interrupts need a machine with a GIC"),
    ("page walk: stage 2", "the walk looks at stage 1's tables only; the engine checks both"),
    ("access flag by hardware", "in no CPU model of the engine: a clear flag is a fault"),
    ("traps of floating point", "CPACR_EL1 and CPTR_ELx are kept and not looked at: it is always on"),
    ("illegal execution state", "the engine sets PSTATE.IL and goes on"),
    ("alignment", "checked for exclusive accesses and the pc, not for plain loads and stores, nor sp"),
    (
        "AArch32 registers",
        "code in AArch32 at EL0 runs; its registers have no names here, x0 to x30 are as it was entered",
    ),
    ("generic timers in AArch32", "counters and TVAL read as zero at all times"),
    ("SVE registers", "on `max`: z0 to z31 beyond v0 to v31, p0 to p15 and ffr are saved and have no names"),
)

AARCH64 = Isa(
    name="aarch64",
    aliases=("arm64", "armv8"),
    bits=64,
    endian="little",
    summary="Armv8-A, 64 bits, EL0 to EL3",
    engine=EngineTarget(
        UC_ARCH_ARM64,
        UC_MODE_ARM,
        (
            CpuModel("cortex-a72", uc.UC_CPU_ARM64_A72, "Armv8.0-A with CRC and cryptography"),
            CpuModel("cortex-a57", uc.UC_CPU_ARM64_A57, "Armv8.0-A with CRC and cryptography"),
            CpuModel("cortex-a53", uc.UC_CPU_ARM64_A53, "Armv8.0-A with CRC and cryptography"),
            CpuModel("max", uc.UC_CPU_ARM64_MAX, "Armv8.4-A, SVE, pointer authentication"),
        ),
    ),
    page_size=4096,
    registers=REGISTERS,
    instruction_length=instruction_length,
    max_instruction_length=4,
    vectors=VECTORS,
    boot=(("x0", BootValue.DEVICE_TREE),),
    hypercall=HypercallAbi(
        instruction="hvc #0",
        number_register="x0",
        argument_registers=("x1", "x2", "x3", "x4", "x5", "x6"),
        result_registers=("x0", "x1", "x2", "x3"),
        unsupported=-2 & (1 << 64) - 1,
    ),
    halt="wfi: waits until an interrupt is pending, masked or not",
    lines=InterruptLines(),
    register_exits=True,
    native="isa.aarch64.native:AARCH64",
    capstone=LibraryTarget("CS_ARCH_ARM64", ("CS_MODE_ARM",)),
    keystone=LibraryTarget("KS_ARCH_ARM64", ("KS_MODE_LITTLE_ENDIAN",)),
    gdb=GdbTarget(
        "aarch64",
        (
            ("org.gnu.gdb.aarch64.core", "general"),
            ("org.gnu.gdb.aarch64.fpu", "float"),
            ("org.qemu.gdb.arm.sys.regs", "system"),
        ),
    ),
    page_walk=translate,
    effective_address=effective_address,
    branch_target=branch_target,
    missing=_MISSING,
)
