"""Signatures of riscv-arch-test: memory between `begin_signature` and `end_signature`, a word of 32 bits a line.

Source: RISCOF, "The signature file": lines of 8 hexadecimal digits, little endian words, lowest address first.
"""

from __future__ import annotations

from pathlib import Path

from emu.errors import LoadError, UnknownName
from emu.machine import Machine

MOST = 16 << 20  # bytes of a signature: its bounds are the guest's word


def signature(machine: Machine) -> tuple[str, ...]:
    """The lines. Raises UnknownName where the program has no such symbols."""
    begin, end = (_address(machine, name) for name in ("begin_signature", "end_signature"))
    if not 0 <= end - begin <= MOST:
        raise UnknownName("signature", f"{begin:#x}..{end:#x}", (), f"Expected at most {MOST} bytes")
    data = machine.memory.read(begin, end - begin)
    return tuple(data[at : at + 4][::-1].hex() for at in range(0, len(data), 4))


def _address(machine: Machine, name: str) -> int:
    address = machine.symbols.address(name)
    if address is None:
        raise UnknownName(
            "symbol", name, (), "A program with a signature has begin_signature and end_signature"
        )
    return address


def compared(lines: tuple[str, ...], reference: Path) -> tuple[str, ...]:
    """How the signature differs from the reference file, one sentence, or nothing."""
    try:
        wanted = tuple(reference.read_text(encoding="ascii").split())
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError(reference, "a signature: lines of 8 hexadecimal digits", str(error)) from error
    for number, (left, right) in enumerate(zip(wanted, lines, strict=False), 1):
        if left.lower() != right:
            return (f"signature: word {number}: expected {left}, got {right}",)
    if len(wanted) != len(lines):
        return (f"signature: expected {len(wanted)} words, got {len(lines)}",)
    return ()
