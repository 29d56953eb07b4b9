"""The M profile: Cortex-M0, M3, M4, M7 and M33, which are models of `isa.arm.ARM` with a descriptor of their own."""

from __future__ import annotations

import unicorn.arm_const as uc
from unicorn.unicorn_const import UC_ARCH_ARM, UC_MODE_ARM

from isa.arm.causes import M_VECTORS
from isa.arm.encoding import t32_branch, t32_effective, t32_length
from isa.arm.m_registers import registers
from isa.contract import (
    CpuDevice,
    CpuModel,
    EngineTarget,
    GdbTarget,
    HypercallAbi,
    InterruptLines,
    Isa,
    LibraryTarget,
)

_MISSING = (
    ("system-register exits", "the M profile has no coprocessor 15"),
    ("port I/O", "Arm has no port space"),
    ("page walk", "the M profile has no MMU"),
    ("MPU", "reads as absent (MPU_TYPE 0)"),
    ("security extension", "Cortex-M33 stays in secure state; SAU reads as absent"),
    ("lazy stacking", "floating-point registers are stacked at once whatever FPCCR.LSPEN says"),
    ("division by zero, unaligned access", "the engine ignores CCR.DIV_0_TRP and UNALIGN_TRP: no UsageFault"),
    ("sleep on exit", "SCR.SLEEPONEXIT is kept and does nothing; wfe does not wait"),
    ("debug events", "no breakpoint unit; bkpt is DebugMonitor or HardFault"),
    ("SysTick of several CPUs", "CPU 0 alone has one"),
)

CORTEX_M = Isa(
    name="arm",
    bits=32,
    endian="little",
    summary="Arm, 32 bits: Cortex-M (ARMv6-M, ARMv7-M, ARMv8-M)",
    engine=EngineTarget(
        UC_ARCH_ARM, UC_MODE_ARM, (CpuModel("cortex-m3", uc.UC_CPU_ARM_CORTEX_M3, "ARMv7-M"),)
    ),
    page_size=4096,
    registers=registers(),
    instruction_length=t32_length,
    max_instruction_length=4,
    vectors=M_VECTORS,
    hypercall=HypercallAbi(
        instruction="hvc #0 (f7e08000, which the M profile leaves undefined), privileged",
        number_register="r0",
        argument_registers=("r1", "r2", "r3", "r4", "r5", "r6"),
        result_registers=("r0",),
        unsupported=0xFFFF_FFFE,
    ),
    halt="wfi: waits until an exception is pending that would be taken if PRIMASK were 0",
    lines=InterruptLines(timer=1, external=0, software=2),
    devices=(CpuDevice("scs", "armv7m-scs", 0xE000_E000, 0x1000),),
    native="isa.arm.native:M_PROFILE",
    capstone=LibraryTarget("CS_ARCH_ARM", ("CS_MODE_THUMB", "CS_MODE_MCLASS")),
    keystone=LibraryTarget("KS_ARCH_ARM", ("KS_MODE_THUMB", "KS_MODE_LITTLE_ENDIAN")),
    gdb=GdbTarget(
        "arm",
        (
            ("org.gnu.gdb.arm.m-profile", "general"),
            ("org.gnu.gdb.arm.vfp", "vfp"),
            ("org.gnu.gdb.arm.m-system", "m_system"),
        ),
    ),
    effective_address=t32_effective,
    branch_target=t32_branch,
    missing=_MISSING,
)
"""Its models are those of `isa.arm.ARM` whose profile it is."""
