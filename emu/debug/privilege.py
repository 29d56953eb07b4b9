"""Where an instruction set shows the current privilege, and what its levels are called."""

from __future__ import annotations

from typing import Final

from isa.abilities import ReadRegister
from isa.contract import Isa

_BITS: Final[dict[str, tuple[str, int]]] = {
    "riscv64": ("priv", 0x3),
    "riscv32": ("priv", 0x3),
    "x86_64": ("cs", 0x3),
    "i386": ("cs", 0x3),
    "aarch64": ("cpsr", 0xC),
    "arm": ("cpsr", 0x1F),
    "mips": ("status", 0x1E),
    "mipsel": ("status", 0x1E),
    "mips64": ("status", 0x1E),
    "mips64el": ("status", 0x1E),
    "ppc": ("msr", 0x4000),
    "ppc64": ("msr", 0x4000),
    "sparc": ("psr", 0x80),
    "m68k": ("sr", 0x2000),
    "tricore": ("psw", 0xC00),
}
"""Register and bits, by ISA; sources: the status registers' tables of each architecture's manual."""
_ARM_MODES: Final = {
    0x10: "user", 0x11: "fiq", 0x12: "irq", 0x13: "supervisor", 0x16: "monitor", 0x17: "abort", 0x1A: "hyp",
    0x1B: "undefined", 0x1F: "system",
}  # fmt: skip


def privilege_bits(isa: Isa) -> tuple[str, int] | None:
    """(register, mask) of the bits that change with the privilege; None where the ISA shows none."""
    found = _BITS.get(isa.name)
    if found is None:
        return None
    names = {name for row in isa.registers for name in (row.name, *row.aliases)}
    return found if found[0] in names else None


def level_name(isa: Isa, bits: int) -> str:
    """A person's word for the masked bits."""
    name = isa.name
    if name.startswith("riscv"):
        return ("user", "supervisor", "reserved", "machine")[bits & 3]
    if name in ("x86_64", "i386"):
        return f"ring {bits & 3}"
    if name == "aarch64":
        return f"EL{bits >> 2 & 3}"
    if name == "arm":
        return _ARM_MODES.get(bits & 0x1F, f"mode {bits:#x}")
    if name.startswith("mips"):
        return (
            "kernel"
            if bits & 6 or bits >> 3 & 3 == 0
            else ("kernel", "supervisor", "user")[min(bits >> 3 & 3, 2)]
        )
    if name.startswith("ppc"):
        return "user" if bits else "supervisor"
    if name == "sparc":
        return "supervisor" if bits else "user"
    if name == "m68k":
        return "supervisor" if bits else "user"
    if name == "tricore":
        return ("user-0", "user-1", "supervisor", "reserved")[bits >> 10 & 3]
    return f"{bits:#x}"


def privilege(isa: Isa, read_register: ReadRegister) -> str | None:
    """The current privilege in a word, None where it is not known."""
    bits = privilege_bits(isa)
    return None if bits is None else level_name(isa, read_register(bits[0]) & bits[1])
