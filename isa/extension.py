"""Instructions that the engine lacks, supplied by a plug-in: found where the engine calls them illegal.

An `Extension` is found through the entry-point group ``axemu.instructions`` under its own name, ours included, and is
part of a CPU where its model says so or the user does: ``-cpu sifive-u54,zba=on``.
"""

from __future__ import annotations

from dataclasses import dataclass

from isa.errors import BadDescriptor


@dataclass(frozen=True, slots=True)
class Instruction:
    """An encoding: word & `mask` == `match`. `callback` names the compiled function that carries it out.

    The function is a numba ``CFunc`` int32 (engine block, word): 1 where it has done so, 0 where the instruction is
    illegal after all. The registers are those of the saved CPU state (`isa.native.save` has been called); the ISA's own
    code goes past the instruction and counts it. bits: the ISA's width where the encoding is of one only.
    """

    name: str
    mask: int
    match: int
    callback: str
    bits: int | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    """`name` as QEMU's -cpu property; `isas` it is for, by name; `callbacks` the module of its compiled functions."""

    name: str
    isas: tuple[str, ...]
    summary: str
    callbacks: str
    instructions: tuple[Instruction, ...]

    def __post_init__(self) -> None:
        for row in self.instructions:
            if row.match & ~row.mask:
                raise BadDescriptor(
                    self.name, f"{row.name} matches {row.match:#x}, outside its mask {row.mask:#x}"
                )
