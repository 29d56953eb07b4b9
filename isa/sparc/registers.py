"""SPARC's registers as rows, V8 and V9. Names are GDB's and the manuals': %o6 is sp, %i6 is fp.

Sources: The SPARC Architecture Manual, Version 8, chapter 4; Version 9, chapter 5; UltraSPARC Architecture 2005 for the
registers that V9 leaves to implementations. GDB's numbers: gdb/sparc-tdep.h, sparc64-tdep.h. The engine's API knows the
current window, the pc and the PSR: everything else is read in its CPU state (`layout`).
"""

from __future__ import annotations

import unicorn.sparc_const as uc

from isa.contract import Field, Register, Role

WINDOWS = 8
"""The most that a model of the engine has; TI MicroSparc I has 7, Fujitsu's Sparc64 have 4 and 5."""
MAXTL = 6
"""Likewise: the sun4v models; the others have 4 or 5."""

_IMPLEMENTATION = "implementation and version"
_IEEE = (
    *(Field(name, 23 + bit) for bit, name in enumerate(("tem_nx", "tem_dz", "tem_uf", "tem_of", "tem_nv"))),
    *(Field(name, 5 + bit) for bit, name in enumerate(("aexc_nx", "aexc_dz", "aexc_uf", "aexc_of", "aexc_nv"))),
    *(Field(name, bit) for bit, name in enumerate(("cexc_nx", "cexc_dz", "cexc_uf", "cexc_of", "cexc_nv"))),
)  # fmt: skip
_FTT = (
    (0, "none"), (1, "IEEE_754_exception"), (2, "unfinished_FPop"), (3, "unimplemented_FPop"),
    (4, "sequence_error"), (5, "hardware_error"), (6, "invalid_fp_register"),
)  # fmt: skip
_FSR = (
    Field("rd", 30, 2, ((0, "nearest"), (1, "zero"), (2, "+infinity"), (3, "-infinity"))),
    Field("ns", 22),
    Field("ver", 17, 3),
    Field("ftt", 14, 3, _FTT),
    Field("qne", 13),
    Field("fcc0", 10, 2, ((0, "="), (1, "<"), (2, ">"), (3, "unordered"))),
    *_IEEE,
)
_PSR = (
    Field("impl", 28, 4),
    Field("ver", 24, 4),
    *(Field(name, 20 + bit) for bit, name in enumerate(("c", "v", "z", "n"))),
    Field("ec", 13),
    Field("ef", 12),
    Field("pil", 8, 4),
    Field("s", 7, 1, ((0, "user"), (1, "supervisor"))),
    Field("ps", 6),
    Field("et", 5),
    Field("cwp", 0, 5),
)
_PSTATE = (
    *(Field(name, bit) for name, bit in (("ig", 11), ("mg", 10), ("cle", 9), ("tle", 8))),
    Field("mm", 6, 2, ((0, "TSO"), (1, "PSO"), (2, "RMO"))),
    Field("red", 5),
    Field("pef", 4),
    Field("am", 3),
    Field("priv", 2, 1, ((0, "user"), (1, "supervisor"))),
    Field("ie", 1),
    Field("ag", 0),
)
_CCR = tuple(
    Field(f"{half}_{name}", low + bit)
    for half, low in (("icc", 0), ("xcc", 4))
    for bit, name in enumerate(("c", "v", "z", "n"))
)
_NO_TICK = "the engine has no clock: it reads as zero"


def _windowed(letter: str, number: int) -> tuple[str, tuple[str, ...], Role]:
    """Name, aliases and role of a register of the current window."""
    match letter, number:
        case "o", 6:
            return "sp", ("o6",), Role.SP
        case "i", 6:
            return "fp", ("i6",), Role.GENERAL
        case "o", 7:
            return "o7", (), Role.RA
    return f"{letter}{number}", (), Role.GENERAL


def _general(bits: int) -> tuple[Register, ...]:
    rows = []
    for set_, letter in enumerate("goli"):
        first = {
            "g": uc.UC_SPARC_REG_G0,
            "o": uc.UC_SPARC_REG_O0,
            "l": uc.UC_SPARC_REG_L0,
            "i": uc.UC_SPARC_REG_I0,
        }
        for n in range(8):
            number = 8 * set_ + n
            name, aliases, role = _windowed(letter, n)
            role = Role.ZERO if number == 0 else role
            unicorn = first[letter] + n
            rows.append(
                Register(
                    name, bits, unicorn, role, "general", (*aliases, f"r{number}"), number, number, read_only=number == 0
                )
            )  # fmt: skip
    return tuple(rows)


def window_name(window: int, letter: str, number: int) -> str:
    """Of an out or local register of any window; the ins of a window are the outs of the next."""
    return f"w{window}_{letter}{number}"


def _windows(bits: int) -> tuple[Register, ...]:
    return tuple(
        Register(window_name(window, letter, n), bits, None, Role.SYSTEM, "windows", privilege=1)
        for window in range(WINDOWS)
        for letter in "ol"
        for n in range(8)
    )


