"""x86, 32 and 64 bits: one kind of engine, which runs code of 16, 32 and 64 bits in either."""

from __future__ import annotations

from typing import Final

import unicorn.x86_const as uc
from unicorn.unicorn_const import UC_ARCH_X86, UC_MODE_64

from isa.contract import (
    CpuModel,
    EngineTarget,
    GdbTarget,
    HypercallAbi,
    InterruptLines,
    Isa,
    LibraryTarget,
    ReadRegister,
)
from isa.x86.causes import VECTORS, Line
from isa.x86.encoding import LONGEST, branch_target, effective_address, instruction_length
from isa.x86.paging import page_walk
from isa.x86.registers import registers

_FEATURES_32 = (
    ("org.gnu.gdb.i386.core", "general"),
    ("org.gnu.gdb.i386.sse", "sse"),
    ("org.axemu.x86.system", "system"),
)
_FEATURES_64 = (
    ("org.gnu.gdb.i386.core", "general"),
    ("org.gnu.gdb.i386.sse", "sse"),
    ("org.gnu.gdb.i386.segments", "segments"),
    ("org.axemu.x86.system", "system"),
)
_MISSING = (
    ("AVX, AVX2, AVX-512", "the engine has none: invalid opcodes"),
    ("RDRAND, RDSEED", "they would give the host's entropy: invalid opcodes"),
    ("local APIC, SIPI, SMM", "machine `bare` has three interrupt lines instead"),
    ("alignment", "the engine never checks it: no #AC, no #GP of SSE accesses"),
    (
        "unmapped access",
        "a machine check (vector 18) if the guest has set CR4.MCE, else the guest has crashed",
    ),
    ("data breakpoints (dr0 to dr3)", "the engine never hits them; those of code it does"),
    ("last x87 instruction", "the engine notes neither its address nor its operand's"),
    ("INS into a device window", "the window gets a zero before the value"),
    (
        "code that overwrites the block it is in",
        "the engine executes it anew: its instructions count twice",
    ),
)
_UNSUPPORTED: Final = -2
_WIDE = (
    ("qemu64", uc.UC_CPU_X86_QEMU64, "QEMU's default"),
    ("phenom", uc.UC_CPU_X86_PHENOM, "AMD Phenom 9550"),
    ("core2duo", uc.UC_CPU_X86_CORE2DUO, "Intel Core 2 Duo T7700"),
    ("kvm64", uc.UC_CPU_X86_KVM64, "common KVM processor"),
    ("Conroe", uc.UC_CPU_X86_CONROE, "Intel Core 2, 65 nm"),
    ("Penryn", uc.UC_CPU_X86_PENRYN, "Intel Core 2, 45 nm"),
    ("Nehalem", uc.UC_CPU_X86_NEHALEM, "Intel Core i7 9xx"),
    ("Westmere", uc.UC_CPU_X86_WESTMERE, "Intel Xeon L5609 and later"),
    ("SandyBridge", uc.UC_CPU_X86_SANDYBRIDGE, "Intel Xeon E312xx"),
    ("IvyBridge", uc.UC_CPU_X86_IVYBRIDGE, "Intel Xeon E3-12xx v2"),
    ("Haswell", uc.UC_CPU_X86_HASWELL, "Intel Core, Haswell"),
    ("Broadwell", uc.UC_CPU_X86_BROADWELL, "Intel Core, Broadwell"),
    ("Skylake-Client", uc.UC_CPU_X86_SKYLAKE_CLIENT, "Intel Core, Skylake"),
    ("Skylake-Server", uc.UC_CPU_X86_SKYLAKE_SERVER, "Intel Xeon, Skylake"),
    ("Cascadelake-Server", uc.UC_CPU_X86_CASCADELAKE_SERVER, "Intel Xeon, Cascade Lake"),
    ("Cooperlake", uc.UC_CPU_X86_COOPERLAKE, "Intel Xeon, Cooper Lake"),
    ("Icelake-Client", uc.UC_CPU_X86_ICELAKE_CLIENT, "Intel Core, Ice Lake"),
    ("Icelake-Server", uc.UC_CPU_X86_ICELAKE_SERVER, "Intel Xeon, Ice Lake"),
    ("Denverton", uc.UC_CPU_X86_DENVERTON, "Intel Atom, Denverton"),
    ("Snowridge", uc.UC_CPU_X86_SNOWRIDGE, "Intel Atom, Snow Ridge"),
    ("KnightsMill", uc.UC_CPU_X86_KNIGHTSMILL, "Intel Xeon Phi, Knights Mill"),
    ("Opteron_G1", uc.UC_CPU_X86_OPTERON_G1, "AMD Opteron 240"),
    ("Opteron_G2", uc.UC_CPU_X86_OPTERON_G2, "AMD Opteron 22xx"),
    ("Opteron_G3", uc.UC_CPU_X86_OPTERON_G3, "AMD Opteron 23xx"),
    ("Opteron_G4", uc.UC_CPU_X86_OPTERON_G4, "AMD Opteron 62xx"),
    ("Opteron_G5", uc.UC_CPU_X86_OPTERON_G5, "AMD Opteron 63xx"),
    ("EPYC", uc.UC_CPU_X86_EPYC, "AMD EPYC"),
    ("Dhyana", uc.UC_CPU_X86_DHYANA, "Hygon Dhyana"),
    ("EPYC-Rome", uc.UC_CPU_X86_EPYC_ROME, "AMD EPYC, Rome"),
)
_NARROW = (
    ("qemu32", uc.UC_CPU_X86_QEMU32, "QEMU's default for 32 bits"),
    ("kvm32", uc.UC_CPU_X86_KVM32, "common KVM processor, 32 bits"),
    ("coreduo", uc.UC_CPU_X86_COREDUO, "Intel Core Duo T2600"),
    ("486", uc.UC_CPU_X86_486, "Intel 486: no CMOV, no SSE"),
    ("pentium", uc.UC_CPU_X86_PENTIUM, "Intel Pentium: no CMOV, no SSE"),
    ("pentium2", uc.UC_CPU_X86_PENTIUM2, "Intel Pentium II: no SSE"),
    ("pentium3", uc.UC_CPU_X86_PENTIUM3, "Intel Pentium III: SSE"),
    ("athlon", uc.UC_CPU_X86_ATHLON, "AMD Athlon: 3DNow!"),
    ("n270", uc.UC_CPU_X86_N270, "Intel Atom N270"),
)


