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
        Zig(f"{name}-freestanding", f"mips{bits}r2+soft_float"),
        endian,
        flags=("-mno-abicalls", "-G0"),
        base=kseg0 + LOW,
        offset=kseg0,
    )


TARGETS: dict[str, Target] = {
    "riscv64": riscv(64),
    "riscv32": riscv(32),
    # AArch64
    "aarch64": Target("aarch64", Zig("aarch64-freestanding", "generic"), flags=("-mgeneral-regs-only",)),
    # Arm
    "arm": Target("arm", Zig("arm-freestanding-eabi", "cortex_a15"), flags=("-mfloat-abi=soft",)),
    "cortex-m": Target("arm", Zig("thumb-freestanding-eabi", "cortex_m3")),
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
    "ppc": Target("ppc", Zig("powerpc-freestanding", "ppc"), "big"),
    "ppc64": Target("ppc", Zig("powerpc64-freestanding", "ppc64"), "big"),
    # SPARC
    "sparc": Target(
        "sparc",
        Gnu("sparc64-linux-gnu-", "gcc-sparc64-linux-gnu", "elf32_sparc"),
        "big",
        flags=("-m32", "-mcpu=v8", "-mflat", "-mno-fpu"),
    ),
    "sparc64": Target(
        "sparc",
        Gnu("sparc64-linux-gnu-", "gcc-sparc64-linux-gnu"),
        "big",
        flags=("-m64", "-mflat", "-mno-fpu"),
    ),
    # 68000
    "m68k": Target(
        "m68k", Gnu("m68k-linux-gnu-", "gcc-m68k-linux-gnu"), "big", flags=("-m68040", "-msoft-float")
    ),
    # z/Architecture
    "s390x": Target("s390x", Zig("s390x-freestanding", "z10+soft_float"), "big"),
    # TriCore
    "tricore": Target("tricore", Own("runtime/tricore/assemble.py")),
}
