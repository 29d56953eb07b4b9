"""What native code records while somebody traces, and taking it: the record, its rings, and its hooks."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import unicorn.unicorn_const as uc_const

from emu.engine.library import check, lib
from isa import objects
from isa.records import CELL, TRACE, TRACE_CODE, TRACE_ENTRY, TRACE_SPAN

if TYPE_CHECKING:
    from emu.engine.engine import Engine
    from emu.engine.vcpu import EngineVCpu

Rows: TypeAlias = np.ndarray[Any, Any]
BLOCKS: Final = 1 << 16
"""Entries of blocks that are taken at a time."""
DETAILS: Final = 1 << 16
LARGEST: Final = 3 << 17
"""Entries that one block makes at most, where its instructions are noted: some hundred instructions, each of which may
move some hundred bytes one by one."""
CODES: Final = 1 << 20
LARGEST_CODE: Final = 1 << 15
NOWHERE: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Code:
    """A block as it was translated. `cell` is its own until all are translated anew; code: none where it could not be
    read."""

    cell: int
    pc: int
    size: int
    count: int
    code: bytes


@dataclass(frozen=True, slots=True)
class Stretch:
    """Entries of one vCPU from `first` on: `base` and its own count of instructions are that of all vCPUs. left: the pc
    of the vCPU before it, NOWHERE where there was none."""

    first: int
    vcpu: int
    base: int
    left: int = NOWHERE


@dataclass(frozen=True, slots=True)
class Taken:
    """What was recorded: rows of TRACE_ENTRY, to be changed in place; the blocks that were translated; `lost` entries
    found no room. first_cell: the address of the first cell."""

    entries: Rows
    stretches: tuple[Stretch, ...]
    codes: tuple[Code, ...]
    lost: int
    forget: bool  # afterwards the cells get other blocks
    first_cell: int


@dataclass(frozen=True, slots=True)
class Watched:
    """Words of the CPU state to be compared: (offset, words) of spans, of which the first `near` are of general
    registers, a mask for each word, and registers by the engine's number, whose masks follow."""

    spans: tuple[tuple[int, int], ...] = ()
    near: int = 0
    masks: tuple[int, ...] = ()
    reads: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TraceWish:
    """What native code is to note. blocks: each block, also where more is noted; ranges: of code, (low, end), none: all
    of it; blocks that have some of it are noted as a whole."""

    registers: Watched | None = None
    accesses: bool = False
    contexts: Watched = Watched()
    blocks: bool = False
    ranges: tuple[tuple[int, int], ...] = ()

    @property
    def detailed(self) -> bool:
        return self.registers is not None or self.accesses


