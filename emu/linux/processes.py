"""The names of a Linux guest's processes, by address space: what their tasks say while they run.

Nothing is guessed. Where the parts of the kernel's structures lie, its BTF says (`emu.linux.btf`); a task is believed
where the page table that it names is the one that the vCPU uses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from emu.debug.walk import reader
from emu.linux.btf import Types, kernel_types
from isa.abilities import Access

if TYPE_CHECKING:
    from emu.machine import Machine

PAGE: Final = 4096
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
    """Where a vCPU stands: the address of its thread's task_struct, its page table's (guest-physical), and registers
    that are otherwise in the kernel."""

    task: int
    table: int
    pretend: Mapping[str, int]


def _riscv64(read: Callable[[str], int]) -> Place | None:
    """tp is the task in the kernel, which keeps it in sscratch meanwhile [Linux, arch/riscv/kernel/entry.S]."""
    privilege, satp = read("priv"), read("satp")
    if privilege > 1 or satp >> 60 == 0:
        return None
    task = read("sscratch" if privilege == 0 else "x4")
    return Place(task, (satp & 0xFFF_FFFFFFFF) << 12, {"priv": 1})


PLACES: Final[dict[str, Callable[[Callable[[str], int]], Place | None]]] = {"riscv64": _riscv64}
"""By ISA; those of others are not known."""


class Processes:
    """`look` is to be called when the machine's current vCPU may have come to another thread."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._physically = machine, reader(machine)
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
        if place is None:
            return
        if not self._sought:  # who uses a page table is in memory as a whole
            self._sought = True
            types = kernel_types(self._machine)
            self._layout = None if types is None else Layout.of(types)
        if self._layout is not None:
            self._note(place, self._layout)

    def _note(self, place: Place, layout: Layout) -> None:
        memory = self._word(place, place.task + layout.memory)
        table = self._word(place, memory + layout.table) if memory else 0
        if not table or self._physical(place, table) != place.table:
            return
        leader = self._word(place, place.task + layout.leader)
        data = self._read(place, leader + layout.name, layout.size) if leader else b""
        text, end, _ = data.partition(b"\0")
        space = place.table | 1
        self._now.pop(space, None)
        if text and end and text.isascii() and text.decode().isprintable():
            self._now[space] = text.decode()
            self._names.setdefault(space, {})[text.decode()] = None

    def _word(self, place: Place, address: int) -> int:
        """The one at a kernel's address; 0 where nothing is."""
        isa = self._machine.isa
        order: Literal["little", "big"] = "big" if isa.endian == "big" else "little"
        return int.from_bytes(self._read(place, address, isa.bits // 8), order)

    def _read(self, place: Place, address: int, size: int) -> bytes:
        """What is at a kernel's address, as far as it is in RAM."""
        found = b""
        while len(found) < size:
            at = address + len(found)
            physical = self._physical(place, at)
            count = min(size - len(found), PAGE - at % PAGE)
            data = None if physical is None else self._physically(physical, count)
            if data is None:
                break
            found += data
        return found

    def _physical(self, place: Place, address: int) -> int | None:
        walk, arch = self._machine.isa.page_walk, self._machine.schedule.current.arch
        assert walk is not None

        def register(name: str) -> int:
            return place.pretend[name] if name in place.pretend else arch.read_register(name)

        address &= (1 << self._machine.isa.bits) - 1
        return walk(self._physically, register, address, Access.LOAD).physical

    def now(self, space: int) -> str | None:
        """The name of the process that was seen last in an address space (the page table's address | 1)."""
        return self._now.get(space)

    def names(self, space: int) -> str | None:
        """Those of all processes that were seen there, one after the other."""
        found = list(self._names.get(space, ()))
        return None if not found else ", ".join(found[:MOST]) + (", ..." if len(found) > MOST else "")
