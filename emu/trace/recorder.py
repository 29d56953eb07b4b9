"""Recording a machine: what native code notes and what the machine tells become the rows of a trace, in order.

Native entries are taken in bulk. The last block or instruction among them is kept back: only what comes after it says
how much of it was executed. An instruction that another of the same number follows did not retire: it trapped, or began
anew when a device had answered; it and its accesses are left out, and what its trap has written to registers comes
before the instruction that follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from emu.debug.memory import GuestMemory
from emu.debug.privilege import privilege_bits
from emu.engine.tracing import NOWHERE, Stretch, Taken, Tracing, TraceWish, Watched
from emu.observer import Wish
from emu.trace.code import Blocks
from emu.trace.events import Events
from emu.trace.registers import Contexts, Followed, contexts, followed
from emu.trace.rows import Batch, Column, Kind, Names
from isa.records import TRACE_BLOCK, TRACE_CONTEXT, TRACE_ENTRY, TRACE_INSN, TRACE_REG

if TYPE_CHECKING:
    from emu.machine import Machine

INSNS, REGS, MEM, BRANCHES, EXITS, EXCEPTIONS, INTERRUPTS, CONTEXTS, CONSOLE = RECORDED = (
    "insns",
    "regs",
    "mem",
    "branches",
    "exits",
    "exceptions",
    "interrupts",
    "contexts",
    "console",
)
"""What can be recorded, each by itself."""
_KINDS_OF: Final = {
    INSNS: (Kind.INSN, Kind.BLOCK),
    REGS: (Kind.REG,),
    MEM: (Kind.READ, Kind.WRITE),
    BRANCHES: (Kind.BRANCH,),
    EXITS: (Kind.EXIT,),
    EXCEPTIONS: (Kind.EXCEPTION,),
    INTERRUPTS: (Kind.INTERRUPT,),
    CONTEXTS: (Kind.CONTEXT,),
    CONSOLE: (Kind.CONSOLE,),
}
_TOLD: Final = {EXITS, EXCEPTIONS, INTERRUPTS}
_SLOTS: Final = frozenset({"mips", "mipsel", "mips64", "mips64el", "sparc", "sparc64"})
"""A branch there is the last instruction but one of its block."""


@dataclass(frozen=True)
class Described:
    """What the rows of a trace refer to."""

    blocks: Blocks
    names: Names
    registers: Followed | None


class Recorder:
    """Records `what` (of RECORDED) a machine does, from now on until `close`. `write` gets rows as they are ready;
    instructions are rows of kind BLOCK where neither registers nor memory are recorded. On the machine's thread."""

    def __init__(self, machine: Machine, what: frozenset[str], write: Callable[[Batch], None]) -> None:
        self._machine, self._write, self.what = machine, write, what
        self._kinds = np.zeros(len(Kind), bool)
        for each in what:
            self._kinds[list(_KINDS_OF[each])] = True
        arch = machine.vcpus[0].arch
        isa, model = machine.isa, arch.config.model
        in_place = arch.in_place
        self._names = Names()
        self._followed = followed(isa, model, in_place=in_place) if REGS in what else None
        self._contexts: Contexts | None = None
        if CONTEXTS in what:
            self._contexts = contexts(isa, model, in_place=in_place)
        self._blocks = Blocks(isa, GuestMemory(machine).readable)
        self.described: Final = Described(self._blocks, self._names, self._followed)
        self.lost = 0
        self.unseen = 0  # instructions that were carried out without a hook
        lanes = () if self._followed is None else self._followed.lanes
        self._lane_names = np.array([self._names.number(lane.name) for lane in lanes], np.uint16)
        self.detailed: Final = REGS in what or MEM in what
        self._events = Events(machine, self._names)
        self._kept, self._kept_numbers = np.zeros(0, TRACE_ENTRY), np.zeros(0, np.uint64)
        self._wanting = bool(what & {INSNS, REGS, MEM, BRANCHES, CONTEXTS})
        bits = privilege_bits(isa)
        level = bits if self._contexts is not None and self._contexts.level else None
        machine.observe(self._events, Wish(traps=True, answered=EXITS in what, level=level, timed=True))
        wish = TraceWish(
            self._followed.watched if self._followed is not None else None,
            MEM in what,
            self._contexts.watched if self._contexts is not None else Watched(),
        )
        self._tracing = Tracing(wish, self._take, lambda vcpu: machine.schedule.retired - vcpu.retired)
        if self._wanting:
            machine.trace(self._tracing)

    def close(self) -> None:
        """Have what was recorded so far written, and record no more."""
        self.settle()
        self._machine.trace(None)
        self._machine.observe(None)

    def settle(self) -> None:
        """Have everything written that has happened: the machine stands between two instructions."""
        if self._wanting:
            self._machine.settle_trace()
        self._finish(self._machine.retired)

    # -- native entries -----------------------------------------------------------------------------------------------

    def _take(self, taken: Taken) -> None:
        self._blocks.add(taken.codes)
        self.lost += taken.lost
        entries, numbers = taken.entries, _numbers(taken.entries, taken.stretches)
        self._resolve(entries)
        if taken.forget:
            self._blocks.forget_cells()
        kept = len(self._kept)
        if kept:
            entries = np.concatenate([self._kept, entries])
            numbers = np.concatenate([self._kept_numbers, numbers])
        starts = np.flatnonzero(_is_start(entries))
        if not len(starts):
            self._kept, self._kept_numbers = entries, numbers
            return
        following = np.append(entries["a"][starts[1:]], np.uint64(NOWHERE))
        for each in taken.stretches[1:]:
            before = int(np.searchsorted(starts, kept + each.first)) - 1
            if before >= 0:
                following[before] = each.left
        last = int(starts[-1])
        if last:
            self._convert(entries[:last], numbers[:last], starts[:-1], following[:-1], int(numbers[last]))
        self._kept, self._kept_numbers = entries[last:].copy(), numbers[last:].copy()

    def _resolve(self, entries: Column) -> None:
        """Cells become numbers: of a block, or of an instruction in `Blocks`."""
        blocks = np.flatnonzero(entries["kind"] == TRACE_BLOCK)
        if len(blocks):
            rows = entries[blocks]
            found = self._blocks.numbers(rows["c"], rows["a"], rows["size"], rows["count"])
            entries["c"][blocks] = found.astype(np.uint64)
        insns = np.flatnonzero(entries["kind"] == TRACE_INSN)
        if len(insns):
            rows = entries[insns]
            found = self._blocks.instructions(self._blocks.of_cells(rows["c"]), rows["a"])
            entries["c"][insns] = found.astype(np.uint64)

    def _finish(self, end: int) -> None:
        """What was kept back is complete: the machine has retired `end` instructions."""
        entries, numbers = self._kept, self._kept_numbers
        self._kept, self._kept_numbers = entries[:0], numbers[:0]
        starts = np.flatnonzero(_is_start(entries))
        self._convert(entries, numbers, starts, np.full(len(starts), NOWHERE, np.uint64), end)

    def _convert(self, entries: Column, numbers: Column, starts: Column, following: Column, end: int) -> None:
        """Rows of entries that are complete: the next instruction has the number `end`. following: the pc after each
        start."""
        batch = Batch.made(0)
        if len(starts):
            executed = np.diff(numbers[starts], append=np.uint64(end)).astype(np.int64)
            made = self._instructions if self.detailed else self._stretches
            batch = made(entries, numbers, starts, following, executed)
        if self._contexts is not None:
            changes = np.flatnonzero(entries["kind"] == TRACE_CONTEXT)
            rows = self._contexts.rows(entries[changes], numbers[changes], self._names)
            batch = batch.inserted(np.searchsorted(batch.insn, rows.insn, side="left"), rows)
        self._merge(batch, end)

    def _stretches(
        self, entries: Column, numbers: Column, starts: Column, following: Column, executed: Column
    ) -> Batch:
        """A row for each block of which anything was executed."""
        ran = executed > 0
        if not ran.all():
            starts, following, executed = starts[ran], following[ran], executed[ran]
        rows = entries[starts]
        counts, blocks = rows["count"].astype(np.int64), rows["c"].astype(np.int64)
        inside = np.minimum(executed, counts)
        sizes = self._blocks.sizes(blocks, inside)
        batch = Batch.made(
            len(rows),
            insn=numbers[starts],
            vcpu=rows["vcpu"],
            kind=Kind.BLOCK,
            pc=rows["a"],
            address=blocks,
            value=inside,
            size=sizes,
        )
        longer = np.flatnonzero(executed > counts)
        if len(longer):
            batch = self._with_more(batch, longer, (executed - counts)[longer])
        if BRANCHES in self.what and not len(longer):
            last = batch.pc + self._blocks.last(blocks, inside)
            batch = self._with_branches(batch, batch, np.arange(len(batch)), inside, last, following)
        return batch

    def _with_more(self, batch: Batch, longer: Column, more: Column) -> Batch:
        """With rows for what was executed after a block, without one of its own: what was carried out in its place."""
        rows = batch.take(longer)
        counts = rows.value.astype(np.int64)
        blocks = rows.address.astype(np.int64)
        facts = zip(blocks.tolist(), counts.tolist(), more.tolist(), strict=True)
        rows.address = np.array([self._blocks.beyond(*each) for each in facts], np.uint64)
        rows.insn = rows.insn + rows.value
        rows.pc = rows.pc + rows.size
        rows.value = more.astype(np.uint64)
        rows.size = self._blocks.sizes(rows.address.astype(np.int64), more).astype(np.uint16)
        return batch.inserted(longer + 1, rows)

    def _instructions(
        self, entries: Column, numbers: Column, starts: Column, following: Column, executed: Column
    ) -> Batch:
        """A row for each instruction that retired, its accesses, and each register that changed."""
        valid = executed > 0
        self.unseen += int(np.maximum(executed - 1, 0).sum())
        kinds = entries["kind"]
        owner = np.cumsum(_is_start(entries)) - 1
        first = np.maximum(owner, 0)
        starting, changes = kinds == TRACE_INSN, kinds == TRACE_REG
        access = ~starting & ~changes & (kinds != TRACE_CONTEXT)
        keep = (owner >= 0) & (changes | (valid[first] & (starting | access)))
        if INSNS not in self.what:
            keep &= ~starting
        insn, pc = numbers[starts][first], entries["a"][starts][first]
        address, value = entries["a"].copy(), entries["b"].copy()
        size, what = entries["size"].copy(), np.zeros(len(entries), np.uint16)
        at = np.flatnonzero(starting)
        places = entries["c"][at].astype(np.int64)
        value[at], address[at] = self._blocks.words(places)
        extra: tuple[Column, Batch] | None = None
        index = np.flatnonzero(changes)
        if len(index):
            assert self._followed is not None
            rows = entries[index]
            which, lanes, values, sizes = self._followed.rows(rows["count"], rows["a"], rows["b"])
            keep[index] = False
            ones = np.ones(len(which), bool)
            ones[1:] = which[1:] != which[:-1]
            here = index[which]
            keep[here] = owner[here] >= 0
            address[here[ones]], value[here[ones]] = lanes[ones], values[ones]
            size[here[ones]], what[here[ones]] = sizes[ones], self._lane_names[lanes[ones]]
            if not ones.all():
                rest, also = here[~ones], lanes[~ones]
                more = Batch.made(
                    len(rest),
                    insn=insn[rest],
                    vcpu=entries["vcpu"][rest],
                    kind=Kind.REG,
                    pc=pc[rest],
                    address=also,
                    value=values[~ones],
                    size=sizes[~ones],
                    what=self._lane_names[also],
                )
                extra = rest, more
        whole = Batch.made(
            len(entries),
            insn=insn,
            vcpu=entries["vcpu"],
            kind=kinds,
            pc=pc,
            address=address,
            value=value,
            size=size,
            what=what,
        )
        batch = whole.take(np.flatnonzero(keep))
        if extra is not None:
            place = np.cumsum(keep)[extra[0]]
            batch = batch.inserted(place, extra[1])
        if BRANCHES in self.what:
            ran = np.flatnonzero(valid)
            rows = whole.take(starts[ran])
            at = np.searchsorted(batch.insn, rows.insn, side="right") - 1
            ones = np.ones(len(ran), np.int64)
            batch = self._with_branches(batch, rows, at, ones, rows.pc, following[ran])
        return batch

    def _with_branches(
        self, batch: Batch, rows: Batch, at: Column, executed: Column, last: Column, following: Column
    ) -> Batch:
        """With a row for each of `rows` (the last instruction of which is at `last`) that did not go on in a straight
        line, after row `at` of the batch."""
        jumped = (following != rows.pc + rows.size) & (following != NOWHERE)
        traps = self._events.trapped()
        if len(traps):
            jumped &= ~np.isin(rows.insn + executed.astype(np.uint64), traps)
        index = np.flatnonzero(jumped)
        back = np.uint64(4 if self._machine.isa.name in _SLOTS else 0)
        found = Batch.made(
            len(index),
            insn=rows.insn[index] + executed[index].astype(np.uint64) - np.uint64(1),
            vcpu=rows.vcpu[index],
            kind=Kind.BRANCH,
            pc=last[index] - back,
            address=following[index],
        )
        return batch.inserted(at[index] + 1, found)

    # -- with what the machine has told -------------------------------------------------------------------------------

    def _merge(self, batch: Batch, end: int) -> None:
        """Write rows, with those of exits and traps among them where they happened."""
        rows, before = self._events.taken(end)
        if len(rows):
            places = np.where(
                before,
                np.searchsorted(batch.insn, rows.insn, side="left"),
                np.searchsorted(batch.insn, rows.insn, side="right"),
            )
            batch = batch.inserted(places, rows)
        wanted = self._kinds[batch.kind]
        if not wanted.all():
            batch = batch.take(np.flatnonzero(wanted))
        if len(batch):
            self._write(batch)


def _is_start(entries: Column) -> Column:
    kinds = entries["kind"]
    started: Column = (kinds == TRACE_BLOCK) | (kinds == TRACE_INSN)
    return started


def _numbers(entries: Column, stretches: Sequence[Stretch]) -> Column:
    """The number of the instruction that each entry begins, or comes before."""
    numbers: Column = np.where(entries["kind"] == TRACE_CONTEXT, entries["c"], entries["b"])
    for each, end in zip(stretches, [*(one.first for one in stretches[1:]), len(entries)], strict=True):
        numbers[each.first : end] += np.uint64(each.base)
    return numbers
