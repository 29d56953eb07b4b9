"""x86's registers as rows. Names are GDB's where it has the register, with the manual's as aliases.

Sources: Intel SDM volume 1, chapter 3; volume 3A, chapter 2 (control, debug and system-table registers); volume 4
(MSRs); GDB's features i386/*.xml (numbers and widths: it wants segment selectors and x87 words in 32 bits).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import unicorn.x86_const as uc

from isa.contract import Field, Register, Role

# fmt: off
GENERAL_64 = (
    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
)
GENERAL_32 = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi")
SEGMENTS = ("cs", "ss", "ds", "es", "fs", "gs")
X87_WORDS = ("fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop")
NUMBERS = ("ax", "cx", "dx", "bx", "sp", "bp", "si", "di")  # in the order of their encoding
# fmt: on
_X87_ALIASES = ("fcw", "fsw", "ftw", "fcs", "fip", "fds", "fdp", "")
_X87_UNICORN = ("FPCW", "FPSW", "FPTAG", "FCS", "FIP", "FDS", "FDP", "FOP")
_NO_ID = "the low part of an x87 register; the engine's API has no id for it"
_FIRST_SYSTEM = 100  # GDB's number of the first register of ours

EFLAGS = (
    Field("CF", 0), Field("PF", 2), Field("AF", 4), Field("ZF", 6), Field("SF", 7), Field("TF", 8),
    Field("IF", 9), Field("DF", 10), Field("OF", 11), Field("IOPL", 12, 2), Field("NT", 14), Field("RF", 16),
    Field("VM", 17), Field("AC", 18), Field("VIF", 19), Field("VIP", 20), Field("ID", 21),
)  # fmt: skip
_CR0 = (
    Field("PE", 0), Field("MP", 1), Field("EM", 2), Field("TS", 3), Field("ET", 4), Field("NE", 5),
    Field("WP", 16), Field("AM", 18), Field("NW", 29), Field("CD", 30), Field("PG", 31),
)  # fmt: skip
_CR4 = (
    Field("VME", 0), Field("PVI", 1), Field("TSD", 2), Field("DE", 3), Field("PSE", 4), Field("PAE", 5),
    Field("MCE", 6), Field("PGE", 7), Field("PCE", 8), Field("OSFXSR", 9), Field("OSXMMEXCPT", 10),
    Field("UMIP", 11), Field("LA57", 12), Field("FSGSBASE", 16), Field("OSXSAVE", 18), Field("SMEP", 20),
    Field("SMAP", 21),
)  # fmt: skip
_EFER = (Field("SCE", 0), Field("LME", 8), Field("LMA", 10), Field("NXE", 11), Field("FFXSR", 14))
_DR6 = (*(Field(f"B{n}", n) for n in range(4)), Field("BD", 13), Field("BS", 14), Field("BT", 15))
_LENGTHS = ((0, "1"), (1, "2"), (2, "8"), (3, "4"))
_KINDS = ((0, "execute"), (1, "write"), (2, "port"), (3, "read or write"))
_DR7 = (
    *(Field(f"{letter}{n}", 2 * n + at) for n in range(4) for at, letter in enumerate("LG")),
    Field("GD", 13),
    *(
        field
        for n in range(4)
        for field in (Field(f"RW{n}", 16 + 4 * n, 2, _KINDS), Field(f"LEN{n}", 18 + 4 * n, 2, _LENGTHS))
    ),
)
_MXCSR = (
    Field("IE", 0), Field("DE", 1), Field("ZE", 2), Field("OE", 3), Field("UE", 4), Field("PE", 5),
    Field("DAZ", 6), Field("IM", 7), Field("DM", 8), Field("ZM", 9), Field("OM", 10), Field("UM", 11),
    Field("PM", 12), Field("RC", 13, 2), Field("FZ", 15),
)  # fmt: skip
ATTRIBUTES = (
    Field("type", 8, 4), Field("S", 12), Field("DPL", 13, 2), Field("P", 15), Field("AVL", 20), Field("L", 21),
    Field("D", 22), Field("G", 23),
)  # fmt: skip
"""Of a segment's cache: as the second word of its descriptor has them."""


