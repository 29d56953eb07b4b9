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
from emu.observer import Wish
from emu.trace.calls import FollowedCalls, Switches
from emu.trace.code import Blocks
from emu.trace.conversion import RESOLVED, Conversion, Output
from emu.trace.events import Events
from emu.trace.recorded import BRANCHES, CONSOLE, CONTEXTS, EXCEPTIONS, EXITS, INSNS, INTERRUPTS, MEM, REGS
from emu.trace.registers import Contexts, Followed, Lane, contexts, followed
from emu.trace.rows import Batch, Column, Kind, Names
from emu.trace.tracing import Taken, TraceWish, Tracing, Watched
from isa.records import TRACE_BLOCK, TRACE_INSN

if TYPE_CHECKING:
    from emu.engine.vcpu import EngineVCpu
    from emu.machine import Machine

KINDS_OF: Final = {
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
ROOM: Final = 1 << 20
"""Rows that are written at a time."""
_SLOTS: Final = frozenset({"mips", "mipsel", "mips64", "mips64el", "sparc", "sparc64"})
"""A branch there is the last instruction but one of its block."""


@dataclass(frozen=True)
class Described:
    """What the rows of a trace refer to."""

    blocks: Blocks
    names: Names
    registers: Followed | None


class Recorder:
    """Records `what` (of RECORDED) a machine does, from now on until `close`. `write` gets rows as they are ready, and
    copies what it keeps; instructions are rows of kind BLOCK where neither registers nor memory are recorded. On the
    machine's thread.

    asked: registers that are not worth a question at each instruction are asked too. by_block: rows of kind BLOCK also
    where registers or memory are recorded, whose rows come behind those of their blocks. ranges: (low, end) of the code
    that is recorded, none: all; blocks that have some of it are recorded as a whole, and instructions of others are
    `passed`. follow: gets the calls, where instructions are recorded; turned: called when the current vCPU has come to
    another thread."""

    def __init__(
        self,
        machine: Machine,
        what: frozenset[str],
        write: Callable[[Batch], None],
        *,
        asked: bool = False,
        follow: Callable[[Switches], None] | None = None,
        turned: Callable[[], None] | None = None,
        by_block: bool = False,
        ranges: Sequence[tuple[int, int]] = (),
    ) -> None:
        self._machine, self._write, self.what = machine, write, what
        self._kinds = np.zeros(len(Kind), bool)
        for each in what:
            self._kinds[list(KINDS_OF[each])] = True
        machine.settle()
        arch = machine.vcpus[0].arch
        isa, model = machine.isa, arch.config.model
        in_place = arch.in_place
        self._names = Names()
        self._followed = followed(isa, model, in_place=in_place, asked=asked) if REGS in what else None
        self._contexts: Contexts | None = None
        if CONTEXTS in what:
            self._contexts = contexts(isa, model, in_place=in_place)
        self._blocks = Blocks(isa, GuestMemory(machine).readable)
        self.described: Final = Described(self._blocks, self._names, self._followed)
        self.lost = self.reached = 0
        self.by_block: Final = by_block or not what & {REGS, MEM}
        self._events = Events(machine, self._names)
        self._convert = Conversion(self._blocks, self._names, self._followed, self._contexts)
        self._final = False
        self._rows = Output(ROOM)
        wanted = sum(1 << kind for kind in Kind if self._kinds[kind])
        self._convert.set(wanted=wanted, back=4 if isa.name in _SLOTS else 0, whole=int(self.by_block))
        self._native = bool(what & {INSNS, REGS, MEM, BRANCHES, CONTEXTS})
        bits = privilege_bits(isa)
        level = bits if self._contexts is not None and self._contexts.level else None
        machine.observe(self._events, Wish(traps=True, answered=EXITS in what, level=level, timed=True))
        wish = TraceWish(
            self._followed.watched if self._followed is not None else None,
            MEM in what,
            self._contexts.watched if self._contexts is not None else Watched(),
            self.by_block,
            tuple(ranges),
        )
        self._calls: FollowedCalls | None = None
        if follow is not None and INSNS in what:
            self._calls = FollowedCalls(machine, follow, turned)
        self._tracing = Tracing(wish, self._take, self._base)
        if self._native:
            machine.trace(self._tracing)

    def close(self) -> None:
        """Have what was recorded so far written, and record no more."""
        self.settle()
        if self._calls is not None:
            self._calls.close()
        self.reached = self._machine.retired
        self._machine.trace(None)
        self._machine.observe(None)

    def _base(self, vcpu: EngineVCpu) -> int:
        """A vCPU's turn begins; what all others have retired."""
        base = self._machine.schedule.retired - vcpu.retired
        if self._calls is not None:
            self._calls.enter(vcpu.vcpu_id, vcpu.retired, base)
        return base

    def settle(self) -> None:
        """Have everything written that has happened: the machine stands between two instructions."""
        self._final = True
        if self._native:
            self._machine.settle_trace()
        self._flush(self._machine.retired + 1)
        self._final = False

    def hear(self, data: bytes) -> None:
        """The guest has written to its console: complete lines become rows."""
        self._events.hear(data)

    @property
    def lines(self) -> list[str]:
        """The console's lines, as rows of kind CONSOLE count them."""
        return self._events.lines

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The registers that are followed."""
        return () if self._followed is None else self._followed.lanes

    @property
    def unseen(self) -> int:
        """Instructions that were carried out and of which nothing was noted."""
        return self._convert.unseen

    @property
    def passed(self) -> int:
        """Instructions of blocks that are outside of `ranges`."""
        return self._convert.passed

    # -- rows ---------------------------------------------------------------------------------------------------------

    def _take(self, taken: Taken) -> int:
        self._blocks.add(taken.codes)
        self.lost += taken.lost
        self._convert.begin(taken, self._events.trapped())
        if self._final:
            self._convert.set(final=1, end=self._machine.retired)
        while self._convert.run(self._rows):
            self._flush(self._convert.reached(taken))
        if self._rows.is_full:
            self._flush(self._convert.reached(taken))
        done = self._convert.done
        if taken.forget:
            self._resolve(taken.entries[done:], taken.first_cell)
            self._blocks.forget_cells()
        return done

    def _resolve(self, entries: Column, first_cell: int) -> None:
        """Blocks of entries that come again are known by their numbers."""
        for index in np.flatnonzero(
            (entries["kind"] == TRACE_BLOCK) | (entries["kind"] == TRACE_INSN)
        ).tolist():
            cell = int(entries["c"][index])
            if cell < RESOLVED:
                entries["c"][index] = RESOLVED + self._blocks.of_cell(cell - first_cell) + 1

    def _flush(self, end: int) -> None:
        """Write the rows so far, with those of exits and traps among them where they happened: all that came before
        instruction `end`."""
        batch = self._mended(*self._rows.taken())
        rows, before = self._events.taken(end)
        wanted = self._kinds[rows.kind]
        rows, before = rows.take(wanted), before[wanted]
        if len(rows):
            places = np.where(
                before,
                np.searchsorted(batch.insn, rows.insn, side="left"),
                np.searchsorted(batch.insn, rows.insn, side="right"),
            )
            batch = batch.inserted(places, rows)
        if len(batch):
            self._write(batch)

    def _mended(self, batch: Batch, odd: Column) -> Batch:
        """Rows of blocks that are not known by their cell, or after which something was carried out that has none."""
        more: list[tuple[int, Batch]] = []
        for at, count in odd.tolist():
            pc, size, executed = int(batch.pc[at]), int(batch.size[at]), int(batch.value[at])
            block = self._blocks.number(pc, size, count)
            done = min(executed, count)
            ends = [*self._blocks.facts(block)[2], size]
            batch.address[at], batch.value[at], batch.size[at] = block, done, ends[done]
            if executed > count:
                other = self._blocks.beyond(block, count, executed - count)
                start, length, *_ = self._blocks.facts(other)
                row = Batch.made(
                    1,
                    insn=int(batch.insn[at]) + count,
                    vcpu=int(batch.vcpu[at]),
                    kind=Kind.BLOCK,
                    pc=start,
                    address=other,
                    value=executed - count,
                    size=length,
                )
                behind = np.searchsorted(batch.insn[at + 1 :], row.insn[0], side="left")  # its own details
                more.append((at + 1 + int(behind), row))
        if not more:
            return batch
        return batch.inserted(np.array([at for at, _ in more]), Batch.joined([row for _, row in more]))
