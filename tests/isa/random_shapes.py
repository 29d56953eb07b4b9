"""What random code is made of, by ISA: how an instruction word is made, and the states that it runs in."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

Word = Callable[[random.Random], bytes]
States = dict[str, tuple[int, ...]]
"""Registers of the system, each with what it may hold at the start; the values that a guest could have put there."""


@dataclass(frozen=True, slots=True)
class Shape:
    word: Word
    states: States = field(default_factory=dict)


def fixed(
    rows: tuple[tuple[int, int], ...], chance: random.Random, *, order: str = "big", size: int = 4
) -> bytes:
    """A row is (bits that are set, bits that are any); half of all words are any."""
    bits = chance.getrandbits(8 * size)
    if rows and chance.random() < 0.6:
        value, free = chance.choice(rows)
        bits = value | bits & free
    return bits.to_bytes(size, order)  # type: ignore[arg-type]


def risc_v(chance: random.Random) -> bytes:
    return fixed(_RISC_V, chance, order="little")


def x86(chance: random.Random) -> bytes:
    prefixes = bytes(chance.choice(_PREFIXES) for _ in range(chance.choice((0, 0, 0, 1, 1, 2, 3))))
    operation = bytes([chance.getrandbits(8)])
    match chance.randrange(5):
        case 0 | 1:
            operation = b"\x0f" + operation
        case 2:
            operation = b"\x0f" + chance.choice((b"\x38", b"\x3a")) + operation
    if chance.random() < 0.2:
        operation = bytes.fromhex(chance.choice(_X86_SYSTEM))
    return prefixes + operation + bytes(chance.getrandbits(8) for _ in range(chance.choice((1, 2, 5, 6))))


def m68k(chance: random.Random) -> bytes:
    words = [chance.getrandbits(16) for _ in range(chance.choice((1, 2, 3)))]
    kind = chance.randrange(4)
    if kind == 0:  # floating point
        words = [0xF200 | chance.getrandbits(6), chance.getrandbits(16)]
    elif kind == 1:  # what only the supervisor may do, mostly
        value, free = chance.choice(_M68K)
        words = [value | chance.getrandbits(16) & free, *words[:1]]
    return b"".join(word.to_bytes(2, "big") for word in words)


def s390x(chance: random.Random) -> bytes:
    first = chance.getrandbits(8)
    if chance.random() < 0.5:
        first = chance.choice((0xB2, 0xB2, 0xB9, 0xB3, 0xE3, 0xEB, 0xED, 0xE7, 0xE5, 0xC8, 0x01, 0xEC, 0xA7))
    size = (2, 4, 4, 6)[first >> 6]
    return bytes([first, *(chance.getrandbits(8) for _ in range(size - 1))])


def arm(chance: random.Random) -> bytes:
    return fixed(_ARM, chance, order="little")


def thumb(chance: random.Random) -> bytes:
    return fixed(_THUMB, chance, order="little", size=2)


_PREFIXES = bytes.fromhex("66 67 f0 f2 f3 2e 36 3e 26 64 65 48 4c 41 40")
_X86_SYSTEM = (
    "0f01", "0f00", "0f20", "0f22", "0f21", "0f23", "0f30", "0f32", "0f31", "0fa2", "0f01d8", "0f01da", "0f01f8",
    "0f01f9", "0f05", "0f07", "0f34", "0f35", "0fae", "0fc7", "cf", "cd", "f4", "8e", "0fb2", "9a", "ea", "ff", "0f01d0",
    "0f09", "0f06", "fa", "fb", "9d", "cb", "ca", "e4", "ec", "ee", "6c", "6e", "d9", "db", "dd", "df", "c5", "c4", "62",
)  # fmt: skip
_RISC_V = (
    (0x73, 0xFFFF_FF80), (0x1073, 0xFFF0_8F80), (0x33, 0xFFFF_FF80), (0x13, 0xFFFF_FF80), (0x03, 0xFFFF_FF80),
    (0x23, 0xFFFF_FF80), (0x2F, 0xFFFF_FF80), (0x53, 0xFFFF_FF80), (0x43, 0xFFFF_FF80), (0x0F, 0xFFFF_FF80),
    (0x63, 0x01FF_FF80), (0x3020_0073, 0), (0x1020_0073, 0), (0x1200_0073, 0x01FF_8000), (0x1B, 0xFFFF_FF80),
)  # fmt: skip
_MIPS = (
    (0, 0x03FF_FFFF), (0x4000_0000, 0x03FF_FFFF), (0x4000_0000, 0x001F_F807), (0x4080_0000, 0x001F_F807),
    (0x4200_0000, 0x3F), (0x4600_0000, 0x01FF_FFFF), (0x4400_0000, 0x03FF_FFFF), (0x7000_0000, 0x03FF_FFFF),
    (0x7C00_0000, 0x03FF_FFFF), (0x0400_0000, 0x03FF_FFFF), (0x8000_0000, 0x7FFF_0FFF), (0x4C00_0000, 0x03FF_FFFF),
    (0x7800_0000, 0x03FF_FFFF), (0x1000_0000, 0x0FFF_001F), (0x7C00_003B, 0x001F_F800), (0xBC00_0000, 0x03FF_FFFF),
)  # fmt: skip
_PPC = (
    (0x7C00_0000, 0x03FF_FFFF), (0x4C00_0000, 0x03FF_FFFF), (0x1000_0000, 0x03FF_FFFF), (0xEC00_0000, 0x03FF_FFFF),
    (0xFC00_0000, 0x03FF_FFFF), (0x7C00_02A6, 0x03FF_F800), (0x7C00_03A6, 0x03FF_F800), (0x7C00_0124, 0x03E1_0000),
    (0x4C00_0064, 0), (0x4C00_0024, 0), (0xF000_0000, 0x03FF_FFFF), (0x4000_0000, 0x03FF_007C),
    (0x8000_0000, 0x7FFF_FFFF),
    (0x7C00_0000, 0x03FF_F07E),
)  # fmt: skip
_SPARC = (
    (0x8000_0000, 0x3FFF_FFFF), (0xC000_0000, 0x3FFF_FFFF), (0x0000_0000, 0x3FC0_001F), (0x81A0_0000, 0x3E1F_FFFF),
    (0x81A8_0000, 0x3E1F_FFFF), (0x8180_0000, 0x3E7F_FFFF), (0x8140_0000, 0x3E3F_FFFF), (0xC080_0000, 0x3E7F_FFFF),
    (0x81C0_0000, 0x3E3F_FFFF), (0x81B0_0000, 0x3E0F_FFFF), (0x81D0_2000, 0x1E00_007F),
)  # fmt: skip
_ARM = (
    (0xE000_0000, 0x0FFF_FFFF), (0xE000_0000, 0x0FFF_FFFF), (0xEE00_0F10, 0x00FF_F0FF), (0xEC00_0F00, 0x01FF_F0FF),
    (0xF000_0000, 0x0FFF_FFFF), (0xE100_0000, 0x007F_FFFF), (0xE320_F000, 0x00FF_0FFF), (0xEE00_0A00, 0x00FF_F1FF),
    (0xF200_0000, 0x01FF_FFFF), (0xF400_0000, 0x00FF_FFFF), (0xEE10_0F1E, 0x001F_F0E1), (0xE850_0000, 0x018F_FFFF),
)  # fmt: skip
_THUMB = (
    (0xF3A0, 0x5F), (0xF380, 0x3F), (0xB600, 0xFF), (0xBF00, 0xFF), (0x4700, 0xFF), (0xDF00, 0xFF), (0xEE00, 0xFF),
    (0xF000, 0x7FF), (0xE800, 0x1FF), (0x8000, 0x7FF), (0xBA00, 0x1FF), (0xFB00, 0xFF), (0xF900, 0xFF),
)  # fmt: skip
_AARCH64 = (
    (0xD500_0000, 0x003F_FFFF), (0xD518_0000, 0x0027_FFFF), (0xD508_0000, 0x0027_FFFF), (0xD400_0000, 0x00FF_FFFF),
    (0x0800_0000, 0xF7FF_FFFF), (0x0A00_0000, 0xF1FF_FFFF), (0x1000_0000, 0xE3FF_FFFF), (0x0E00_0000, 0xF1FF_FFFF),
    (0x0400_0000, 0xE1FF_FFFF), (0xD503_201F, 0xFE0), (0xD69F_03E0, 0), (0xD500_401F, 0x0007_0FE0),
    (0x1A00_0000, 0xE1FF_FFFF), (0x1E00_0000, 0xE1FF_FFFF), (0xC800_0000, 0x37FF_FFFF),
)  # fmt: skip
_M68K = (
    (0x40C0, 0x063F), (0x46C0, 0x003F), (0x4E70, 0x000F), (0x4E60, 0x000F), (0xF500, 0x003F), (0xF300, 0x007F),
    (0xF400, 0x00FF), (0x4E7A, 0x0001), (0x0E00, 0x00FF), (0x4C00, 0x00FF), (0xF620, 0x003F), (0xA000, 0x0FFF),
    (0xFB00, 0x00FF), (0x4AC0, 0x003F), (0x00C0, 0x0E3F), (0x4800, 0x00FF),
)  # fmt: skip
_TRICORE = (
    (0x0D, 0xFFFF_FF00), (0x4D, 0xFFFF_FF00), (0xCD, 0xFFFF_FF00), (0x2B, 0xFFFF_FF00), (0x6B, 0xFFFF_FF00),
    (0x4B, 0xFFFF_FF00), (0x0B, 0xFFFF_FF00), (0x13, 0xFFFF_FF00), (0x49, 0xFFFF_FF00), (0x89, 0xFFFF_FF00),
    (0x09, 0xFFFF_FF00), (0x53, 0xFFFF_FF00), (0x33, 0xFFFF_FF00), (0xAD, 0xFFFF_FF00), (0x73, 0xFFFF_FF00),
    (0x43, 0xFFFF_FF00), (0xE3, 0xFFFF_FF00), (0x17, 0xFFFF_FF00), (0x77, 0xFFFF_FF00), (0x0000_003C, 0xFF00),
)  # fmt: skip

_DAT, _PROBLEM, _ACCESS = 1 << 58, 1 << 48, 1 << 46
_ADDRESSING = 0x1_8000_0000
_S390X_STATES = {
    "pswm": (
        _ADDRESSING, _ADDRESSING, _ADDRESSING | _PROBLEM, _ADDRESSING | _DAT, _ADDRESSING | _DAT | _ACCESS,
        _ADDRESSING | _DAT | 2 * _ACCESS, _ADDRESSING | _DAT | 3 * _ACCESS, _ADDRESSING | _ACCESS, 0x8000_0000, 0,
    ),
    "cr0": (0, 0x0004_0000, 0x0006_0000, 0xFFFF_FFFF, 0x0080_0000),
    "cr1": (0, 0x3, 0x8000, 0xFFFF_FFFF, 0x20),
    "prefix": (0, 0, 0, 0x4000),
}  # fmt: skip
_KSEG0 = 0x8000_0000
_MIPS_STATES = {
    "status": (0x2000_0000, 0x3400_00E0, 0xFFFF_00FF, 0x2000_0010, 0x2500_0002, 0x3040_0000),
    "entryhi": (0, 0x2000),
}
SHAPES: dict[str, Shape] = {
    **dict.fromkeys(
        ("riscv64", "riscv32"),
        Shape(
            risc_v,
            {
                "priv": (3, 3, 1, 0),
                "satp": (0, 0, 8 << 60 | 0x8_0010, 1 << 31 | 0x8_0010),
                "mstatus": (0x6000, 0x2_6000, 0),
                "mtvec": (0x8000_1000,),
            },
        ),
    ),
    "aarch64": Shape(partial(fixed, _AARCH64, order="little"), {"pstate": (0x3C5, 0x3C4, 0x3C0, 0x3C9)}),
    "arm": Shape(arm, {"cpsr": (0x1D3, 0x1D0, 0x1DF, 0x1F3, 0x1D1)}),
    "i386": Shape(x86, {"eflags": (2, 0x3002, 0x202, 0x2_0002, 0x102)}),
    "x86_64": Shape(x86, {"eflags": (2, 0x3002, 0x202)}),
    "mips": Shape(partial(fixed, _MIPS), _MIPS_STATES),
    "mipsel": Shape(partial(fixed, _MIPS, order="little"), _MIPS_STATES),
    "mips64": Shape(partial(fixed, _MIPS), _MIPS_STATES),
    "mips64el": Shape(partial(fixed, _MIPS, order="little"), _MIPS_STATES),
    "ppc": Shape(partial(fixed, _PPC), {"msr": (0, 0x2000, 0x4000, 0x30, 0x6000, 0x0200_0000, 0x1000)}),
    "ppc64": Shape(
        partial(fixed, _PPC),
        {"msr": (1 << 63, 1 << 63 | 0x2000, 1 << 63 | 0x4000, 1 << 63 | 0x30, 1 << 63 | 0x0280_2000)},
    ),
    "sparc": Shape(
        partial(fixed, _SPARC), {"psr": (0x10A0, 0x1080, 0xA0, 0x10E0), "wim": (0, 2, 0xFF)}
    ),
    "sparc64": Shape(
        partial(fixed, _SPARC),
        {"pstate": (0x14, 0x10, 0x15, 0x16), "tl": (0, 0, 1), "fprs": (4,), "asi": (0x80, 0xE2, 0x14)},
    ),
    "m68k": Shape(
        m68k,
        {"sr": (0x2700, 0x2000, 0, 0x3000, 0xA700), "vbr": (0, 0, 0x1000)},
    ),
    "s390x": Shape(s390x, _S390X_STATES),
    "tricore": Shape(
        partial(fixed, _TRICORE, order="little"), {"psw": (0xB80, 0x980, 0x380, 0xBFF)}
    ),
}  # fmt: skip
