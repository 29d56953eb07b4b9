"""What builds the guests of each ISA: a row per name. A manifest names another row by `build.target`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from guests.toolchains import Gnu, Own, Toolchain, Zig

SHARED = ("runtime/console.c", "runtime/check.c")
LIBRARY = ("portable/events.c", "portable/memory.c", "portable/int64.c")
LOW = 0x1_0000  # bare has RAM from 0; what lies below is free for vectors


@dataclass(frozen=True, slots=True)
class Target:
    """`family` is the folder under runtime/ that is searched for headers. `runtime` is linked into every guest, of
    `library` what something names. Addresses are those that the program sees: `offset` above the physical ones.
    `payload` is where a guest with firmware is linked."""

    family: str
    toolchain: Toolchain
    endian: Literal["little", "big"] = "little"
    flags: tuple[str, ...] = ()
    base: int = LOW
    offset: int = 0
    payload: int | None = None
    script: str = "runtime/link.ld"
    runtime: tuple[str, ...] = ("start.S",)
    library: tuple[str, ...] = ()

    @property
    def linked(self) -> tuple[str, ...]:
        """The sources that are linked always, relative to guests/."""
        return (*(f"runtime/{self.family}/{name}" for name in self.runtime), *SHARED)

    @property
    def offered(self) -> tuple[str, ...]:
        """The sources that are linked where needed."""
        return (*(f"runtime/{self.family}/{name}" for name in self.library), *LIBRARY)


RISCV = "m+a+c+zicsr+zifencei"


def riscv(bits: int) -> Target:
    return Target(
        "riscv",
        Zig(f"riscv{bits}-freestanding", f"generic_rv{bits}+{RISCV}"),
        flags=("-mcmodel=medany",),
        base=0x8000_0000,
        payload=0x8020_0000,  # where OpenSBI's fw_jump goes
        runtime=("start.S", "trap.S", "trap.c"),
        library=("arch.c",),
    )


def x86(triple: str, cpu: str, flags: tuple[str, ...], base: int = LOW) -> Target:
    return Target(
        "x86",
        Zig(triple, cpu),
        flags=(*flags, "-mgeneral-regs-only"),
        base=base,
        runtime=("start.S", "vectors.S", "trap.c"),
        library=("arch.c", "probes.S", "probes.c", "forms.c", "user.S"),
    )


def mips(bits: int, endian: Literal["little", "big"]) -> Target:
    name = ("mips64" if bits == 64 else "mips") + ("el" if endian == "little" else "")
    kseg0 = 0xFFFF_FFFF_8000_0000 if bits == 64 else 0x8000_0000
    return Target(
        "mips",
        Zig(f"{name}-freestanding", ("mips3" if bits == 64 else "mips32") + "+soft_float"),
        endian,
        flags=("-mno-abicalls", "-G0"),
        base=kseg0 + LOW,
        offset=kseg0,
        runtime=("start.S", "vectors.S", "exception.c"),
        library=("arch.c", "probes.S", "probes.c", "forms.S", "forms.c"),
    )


def powerpc(triple: str, cpu: str, *flags: str) -> Target:
    return Target(
        "ppc",
        Zig(triple, cpu),
        "big",
        flags=flags,
        script="runtime/ppc/link.ld",
        runtime=("start.S", "vectors.S", "vectors.c"),
        library=("arch.c", "probes.c", "probes.S", "forms.c", "forms.S"),
    )


def sparc(bits: int) -> Target:
    return Target(
        "sparc",
        Gnu("sparc64-linux-gnu-", "gcc-sparc64-linux-gnu", "elf32_sparc" if bits == 32 else None),
        "big",
        flags=("-m32", "-mcpu=v8", "-mno-fpu") if bits == 32 else ("-m64", "-mcmodel=medlow", "-mno-fpu"),
        runtime=("v8.S",) if bits == 32 else ("v9.S",),
        library=("arch.c", "forms.S", "forms.c", "probes.S", "probes.c"),
    )


def m68k(cpu: str, *library: str) -> Target:
    return Target(
        "m68k",
        Gnu("m68k-linux-gnu-", "gcc-m68k-linux-gnu"),
        "big",
        flags=(cpu, "-msoft-float"),
        runtime=("start.S", "vectors.S", "arch.c"),
        library=library,
    )


def arm(
    triple: str, cpu: str, library: tuple[str, ...] = ("probes.S", "probes.c", "forms.S", "forms.c")
) -> Target:
    return Target(
        "arm",
        Zig(triple, cpu),
        flags=("-mfloat-abi=soft",),
        runtime=("start.S", "vectors.S", "arch.c"),
        library=library,
    )


def cortex_m(cpu: str, library: tuple[str, ...]) -> Target:
    return Target(
        "arm",
        Zig("thumb-freestanding-eabi", cpu),
        flags=("-mfloat-abi=soft",),
        base=0,
        runtime=("m/start.S", "m/arch.c"),
        library=library,
    )


TARGETS: dict[str, Target] = {
    "riscv64": riscv(64),
    "riscv32": riscv(32),
    # AArch64
    "aarch64": Target(
        "aarch64",
        Zig("aarch64-freestanding", "generic"),
        flags=("-mgeneral-regs-only",),
        runtime=("start.S", "vectors.S"),
        library=("arch.c", "forms.S", "forms.c", "probes.S", "probes.c"),
    ),
    # Arm
    "arm": arm("arm-freestanding-eabi", "cortex_a15"),
    "arm-thumb": arm("thumb-freestanding-eabi", "cortex_a15"),
    "arm-v4": arm("arm-freestanding-eabi", "strongarm", library=()),
    "cortex-m": cortex_m("cortex_m3", ("m/probes.S", "m/probes.c", "forms.S", "forms.c")),
    "cortex-m0": cortex_m("cortex_m0", ()),
    # x86
    "x86_64": x86("x86_64-freestanding", "x86_64", ("-mno-red-zone",)),
    "i386": x86("x86-freestanding", "i486", ()),
    "x86_64-low": x86(
        "x86_64-freestanding", "x86_64", ("-mno-red-zone",), 0x1000
    ),  # real mode reaches 64 KiB
    "i386-low": x86("x86-freestanding", "i486", (), 0x1000),
    # MIPS
    "mips": mips(32, "big"),
    "mipsel": mips(32, "little"),
    "mips64": mips(64, "big"),
    "mips64el": mips(64, "little"),
    # PowerPC
    "ppc": powerpc("powerpc-freestanding", "ppc"),
    "ppc64": powerpc("powerpc64-freestanding", "ppc64-altivec", "-mabi=elfv2", "-mcmodel=small"),
    # SPARC
    "sparc": sparc(32),
    "sparc64": sparc(64),
    # 68000
    "m68k": m68k("-m68040", "forms.S", "forms.c", "probes.S", "probes.c"),
    "m68000": m68k("-m68000", "arithmetic.c"),
    "coldfire": m68k("-mcpu=5206", "arithmetic.c"),
    # z/Architecture
    "s390x": Target(
        "s390x",
        Zig("s390x-freestanding", "z10"),
        "big",
        base=0x2_0000,  # QEMU writes into a kernel at 0x10480
        runtime=("start.S", "vectors.S", "vectors.c"),
        library=("arch.c", "probes.c", "probes.S", "forms.c", "forms.S"),
    ),
    # TriCore
    "tricore": Target("tricore", Own("runtime/tricore/assemble.py")),
}
