"""Which ISA an ELF file is for: its machine, class, byte order and flags, against our ISA names.

Machine numbers: System V ABI, chapter 4, and the processor supplements.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ElfMachine:
    """One e_machine. `isas`: the ISA for (class in bits, big-endian), where the engine has one."""

    number: int
    name: str
    isas: dict[tuple[int, bool], str]


MACHINES: tuple[ElfMachine, ...] = (
    ElfMachine(2, "SPARC", {(32, True): "sparc"}),
    ElfMachine(3, "Intel 80386", {(32, False): "i386"}),
    ElfMachine(4, "Motorola 68000", {(32, True): "m68k"}),
    ElfMachine(
        8,
        "MIPS",
        {(32, True): "mips", (32, False): "mipsel", (64, True): "mips64", (64, False): "mips64el"},
    ),
    ElfMachine(18, "SPARC V8+", {(32, True): "sparc64"}),
    ElfMachine(20, "PowerPC", {(32, True): "ppc"}),
    ElfMachine(21, "64-bit PowerPC", {(64, True): "ppc64"}),
    ElfMachine(22, "IBM S/390", {(64, True): "s390x"}),
    ElfMachine(40, "Arm", {(32, False): "arm"}),
    ElfMachine(43, "SPARC V9", {(64, True): "sparc64"}),
    ElfMachine(44, "TriCore", {(32, False): "tricore"}),
    ElfMachine(62, "AMD x86-64", {(64, False): "x86_64"}),
    ElfMachine(183, "AArch64", {(64, False): "aarch64"}),
    ElfMachine(243, "RISC-V", {(32, False): "riscv32", (64, False): "riscv64"}),
)

_BY_NUMBER = {machine.number: machine for machine in MACHINES}
_MIPS, _MIPS_ABI2 = 8, 0x20  # EF_MIPS_ABI2: 64-bit registers in a 32-bit file (the n32 ABI)


def machine_name(number: int) -> str:
    """The machine's name for a text."""
    machine = _BY_NUMBER.get(number)
    return machine.name if machine else f"machine number {number}"


def isa_of(number: int, bits: int, big_endian: bool, flags: int) -> str | None:
    """The ISA name of an ELF header's fields, None where the engine has no such ISA."""
    machine = _BY_NUMBER.get(number)
    if machine is None:
        return None
    if number == _MIPS and flags & _MIPS_ABI2:
        bits = 64
    return machine.isas.get((bits, big_endian))


def machines_of(isa: str) -> str:
    """How an ELF file for `isa` looks, for a text; empty for an ISA of a third party."""
    for machine in MACHINES:
        for (bits, big_endian), name in machine.isas.items():
            if name == isa:
                return f"{bits}-bit {'big' if big_endian else 'little'}-endian {machine.name}"
    return ""
