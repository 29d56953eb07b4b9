"""32-bit Arm: the A profile in A32 and T32, and the M profile (`isa.arm.m`)."""

from __future__ import annotations

from collections.abc import Callable

import unicorn.arm_const as uc
from unicorn.unicorn_const import UC_ARCH_ARM, UC_MODE_ARM

from isa.arm.causes import VECTORS
from isa.arm.encoding import a32_branch, a32_effective, a32_length, t32_branch, t32_effective, t32_length
from isa.arm.paging import page_walk
from isa.arm.registers import registers
from isa.contract import (
    BootValue,
    BranchTarget,
    CpuModel,
    EffectiveAddress,
    EngineTarget,
    GdbTarget,
    HypercallAbi,
    InterruptLines,
    Isa,
    LibraryTarget,
    ReadRegister,
)

MODELS = (
    CpuModel("cortex-a15", uc.UC_CPU_ARM_CORTEX_A15, "ARMv7-A, VFPv4, NEON, LPAE, security"),
    CpuModel("cortex-a7", uc.UC_CPU_ARM_CORTEX_A7, "ARMv7-A, VFPv4, NEON, LPAE, security"),
    CpuModel("cortex-a8", uc.UC_CPU_ARM_CORTEX_A8, "ARMv7-A, VFPv3, NEON, security"),
    CpuModel("cortex-a9", uc.UC_CPU_ARM_CORTEX_A9, "ARMv7-A, VFPv3, NEON, security"),
    CpuModel("cortex-r5", uc.UC_CPU_ARM_CORTEX_R5, "ARMv7-R: an MPU, no floating point"),
    CpuModel("cortex-r5f", uc.UC_CPU_ARM_CORTEX_R5F, "ARMv7-R: an MPU, VFPv3"),
    CpuModel("arm1136", uc.UC_CPU_ARM_1136, "ARMv6K, VFPv2"),
    CpuModel("arm1136-r2", uc.UC_CPU_ARM_1136_R2, "ARMv6, VFPv2"),
    CpuModel("arm1176", uc.UC_CPU_ARM_1176, "ARMv6K, VFPv2, security"),
    CpuModel("arm11mpcore", uc.UC_CPU_ARM_11MPCORE, "ARMv6K, VFPv2"),
    CpuModel("arm926", uc.UC_CPU_ARM_926, "ARMv5TE, VFPv2, Jazelle"),
    CpuModel("arm946", uc.UC_CPU_ARM_946, "ARMv5TE: an MPU, no floating point"),
    CpuModel("arm1026", uc.UC_CPU_ARM_1026, "ARMv5TE, VFPv2, Jazelle"),
    CpuModel("ti925t", uc.UC_CPU_ARM_TI925T, "ARMv4T"),
    CpuModel("sa1100", uc.UC_CPU_ARM_SA1100, "ARMv4: StrongARM"),
    CpuModel("sa1110", uc.UC_CPU_ARM_SA1110, "ARMv4: StrongARM"),
    CpuModel("pxa250", uc.UC_CPU_ARM_PXA250, "ARMv5TE: XScale"),
    CpuModel("pxa255", uc.UC_CPU_ARM_PXA255, "ARMv5TE: XScale"),
    CpuModel("pxa260", uc.UC_CPU_ARM_PXA260, "ARMv5TE: XScale"),
    CpuModel("pxa261", uc.UC_CPU_ARM_PXA261, "ARMv5TE: XScale"),
    CpuModel("pxa262", uc.UC_CPU_ARM_PXA262, "ARMv5TE: XScale"),
    CpuModel("pxa270", uc.UC_CPU_ARM_PXA270, "ARMv5TE: XScale, iwMMXt"),
    CpuModel("pxa270-a0", uc.UC_CPU_ARM_PXA270A0, "ARMv5TE: XScale, iwMMXt"),
    CpuModel("pxa270-a1", uc.UC_CPU_ARM_PXA270A1, "ARMv5TE: XScale, iwMMXt"),
    CpuModel("pxa270-b0", uc.UC_CPU_ARM_PXA270B0, "ARMv5TE: XScale, iwMMXt"),
    CpuModel("pxa270-b1", uc.UC_CPU_ARM_PXA270B1, "ARMv5TE: XScale, iwMMXt"),
    CpuModel("pxa270-c0", uc.UC_CPU_ARM_PXA270C0, "ARMv5TE: XScale, iwMMXt"),
    CpuModel("pxa270-c5", uc.UC_CPU_ARM_PXA270C5, "ARMv5TE: XScale, iwMMXt"),
    *(
        CpuModel(f"cortex-{name}", number, summary, profile="isa.arm.m:CORTEX_M")
        for name, number, summary in (
            ("m0", uc.UC_CPU_ARM_CORTEX_M0, "ARMv6-M"),
            ("m3", uc.UC_CPU_ARM_CORTEX_M3, "ARMv7-M"),
            ("m4", uc.UC_CPU_ARM_CORTEX_M4, "ARMv7E-M, single-precision floating point"),
            ("m7", uc.UC_CPU_ARM_CORTEX_M7, "ARMv7E-M, double-precision floating point"),
            ("m33", uc.UC_CPU_ARM_CORTEX_M33, "ARMv8-M Mainline, in secure state"),
        )
    ),
    CpuModel("max", uc.UC_CPU_ARM_MAX, "ARMv7-A with what the engine has beyond it"),
)
_FEATURES = (("org.gnu.gdb.arm.core", "general"), ("org.gnu.gdb.arm.vfp", "vfp"))
_MISSING = (
    (
        "system-register exits",
        "the engine answers coprocessor 15 itself; what it lacks is an undefined instruction",
    ),
    ("port I/O", "Arm has no port space"),
    (
        "alignment faults",
        "the engine performs unaligned accesses whatever SCTLR.A says; only exclusives fault",
    ),
    (
        "Hyp mode",
        "in no CPU model of the engine: hvc is an undefined instruction, which serves as the hypercall",
    ),
    ("FIQ on bare", "no device drives it: all three lines of the board are IRQ"),
    ("interrupt of the generic timer", "no board wires it: its counter and its status read right"),
    ("performance counters", "PMCCNTR counts instructions; event counters stand still"),
    ("page walk: LPAE", "long descriptors are the engine's alone (TTBCR.EAE)"),
    ("big-endian", "the engine's data order is fixed when it is opened; setend works"),
    (
        "registers of secure state",
        "coprocessor 15 is shown as it is in non-secure state, where the engine starts",
    ),
)
TEXT = "hvc #0 (A32 e1400070, T32 f7e08000)"