@dataclass(frozen=True, slots=True)
class Msr:
    """A model-specific register that the CPU state holds."""

    number: int
    name: str
    bits: int = 64
    aliases: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    note: str = ""


MSRS: tuple[Msr, ...] = (
    Msr(0x010, "tsc", note="shows guest time; what a guest has added to it is tsc_adjust"),
    Msr(0x03B, "tsc_adjust"),
    Msr(0x174, "sysenter_cs", 32),
    Msr(0x175, "sysenter_esp"),
    Msr(0x176, "sysenter_eip"),
    Msr(0x1A0, "misc_enable"),
    Msr(0x277, "pat"),
    Msr(0xC000_0080, "efer", fields=_EFER),
    Msr(0xC000_0081, "star"),
    Msr(0xC000_0082, "lstar"),
    Msr(0xC000_0083, "cstar"),
    Msr(0xC000_0084, "fmask", aliases=("sfmask",)),
    Msr(0xC000_0102, "k_gs_base", aliases=("kernel_gs_base",)),
    Msr(0xC000_0103, "tsc_aux"),
)
BASES = {"fs_base": 0xC000_0100, "gs_base": 0xC000_0101}
"""MSRs that are the base of a segment."""


def registers(bits: int) -> tuple[Register, ...]:
    """The register table of i386 or x86-64."""
    rows = (*_general(bits), *_parts(bits), *_floating(bits), *_system(bits))
    numbers = iter(range(_FIRST_SYSTEM, _FIRST_SYSTEM + len(rows)))
    return tuple(replace(row, gdb=next(numbers)) if row.group == "system" else row for row in rows)


def _id(name: str) -> int:
    return int(getattr(uc, f"UC_X86_REG_{name.upper()}"))


def encoding(name: str) -> int:
    """The number of a general register in instructions."""
    return NUMBERS.index(name[1:]) if name[1:] in NUMBERS else int(name[1:])


def _general(bits: int) -> list[Register]:
    names, pointer = (GENERAL_64, "rip") if bits == 64 else (GENERAL_32, "eip")
    rows = [
        Register(
            name,
            bits,
            _id(name),
            Role.SP if name[1:] == "sp" else Role.GENERAL,
            gdb=gdb,
            number=encoding(name),
        )
        for gdb, name in enumerate(names)
    ]
    rows.append(Register(pointer, bits, _id("rip"), Role.PC, aliases=("pc",), gdb=len(rows)))
    flags = ("rflags", "flags")
    rows.append(
        Register("eflags", 32, _id("eflags"), Role.STATUS, aliases=flags, gdb=len(rows), fields=EFLAGS)
    )
    for name in SEGMENTS:
        note = "a selector of 16 bits; writing it here leaves the segment's base, limit and attributes"
        rows.append(Register(name, 32, _id(name), Role.SYSTEM, gdb=len(rows), note=note))
    return rows


def _parts(bits: int) -> list[Register]:
    """The narrower names of the general registers."""
    rows = []
    for name in GENERAL_64 if bits == 64 else GENERAL_32:
        for part, width in _narrower(name, bits):
            rows.append(Register(part, width, _id(part), Role.GENERAL, "part", number=encoding(name)))
    return rows


def _narrower(name: str, bits: int) -> list[tuple[str, int]]:
    stem = name[1:]
    if stem not in NUMBERS:
        return [(f"{name}{letter}", width) for letter, width in (("d", 32), ("w", 16), ("b", 8))]
    found = [(f"e{stem}", 32)] if bits == 64 else []
    found.append((stem, 16))
    if stem.endswith("x"):
        return [*found, (f"{stem[0]}l", 8), (f"{stem[0]}h", 8)]
    return [*found, (f"{stem}l", 8)] if bits == 64 else found