class Tracing:
    """Recording by an engine, then by another. `sink` gets what is taken, on the thread that runs the machine, and says
    how many entries it has done with; the others come again. `base` says what the other vCPUs have retired."""

    def __init__(
        self, wish: TraceWish, sink: Callable[[Taken], int], base: Callable[[EngineVCpu], int]
    ) -> None:
        self._wish, self._sink, self._base = wish, sink, base
        self._hooks: Final[Mapping[str, int]] = objects.functions("emu.engine.trace_hooks")
        self._rest = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_size_t)(self._hooks["note_rest"])
        enough = DETAILS if wish.detailed else BLOCKS
        room = enough + (2 * LARGEST if wish.detailed else 64)
        self._record = np.zeros(1, TRACE)
        self._entries, self._codes = np.zeros(room, TRACE_ENTRY), np.zeros(CODES, np.uint8)
        self._word = np.zeros(1, np.uint64)
        self._ranges = np.array(wish.ranges, np.uint64).reshape(-1, 2)
        self._general_only = np.zeros(0, np.uint8)
        self._is_general: Callable[[bytes], bool] | None = None
        self._outside: dict[int, int] = {}
        self._shadows: dict[int, tuple[Rows, Rows]] = {}
        self._kept: list[Rows] = []
        self._added: list[ctypes.c_size_t] = []
        self._stretches: list[Stretch] = []
        self._left = NOWHERE
        self.address: Final = int(self._record.ctypes.data)
        self._set(
            entries=self._entries.ctypes.data,
            enough=enough,
            size=room,
            codes=self._codes.ctypes.data,
            codes_enough=CODES - LARGEST_CODE,
            codes_size=CODES,
            detailed=int(wish.detailed),
            whole=int(wish.blocks or not wish.detailed),
            ranges=self._ranges.ctypes.data,
            ranges_count=len(self._ranges),
            word=self._word.ctypes.data,
        )

    def _set(self, **words: int) -> None:
        for name, value in words.items():
            self._record[0][name] = value

    # -- on an engine -------------------------------------------------------------------------------------------------

    @property
    def block_hook(self) -> int:
        """The callback that notes blocks."""
        return self._hooks["on_block_traced"]

    def install(self, engine: Engine, add: Callable[[int, int, int], ctypes.c_size_t]) -> None:
        """Have the engine's hooks note things, added by `add` (kind, callback, user data)."""
        wish = self._wish
        state = engine.state_address or 0  # then nothing in it is watched
        registers = wish.registers or Watched()
        for name, watched in (("", registers), ("context_", wish.contexts)):
            spans = np.zeros(len(watched.spans), TRACE_SPAN)
            first = 0
            for row, (offset, count) in zip(spans, watched.spans, strict=True):
                row["host"], row["count"], row["first"] = state + offset, count, first
                first += count
            masks = np.array(watched.masks, np.uint64)
            self._kept += [spans, masks]
            plural = "contexts" if name else "spans"
            self._set(
                **{
                    plural: spans.ctypes.data,
                    f"{plural}_count": len(spans),
                    f"{name}masks": masks.ctypes.data,
                }
            )
        reads = np.array(registers.reads, np.int64)
        self._kept.append(reads)
        self._set(reads=reads.ctypes.data, reads_count=len(reads), near_count=registers.near)
        self._general_only = np.zeros(len(engine.cells), np.uint8)
        self._is_general = engine.isa.general_only
        self._set(general_only=self._general_only.ctypes.data, first_cell=engine.cells.ctypes.data)
        engine.set_word("tracing", self.address)
        hooks = self._hooks
        if wish.detailed:
            code = add(uc_const.UC_HOOK_CODE, hooks["on_instruction_traced"], engine.address)
            self._added.append(code)
        if wish.accesses:
            kinds = uc_const.UC_HOOK_MEM_WRITE | uc_const.UC_HOOK_MEM_READ_AFTER
            self._added.append(add(kinds, hooks["on_access_traced"], engine.address))

    def remove(self, engine: Engine) -> None:
        self.take(engine, forget=True)
        for hook in self._added:
            check(lib.uc_hook_del(engine.handle, hook), "remove a hook")
        self._added.clear()
        self._kept.clear()
        engine.set_word("tracing", 0)

    def leave(self, engine: Engine) -> None:
        """The loaded vCPU is about to be displaced, or to be asked."""
        self._rest(engine.address)
        self._left = engine.loaded.pc

    def enter(self, vcpu: EngineVCpu) -> None:
        """A vCPU has been loaded."""
        number = vcpu.vcpu_id
        fresh = number not in self._shadows
        if fresh:
            registers = self._wish.registers or Watched()
            words = sum(count for _, count in registers.spans) + len(registers.reads)
            contexts = sum(count for _, count in self._wish.contexts.spans)
            self._shadows[number] = np.zeros(words + 1, np.uint64), np.zeros(contexts + 1, np.uint64)
        shadow, context = self._shadows[number]
        record = self._record[0]
        self._outside[int(record["vcpu"])] = int(record["outside"])
        self._set(
            outside=self._outside.get(number, 0),
            vcpu=number,
            shadow=shadow.ctypes.data,
            context_shadow=context.ctypes.data,
            fresh=int(fresh),
            context_fresh=int(fresh),
        )
        left, self._left = self._left, NOWHERE
        self._stretches.append(Stretch(int(self._record[0]["head"]), number, self._base(vcpu), left))

    # -- taking -------------------------------------------------------------------------------------------------------

    def take(self, engine: Engine, *, forget: bool = False) -> None:
        """Give what was recorded to the sink; `forget`: the engine is about to forget its translations."""
        record = self._record[0]
        used, code_bytes, lost = int(record["head"]), int(record["codes_head"]), int(record["lost"])
        first = int(engine.cells.ctypes.data)
        codes = self._codes_of(code_bytes, first)
        self._look_at(codes, forget=forget)
        done = self._sink(Taken(self._entries[:used], tuple(self._stretches), codes, lost, forget, first))
        left = used - done
        self._entries[:left] = self._entries[done:used].copy()
        self._set(head=left, codes_head=0, lost=0)
        now = max((i for i, each in enumerate(self._stretches) if each.first <= done), default=0)
        self._stretches = [
            replace(each, first=max(each.first - done, 0), left=each.left if each.first > done else NOWHERE)
            for each in self._stretches[now:]
        ]

    def _look_at(self, codes: tuple[Code, ...], *, forget: bool) -> None:
        """Tell native code which blocks change general registers alone, until they are forgotten."""
        if forget:
            self._general_only[:] = 0
        elif self._is_general is not None and self._wish.registers is not None:
            for each in codes:
                general = len(each.code) == each.size and self._is_general(each.code)
                self._general_only[each.cell // CELL.itemsize] = general

    def _codes_of(self, used: int, first: int) -> tuple[Code, ...]:
        found, at, data = [], 0, self._codes[:used].tobytes()
        while at < used:
            cell, pc, size, count = np.frombuffer(data, TRACE_CODE, 1, at)[0].tolist()
            at += TRACE_CODE.itemsize
            code = data[at : at + size]
            at += (size + 7) & ~7
            found.append(Code(cell - first, pc, size, count, code))
        return tuple(found)


def spans_of(offsets: Sequence[int], nearby: int = 4) -> tuple[tuple[int, int], ...]:
    """(offset, words) of the spans of 8-byte words that hold these words; ones so near are one span."""
    spans: list[list[int]] = []
    for offset in sorted(set(offsets)):
        if spans and offset - (spans[-1][0] + 8 * spans[-1][1]) <= 8 * nearby:
            spans[-1][1] = (offset - spans[-1][0]) // 8 + 1
        else:
            spans.append([offset, 1])
    return tuple((offset, count) for offset, count in spans)