def _describe(
    capstone: str,
    keystone: str,
    length: Callable[[bytes], int],
    effective: EffectiveAddress,
    branch: BranchTarget,
    decoding: Callable[[ReadRegister], Isa] | None,
) -> Isa:
    return Isa(
        name="arm",
        aliases=("arm32", "armv7", "armhf", "arm-a"),
        bits=32,
        endian="little",
        summary="Arm, 32 bits: A32 and T32, ARMv4 to ARMv7-A and R; Cortex-M",
        engine=EngineTarget(UC_ARCH_ARM, UC_MODE_ARM, MODELS),
        page_size=4096,
        registers=registers(),
        instruction_length=length,
        max_instruction_length=4,
        vectors=VECTORS,
        boot=(("r0", 0), ("r1", 0xFFFF_FFFF), ("r2", BootValue.DEVICE_TREE)),
        hypercall=HypercallAbi(
            instruction=f"{TEXT}, from any mode but usr",
            number_register="r0",
            argument_registers=("r1", "r2", "r3", "r4", "r5", "r6"),
            result_registers=("r0",),
            unsupported=0xFFFF_FFFE,
        ),
        halt="wfi: waits until an IRQ or FIQ is pending, masked or not",
        lines=InterruptLines(timer=2, external=0, software=3),
        native="isa.arm.native:ARM",
        capstone=LibraryTarget("CS_ARCH_ARM", (capstone,)),
        keystone=LibraryTarget("KS_ARCH_ARM", (keystone, "KS_MODE_LITTLE_ENDIAN")),
        gdb=GdbTarget("arm", _FEATURES),
        page_walk=page_walk,
        effective_address=effective,
        branch_target=branch,
        decoding=decoding,
        missing=_MISSING,
    )


T32 = _describe("CS_MODE_THUMB", "KS_MODE_THUMB", t32_length, t32_effective, t32_branch, None)
"""What to decode with while CPSR.T is set."""


def _decoding(register: ReadRegister) -> Isa:
    return T32 if register("cpsr") & 0x20 else ARM


ARM = _describe("CS_MODE_ARM", "KS_MODE_ARM", a32_length, a32_effective, a32_branch, _decoding)