def _floats(doubles: bool) -> tuple[Register, ...]:
    singles = tuple(
        Register(f"f{n}", 32, uc.UC_SPARC_REG_F0 + n, Role.FP, "float", gdb=32 + n, number=n)
        for n in range(32)
    )
    if not doubles:
        return singles
    return singles + tuple(
        Register(f"f{n}", 64, uc.UC_SPARC_REG_F32 + n // 2 - 16, Role.FP, "float", gdb=64 + n // 2 - 16, number=n)
        for n in range(32, 64, 2)
    )  # fmt: skip


V8: tuple[Register, ...] = (
    *_general(32),
    *_floats(doubles=False),
    Register("y", 32, uc.UC_SPARC_REG_Y, Role.SYSTEM, "control", gdb=64, number=0),
    Register("psr", 32, uc.UC_SPARC_REG_PSR, Role.STATUS, "control", gdb=65, privilege=1, fields=_PSR),
    Register("wim", 32, None, Role.SYSTEM, "control", gdb=66, privilege=1),
    Register(
        "tbr", 32, None, Role.SYSTEM, "control", gdb=67, privilege=1, fields=(Field("tba", 12, 20), Field("tt", 4, 8))
    ),
    Register("pc", 32, uc.UC_SPARC_REG_PC, Role.PC, "control", gdb=68),
    Register("npc", 32, None, Role.SYSTEM, "control", gdb=69),
    Register("fsr", 32, None, Role.STATUS, "control", gdb=70, fields=_FSR),
    Register(
        "csr", 32, None, Role.SYSTEM, "control", gdb=71, read_only=True, note="there is no coprocessor: zero"
    ),
    *_windows(32),
    Register(
        "mmu_control", 32, None, Role.SYSTEM, "mmu", privilege=1,
        fields=(Field("impl", 28, 4), Field("ver", 24, 4), Field("nf", 1), Field("e", 0)),
    ),
    Register("mmu_context_table", 32, None, Role.SYSTEM, "mmu", privilege=1, number=1),
    Register("mmu_context", 32, None, Role.SYSTEM, "mmu", privilege=1, number=2),
    Register(
        "mmu_fault_status", 32, None, Role.SYSTEM, "mmu", privilege=1, number=3,
        fields=(Field("l", 8, 2), Field("at", 5, 3), Field("ft", 2, 3), Field("fav", 1), Field("ow", 0)),
    ),
    Register("mmu_fault_address", 32, None, Role.SYSTEM, "mmu", privilege=1, number=4),
)  # fmt: skip


def _privileged(
    name: str, number: int, bits: int = 64, fields: tuple[Field, ...] = (), note: str = ""
) -> Register:
    role = Role.STATUS if name == "pstate" else Role.SYSTEM
    return Register(
        name, bits, None, role, "privileged", number=number, privilege=1, fields=fields, note=note
    )


_TRAP = (("tpc", 64), ("tnpc", 64), ("tstate", 64), ("tt", 32))


def _trap_level(level: int) -> tuple[Register, ...]:
    """What the trap to `level` saved; the names without a number are those of the current TL."""
    return tuple(
        Register(f"{name}{level}", bits, None, Role.SYSTEM, "trap levels", privilege=1)
        for name, bits in _TRAP
    )


V9: tuple[Register, ...] = (
    *_general(64),
    *_floats(doubles=True),
    Register("pc", 64, uc.UC_SPARC_REG_PC, Role.PC, "control", gdb=80, number=5),
    Register("npc", 64, None, Role.SYSTEM, "control", gdb=81),
    Register(
        "state", 64, None, Role.STATUS, "control", gdb=82, privilege=1, note="ccr, asi, pstate and cwp, as in tstate"
    ),
    Register("fsr", 64, None, Role.STATUS, "control", gdb=83, fields=_FSR),
    Register(
        "fprs", 64, None, Role.STATUS, "control", gdb=84, number=6,
        fields=(Field("fef", 2), Field("du", 1), Field("dl", 0)),
    ),
    Register("y", 64, uc.UC_SPARC_REG_Y, Role.SYSTEM, "control", gdb=85, number=0),
    Register("ccr", 8, None, Role.STATUS, "state", number=2, fields=_CCR),
    Register("asi", 8, None, Role.SYSTEM, "state", number=3),
    Register("gsr", 64, None, Role.SYSTEM, "state", number=19),
    Register("softint", 32, None, Role.SYSTEM, "state", number=22, privilege=1),
    Register("tick_cmpr", 64, None, Role.SYSTEM, "state", number=23, privilege=1, note="nothing ever compares"),
    Register("stick", 64, None, Role.SYSTEM, "state", number=24, note=_NO_TICK),
    Register("stick_cmpr", 64, None, Role.SYSTEM, "state", number=25, privilege=1, note="nothing ever compares"),
    *(
        _privileged(name, number, bits)
        for number, (name, bits) in enumerate(_TRAP)
    ),
    _privileged("tick", 4, note=_NO_TICK),
    _privileged("tba", 5),
    _privileged("pstate", 6, 32, _PSTATE),
    _privileged("tl", 7, 32),
    _privileged("pil", 8, 32),
    _privileged("cwp", 9, 32),
    _privileged("cansave", 10, 32),
    _privileged("canrestore", 11, 32),
    _privileged("cleanwin", 12, 32),
    _privileged("otherwin", 13, 32),
    _privileged("wstate", 14, 32, (Field("other", 3, 3), Field("normal", 0, 3))),
    Register("gl", 32, None, Role.SYSTEM, "privileged", number=16, privilege=1, read_only=True,
             note="sun4v models only; others keep what is written"),
    Register("ver", 64, None, Role.SYSTEM, "privileged", number=31, privilege=1, read_only=True,
             fields=(Field("manuf", 48, 16), Field("impl", 32, 16), Field("mask", 24, 8), Field("maxtl", 8, 8),
                     Field("maxwin", 0, 5)), note=_IMPLEMENTATION),
    *(row for level in range(1, MAXTL + 1) for row in _trap_level(level)),
    *_windows(64),
)  # fmt: skip