def _models(rows: tuple[tuple[str, int, str], ...]) -> tuple[CpuModel, ...]:
    return tuple(CpuModel(*row) for row in rows)


def _decoding(register: ReadRegister) -> Isa:
    """Code is of 64 bits where the code segment's L bit is set in long mode, else of 32 where its D bit is, else of 16
    [Intel SDM 3A 3.4.5]; in real mode D is clear."""
    attributes = register("cs_attr")
    if attributes & 1 << 21 and register("efer") & 1 << 10:
        return X86_64
    return I386 if attributes & 1 << 22 else CODE_16


def _describe(
    name: str,
    bits: int,
    models: tuple[CpuModel, ...],
    aliases: tuple[str, ...],
    abi: tuple[str, tuple[str, ...]],
    summary: str,
    code: int | None = None,
) -> Isa:
    number, arguments = abi
    code = code or bits
    return Isa(
        name=name,
        aliases=aliases,
        bits=bits,
        endian="little",
        summary=summary,
        engine=EngineTarget(UC_ARCH_X86, UC_MODE_64, models),
        page_size=4096,
        registers=registers(bits),
        instruction_length=instruction_length(code),
        max_instruction_length=LONGEST,
        vectors=VECTORS,
        hypercall=HypercallAbi(
            instruction="vmcall or vmmcall",
            number_register=number,
            argument_registers=arguments,
            result_registers=(number,),
            unsupported=_UNSUPPORTED & (1 << bits) - 1,
        ),
        halt="hlt: waits until an interrupt can be taken",
        lines=InterruptLines(timer=Line.TIMER, external=Line.EXTERNAL, software=Line.SOFTWARE),
        native=f"isa.x86.native:{'X86_64' if bits == 64 else 'I386'}",
        capstone=LibraryTarget("CS_ARCH_X86", (f"CS_MODE_{code}",)),
        keystone=LibraryTarget("KS_ARCH_X86", (f"KS_MODE_{code}",)),
        gdb=GdbTarget(*(("i386:x86-64", _FEATURES_64) if bits == 64 else ("i386", _FEATURES_32))),
        page_walk=page_walk,
        effective_address=effective_address(code),
        branch_target=branch_target(code),
        decoding=_decoding,
        port_io=True,
        register_exits=True,
        missing=_MISSING,
    )


_ABI_64 = ("rax", ("rdi", "rsi", "rdx", "rcx", "r8", "r9"))
_ABI_32 = ("eax", ("ebx", "ecx", "edx", "esi", "edi", "ebp"))
X86_64 = _describe(
    "x86_64",
    64,
    _models(_WIDE),
    ("amd64", "x86-64", "x64"),
    _ABI_64,
    "x86-64: starts in 64-bit mode, without paging",
)
I386 = _describe(
    "i386",
    32,
    _models(_NARROW + _WIDE),
    ("x86", "ia32", "i686"),
    _ABI_32,
    "IA-32: starts in flat protected mode",
)
CODE_16 = _describe("i8086", 32, _models(_NARROW), (), _ABI_32, "IA-32 in real mode: to decode with", 16)
"""What code of 16 bits is decoded with; no guest names it."""
