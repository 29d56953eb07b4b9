"""How each ISA's functions keep their frames: rows from the ABIs.

Sources: RISC-V ELF psABI (frame pointer convention); AAPCS64 6.4.6, AAPCS32 6.2.1.4 (frame chains), and what GCC does
on A32; System V ABI i386 and AMD64 (3.2.2); Power Architecture 32-bit ABI 3.3.3, 64-bit ELF V2 ABI 2.2.2 (back chain);
zSeries ELF ABI supplement, "The Stack Frame"; SPARC V8 app. D, V9 app. H; TriCore volume 1, chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Chain:
    """Frames linked through `register`: offsets from it, in words, of the caller's frame pointer, of the return address,
    and of the caller's stack pointer (at the least)."""

    register: str
    pointer: int
    address: int
    stack: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Registers by the names that Capstone prints, which are names or aliases of the ISA's.

    `link` is None where calls push the return address. `effects` names the module that knows the instructions, None:
    none does. `bias`: a caller's stack pointer is so far below the CFA. `back_chain` is (offset of the back chain from
    the stack pointer, offset of the return address from what it points to), in bytes. `align`: of instructions.
    """

    sp: str
    link: str | None
    preserved: tuple[str, ...]
    effects: str | None
    chains: tuple[Chain, ...] = ()
    bias: int = 0
    back_chain: tuple[int, int] | None = None
    align: int = 4
    delay_slot: bool = False
    calls: tuple[str, ...] = ()  # mnemonics
    call_sizes: tuple[int, ...] = (4,)  # bytes from a call to where it returns to
    exception_pc: tuple[str, ...] = ()  # where a trap handler finds what it interrupted


def _names(letter: str, first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{letter}{number}" for number in range(first, last + 1))


_RISCV = Layout(
    sp="sp",
    link="ra",
    preserved=("gp", "tp", *_names("s", 0, 11)),
    effects="riscv",
    chains=(Chain("s0", -2, -1, 0),),
    align=2,
    calls=("jal", "jalr", "c.jal", "c.jalr"),
    call_sizes=(4, 2),
    exception_pc=("mepc", "sepc"),
)
_MIPS = Layout(
    sp="sp",
    link="ra",
    preserved=(*_names("s", 0, 7), "gp", "fp"),
    effects="mips",
    delay_slot=True,
    calls=("jal", "jalr", "bal", "bgezal", "bltzal"),
    call_sizes=(8,),
    exception_pc=("epc",),
)
_SPARC_CALLS = ("call", "jmpl")

LAYOUTS: Final = MappingProxyType(
    {
        "riscv64": _RISCV,
        "riscv32": _RISCV,
        "aarch64": Layout(
            sp="sp",
            link="x30",
            preserved=_names("x", 18, 29),
            effects="aarch64",
            chains=(Chain("x29", 0, 1, 2),),
            calls=("bl", "blr", "blraa", "blraaz", "blrab", "blrabz"),
            exception_pc=("elr_el1",),
        ),
        "arm": Layout(
            sp="sp",
            link="lr",
            preserved=_names("r", 4, 11),
            effects="arm",
            chains=(Chain("r11", 0, 1, 2), Chain("r11", -1, 0, 1), Chain("r7", 0, 1, 2)),
            align=2,
            calls=("bl", "blx"),
            call_sizes=(4, 2),
        ),
        "i386": Layout(
            sp="esp",
            link=None,
            preserved=("ebx", "esi", "edi", "ebp"),
            effects="x86",
            chains=(Chain("ebp", 0, 1, 2),),
            align=1,
            calls=("call",),
            call_sizes=(5, 2, 3, 6, 7, 4),
        ),
        "x86_64": Layout(
            sp="rsp",
            link=None,
            preserved=("rbx", "rbp", "r12", "r13", "r14", "r15"),
            effects="x86",
            chains=(Chain("rbp", 0, 1, 2),),
            align=1,
            calls=("call",),
            call_sizes=(5, 2, 3, 6, 7, 4),
        ),
        "mips": _MIPS,
        "mipsel": _MIPS,
        "mips64": _MIPS,
        "mips64el": _MIPS,
        "ppc": Layout(
            sp="r1",
            link="lr",
            preserved=("r2", "r13", *_names("r", 14, 31)),
            effects="ppc",
            back_chain=(0, 4),
            calls=("bl", "bla", "bctrl", "blrl"),
            exception_pc=("srr0",),
        ),
        "ppc64": Layout(
            sp="r1",
            link="lr",
            preserved=("r13", *_names("r", 14, 31)),
            effects="ppc",
            back_chain=(0, 16),
            calls=("bl", "bla", "bctrl", "blrl"),
            exception_pc=("srr0",),
        ),
        "sparc": Layout("sp", "o7", (), "sparc", delay_slot=True, calls=_SPARC_CALLS, call_sizes=(8,)),
        "sparc64": Layout(
            "sp", "o7", (), "sparc", bias=2047, delay_slot=True, calls=_SPARC_CALLS, call_sizes=(8,)
        ),
        "m68k": Layout(
            sp="a7",
            link=None,
            preserved=(*_names("d", 2, 7), *_names("a", 2, 6)),
            effects="m68k",
            chains=(Chain("a6", 0, 1, 2),),
            align=2,
            calls=("jsr", "bsr", "bsr.b", "bsr.w", "bsr.l"),
            call_sizes=(6, 4, 2, 8),
        ),
        "s390x": Layout(
            sp="r15",
            link="r14",
            preserved=_names("r", 6, 13),
            effects="s390x",
            bias=160,
            back_chain=(0, 112),
            align=2,
            calls=("brasl", "basr", "bras"),
            call_sizes=(6, 2, 4),
        ),
        "tricore": Layout(
            sp="a10",
            link="a11",
            preserved=(*_names("d", 8, 15), *_names("a", 12, 15)),
            effects=None,
            align=2,
            calls=("call", "calla", "calli", "fcall", "fcalla", "fcalli", "jl", "jla", "jli"),
            call_sizes=(4, 2),
        ),
    }
)
"""By ISA name."""
