"""The names of a Linux guest's processes, by address space: what their tasks say while they run.

Nothing is guessed. Where the parts of the kernel's structures lie, its BTF says (`emu.linux.btf`); a task is believed
where the page table that it names is the one that the vCPU uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from emu.debug.memory import GuestMemory
from emu.linux.btf import Types, kernel_types

if TYPE_CHECKING:
    from emu.machine import Machine

MOST: Final = 3
"""Names of one address space that are shown."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Bytes from the start of a task_struct, of an mm_struct for `table`; `size` of a name."""

    memory: int
    leader: int
    name: int
    size: int
    table: int

    @staticmethod
    def of(types: Types) -> Layout | None:
        task, memory = types.structure("task_struct"), types.structure("mm_struct")
        if task is None or memory is None:
            return None
        parts = [types.member(task, name) for name in ("mm", "group_leader", "comm")]
        table = types.member(memory, "pgd")
        if table is None or None in parts:
            return None
        mm, leader, name = (each for each in parts if each is not None)
        return Layout(mm.offset, leader.offset, name.offset, name.count, table.offset) if name.count else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a vCPU stands: the address of its thread's task_struct, its page table's (guest-physical), and whether it
    runs a program."""

    task: int
    table: int
    program: bool


def _riscv64(read: Callable[[str], int]) -> Place | None:
    """tp is the task in the kernel, which keeps it in sscratch meanwhile [Linux, arch/riscv/kernel/entry.S]."""
    privilege, satp = read("priv"), read("satp")
    if privilege > 1 or satp >> 60 == 0:
        return None
    return Place(read("sscratch" if privilege == 0 else "x4"), (satp & 0xFFF_FFFFFFFF) << 12, privilege == 0)


PLACES: Final[dict[str, Callable[[Callable[[str], int]], Place | None]]] = {"riscv64": _riscv64}
"""By ISA; those of others are not known."""


class Processes:
    """`look` is to be called when the machine's current vCPU may have come to another thread."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._memory = machine, GuestMemory(machine)
        self._place = PLACES.get(machine.isa.name)
        self._layout: Layout | None = None
        self._sought = False
        self._names: dict[int, dict[str, None]] = {}
        self._now: dict[int, str] = {}

    @property
    def look(self) -> Callable[[], None] | None:
        """None where nothing can be known."""
        return None if self._place is None else self._look

    def _look(self) -> None:
        assert self._place is not None
        place = self._place(self._machine.schedule.current.arch.read_register)
        if place is None or not (place.program or self._sought):
            return
        if not self._sought:  # there is no program before its kernel is in memory
            self._sought = True
            types = kernel_types(self._machine)
            self._layout = None if types is None else Layout.of(types)
        if self._layout is not None:
            self._note(place, self._layout)

    def _note(self, place: Place, layout: Layout) -> None:
        memory = self._word(place.task + layout.memory)
        table = None if not memory else self._word(memory + layout.table)
        if not table or self._memory.translate(table) != place.table:
            return
        leader = self._word(place.task + layout.leader)
        text, end, _ = self._memory.readable((leader or 0) + layout.name, layout.size).partition(b"\0")
        space = place.table | 1
        self._now.pop(space, None)
        if text and end and text.isascii() and text.decode().isprintable():
            self._now[space] = text.decode()
            self._names.setdefault(space, {})[text.decode()] = None

    def _word(self, address: int) -> int | None:
        """The one at a guest-virtual address; None where nothing is."""
        size = self._machine.isa.bits // 8
        data = self._memory.readable(address & (1 << 8 * size) - 1, size)
        return int.from_bytes(data, self._memory.order) if len(data) == size else None

    def now(self, space: int) -> str | None:
        """The name of the process that was seen last in an address space (the page table's address | 1)."""
        return self._now.get(space)

    def names(self, space: int) -> str | None:
        """Those of all processes that were seen there, one after the other."""
        found = list(self._names.get(space, ()))
        return None if not found else ", ".join(found[:MOST]) + (", ..." if len(found) > MOST else "")