def _floating(bits: int) -> list[Register]:
    first = 24 if bits == 64 else 16
    rows = [
        Register(f"st{n}", 80, _id(f"st{n}"), Role.FP, "general", gdb=first + n, number=n) for n in range(8)
    ]
    for n, (name, alias, unicorn) in enumerate(zip(X87_WORDS, _X87_ALIASES, _X87_UNICORN, strict=True)):
        aliases = (alias,) if alias else ()
        note = "the engine does not note where x87 instructions were" if n > 2 else ""
        rows.append(
            Register(name, 32, _id(unicorn), Role.STATUS, "general", aliases, first + 8 + n, note=note)
        )
    rows += [Register(f"mm{n}", 64, None, Role.VECTOR, "mmx", number=n, note=_NO_ID) for n in range(8)]
    count = 16 if bits == 64 else 8
    rows += [
        Register(f"xmm{n}", 128, _id(f"xmm{n}"), Role.VECTOR, "sse", gdb=first + 16 + n, number=n)
        for n in range(count)
    ]
    rows.append(
        Register("mxcsr", 32, _id("mxcsr"), Role.STATUS, "sse", gdb=first + 16 + count, fields=_MXCSR)
    )
    return rows


def _system(bits: int) -> list[Register]:
    word = 64
    rows = []
    group = "segments" if bits == 64 else "system"
    for at, (name, number) in enumerate(BASES.items()):
        gdb = 58 + at if bits == 64 else None
        rows.append(Register(name, word, _id(name), Role.SYSTEM, group, gdb=gdb, number=number))
    for name in SEGMENTS:
        if f"{name}_base" not in BASES:
            rows.append(Register(f"{name}_base", word, None, Role.SYSTEM, "system"))
        rows.append(Register(f"{name}_limit", 32, None, Role.SYSTEM, "system"))
        rows.append(Register(f"{name}_attr", 32, None, Role.SYSTEM, "system", fields=ATTRIBUTES))
    for name in ("ldtr", "tr"):
        rows.append(Register(name, 16, None, Role.SYSTEM, "system"))
        rows.append(Register(f"{name}_base", word, None, Role.SYSTEM, "system"))
        rows.append(Register(f"{name}_limit", 32, None, Role.SYSTEM, "system"))
        note = "the type is that of an available task" if name == "tr" else ""
        rows.append(Register(f"{name}_attr", 32, None, Role.SYSTEM, "system", fields=ATTRIBUTES, note=note))
    for name in ("gdtr", "idtr"):
        rows.append(Register(f"{name}_base", word, None, Role.SYSTEM, "system"))
        rows.append(Register(f"{name}_limit", 32, None, Role.SYSTEM, "system"))
    fields: tuple[Field, ...]
    for n, fields in ((0, _CR0), (2, ()), (3, ()), (4, _CR4)):
        rows.append(Register(f"cr{n}", word, _id(f"cr{n}"), Role.SYSTEM, "system", number=n, fields=fields))
    rows.append(Register("cr8", word, None, Role.SYSTEM, "system", aliases=("tpr",), number=8))
    for n, fields in ((0, ()), (1, ()), (2, ()), (3, ()), (6, _DR6), (7, _DR7)):
        rows.append(Register(f"dr{n}", word, _id(f"dr{n}"), Role.SYSTEM, "system", number=n, fields=fields))
    rows += [
        Register(
            row.name, row.bits, _id("msr"), Role.SYSTEM, "system", row.aliases, number=row.number,
            selector=(row.number,), fields=row.fields, note=row.note,
        )
        for row in MSRS
    ]  # fmt: skip
    rows.append(Register("xcr0", word, None, Role.SYSTEM, "system"))
    note = "current privilege level, from the attributes of the stack segment"
    rows.append(Register("cpl", 32, None, Role.PRIVILEGE, "system", read_only=True, note=note))
    return rows
