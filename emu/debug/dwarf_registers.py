"""DWARF's register numbers in our names, ISA by ISA.

Sources, by table: RISC-V ELF psABI, "DWARF Register Numbers"; DWARF for the Arm 64-bit and Arm Architecture (AADWARF64,
AADWARF32), "DWARF register names"; System V ABI i386 (table 2.14) and AMD64 (figure 3.36); MIPS: what GCC and GDB
agree on, the psABI says nothing; PowerPC: Power Architecture 32-bit ABI (3.8), and for .eh_frame GCC's numbers; 64-bit
ELF V2 ABI (2.4); SPARC: GDB's and GCC's, the psABI says nothing; m68k: GCC's; zSeries ELF ABI supplement (table 1.20);
TriCore EABI (table 4-1).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from isa.contract import Isa

_Rows = Iterable[tuple[int, Iterable[str]]]  # the first number, and the names from there on; "" is a gap


def dwarf_register(isa: Isa, number: int) -> str | None:
    """The name, in `isa`, of the register that DWARF calls `number`; None where it has none."""
    return _names(isa).get(number)


@cache
def _names(isa: Isa) -> dict[int, str]:
    known = {name for row in isa.registers for name in (row.name, *row.aliases)}
    found: dict[int, str] = {}
    for first, names in _ROWS.get(isa.name, ()):
        for number, name in enumerate(names, first):
            if name in known:
                found[number] = isa.register(name).name
    if isa.name.startswith("riscv"):
        found |= {4096 + row.number: row.name for row in isa.registers if row.number is not None}
    return found


def _run(letter: str, count: int, step: int = 1) -> list[str]:
    return [f"{letter}{number * step}" for number in range(count)]


_RISCV: _Rows = ((0, _run("x", 32)), (32, _run("f", 32)))
_AARCH64: _Rows = ((0, _run("x", 31)), (31, ("sp", "pc", "elr_el1")), (64, _run("v", 32)))
_ARM: _Rows = (
    (0, (*_run("r", 13), "sp", "lr", "pc")),
    (64, _run("s", 32)),
    (128, ("spsr", "spsr_fiq", "spsr_irq", "spsr_abt", "spsr_und", "spsr_svc")),
    (144, (*(f"r{number}_usr" for number in range(8, 15)),)),
    (151, (*(f"r{number}_fiq" for number in range(8, 15)),)),
    (256, _run("d", 32)),
)
_I386: _Rows = (
    (0, ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "eflags")),
    (11, _run("st", 8)),
    (21, _run("xmm", 8)),
    (29, _run("mm", 8)),
    (37, ("fctrl", "fstat", "mxcsr", "es", "cs", "ss", "ds", "fs", "gs")),
)
_X86_64: _Rows = (
    (0, ("rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp")),
    (8, (*(f"r{number}" for number in range(8, 16)), "rip")),
    (17, _run("xmm", 16)),
    (33, _run("st", 8)),
    (41, _run("mm", 8)),
    (49, ("eflags", "es", "cs", "ss", "ds", "fs", "gs")),
    (58, ("fs_base", "gs_base")),
    (62, ("tr", "ldtr", "mxcsr", "fctrl", "fstat")),
)
_MIPS: _Rows = ((0, _run("r", 32)), (32, _run("f", 32)), (64, ("hi", "lo")))
_PPC: _Rows = (
    (0, _run("r", 32)),
    (32, _run("f", 32)),
    (64, ("cr", "lr", "ctr")),
    (76, ("xer",)),
    (101, ("xer",)),
    (108, ("lr", "ctr")),
    (1124, _run("vr", 32)),
)
_PPC64: _Rows = (
    (0, _run("r", 32)),
    (32, _run("f", 32)),
    (64, ("cr", "lr", "ctr")),
    (76, ("xer",)),
    (77, (*_run("vr", 32), "vrsave", "vscr")),
)
_WINDOW = (*_run("g", 8), *_run("o", 6), "sp", "o7", *_run("l", 8), *_run("i", 6), "fp", "i7")
_SPARC: _Rows = (
    (0, _WINDOW),
    (32, _run("f", 32)),
    (64, ("y", "psr", "wim", "tbr", "pc", "npc", "fsr", "csr")),
)
_SPARC64: _Rows = (
    (0, _WINDOW),
    (32, _run("f", 32)),
    (64, (*(f"f{number}" for number in range(32, 64, 2)),)),
    (80, ("pc", "npc", "state", "fsr", "fprs", "y")),
)
_M68K: _Rows = ((0, _run("d", 8)), (8, _run("a", 8)), (16, _run("fp", 8)), (24, ("pc",)))
_S390X: _Rows = (
    (0, _run("r", 16)),
    (16, [f"f{number}" for number in (0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15)]),
    (32, _run("cr", 16)),
    (48, _run("acr", 16)),
    (64, ("pswm", "pswa")),
    (68, [f"v{number}" for number in (16, 18, 20, 22, 17, 19, 21, 23, 24, 26, 28, 30, 25, 27, 29, 31)]),
)
_TRICORE: _Rows = ((0, _run("d", 16)), (16, _run("a", 16)))

_ROWS: dict[str, _Rows] = {
    "riscv64": _RISCV,
    "riscv32": _RISCV,
    "aarch64": _AARCH64,
    "arm": _ARM,
    "i386": _I386,
    "x86_64": _X86_64,
    "mips": _MIPS,
    "mipsel": _MIPS,
    "mips64": _MIPS,
    "mips64el": _MIPS,
    "ppc": _PPC,
    "ppc64": _PPC64,
    "sparc": _SPARC,
    "sparc64": _SPARC64,
    "m68k": _M68K,
    "s390x": _S390X,
    "tricore": _TRICORE,
}
