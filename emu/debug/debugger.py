"""The debugger: one machine, stopped at exact places for stated reasons.

    with Debugger(machine) as d:
        d.break_at("main")
        d.go()
        print(d.registers.a0, d.backtrace())

Nothing that it does is seen by the guest: breakpoints change no byte, memory and devices are looked at without effect,
and the run between two stops is the one it would have been. One thread at a time; only `interrupt` may be called from
any.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Self

from axvcpu.exits import AccessFlags, AxVCpuExitReason, Debug, DebugKind
from emu.debug import stepping
from emu.debug.catching import Catcher
from emu.debug.errors import NotPossible
from emu.debug.exits import ExitLog, Recorder, exit_count
from emu.debug.location import Location, locate
from emu.debug.memory import GuestMemory
from emu.debug.points import Breakpoint, Catchpoint, Points, Watchpoint
from emu.debug.registers import Registers
from emu.debug.scope import Scope
from emu.debug.stop import Position, Stop, StopKind
from emu.outcome import Ending, Outcome
from emu.symbols import SymbolTable
from emu.watch import Watch

if TYPE_CHECKING:
    from emu.debug.info import DebugInfos
    from emu.debug.sources import SymbolSource
    from emu.debug.stack import CallFrames, Frame
    from emu.debug.values import Value
    from emu.machine import Machine
    from emu.schedule import Vcpu

Here = Callable[["Vcpu"], bool]
"""Whether a vCPU that came to an address is the one, in the frame, that is waited for."""

_ENDINGS: Final = {
    Ending.POWERED_OFF: StopKind.ENDED,
    Ending.CRASHED: StopKind.CRASHED,
    Ending.TRAP_LOOP: StopKind.CRASHED,
    Ending.BLOCKED: StopKind.BLOCKED,
    Ending.TIMEOUT: StopKind.TIMEOUT,
    Ending.INTERRUPTED: StopKind.INTERRUPTED,
}


class Debugger:
    """Debugs `machine`, which is loaded and belongs to the caller. Keeps a table of VM exits in `exits`; with
    `recording_traps` of the guest's exceptions and interrupts too, which slows it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.points: Final = Points()
        self.exits: Final = ExitLog()
        self._recorder: Final = Recorder(machine, self.exits)
        self._catcher: Final = Catcher(self)
        self.recording_traps = False
        self._extra = SymbolTable()
        self._symbols: SymbolTable | None = None
        self._infos: DebugInfos | None = None
        self._unwinders: list[CallFrames] | None = None
        self._vcpu = machine.schedule.current.id
        self._frame = 0
        self._frames: list[Frame] | None = None
        self._deepest = 0  # the limit that `_frames` was found with
        self._unanswered: AxVCpuExitReason | None = None
        self._interrupted = False
        self._closed = False
        self.between: Callable[[], None] = lambda: None
        """Called at an exact boundary when somebody has stopped the machine without `interrupt`; the run goes on."""
        self.stop: Stop = self._stopped(StopKind.START, "nothing has run yet")
        self.previous: Stop | None = None

    # -- where it stands ----------------------------------------------------------------------------------------------

    @property
    def position(self) -> Position:
        return Position(self.machine.retired, exit_count(self.machine))

    @property
    def vcpu(self) -> int:
        """The vCPU that is looked at and stepped; a stop selects the one that stopped."""
        return self._vcpu

    @vcpu.setter
    def vcpu(self, number: int) -> None:
        if not 0 <= number < len(self.machine.vcpus):
            raise NotPossible(f"vCPU {number}", f"the machine has {len(self.machine.vcpus)}, counted from 0")
        self._vcpu, self._frame, self._frames = number, 0, None

    @property
    def registers(self) -> Registers:
        """Of the selected vCPU: `d.registers.a0`, `d.registers["a0"] = 1`."""
        return Registers(self.machine, self.machine.vcpus[self._vcpu])

    @property
    def memory(self) -> GuestMemory:
        """By guest-virtual address, as the selected vCPU's page tables have it now."""
        return GuestMemory(self.machine, self._vcpu)

    @property
    def physical_memory(self) -> GuestMemory:
        return GuestMemory(self.machine, self._vcpu, physical=True)

    @property
    def pc(self) -> int:
        self.machine.settle()
        return self.machine.vcpus[self._vcpu].arch.pc

    @property
    def symbols(self) -> SymbolTable:
        """Of the guest's files, and of what `add_symbols` brought."""
        if self._symbols is None:
            parts = [each for each in (self.machine.symbols, self._extra) if len(each)]
            self._symbols = (
                parts[0] if len(parts) == 1 else SymbolTable.merged(parts) if parts else SymbolTable()
            )
        return self._symbols

    def add_symbols(self, table: SymbolTable) -> None:
        """More names, e.g. of a program that the guest loads by itself."""
        self._extra = SymbolTable.merged([self._extra, table]) if len(self._extra) else table
        self._symbols = self._frames = None

    def load_symbols(self, text: str) -> SymbolSource:
        """Those of "FILE[@BASE]": an ELF executable, with its DWARF and call frames, or a System.map. Raises ConfigError
        for a BASE that is none, LoadError for another file."""
        from emu.debug.programs import add_source  # noqa: PLC0415
        from emu.debug.sources import read_symbols  # noqa: PLC0415

        source = read_symbols(text)
        add_source(self, source)
        return source

    def load_kallsyms(self) -> SymbolTable:
        """Those that a Linux guest has in its memory. Raises NotPossible where none are."""
        from emu.debug.sources import kallsyms  # noqa: PLC0415

        table = kallsyms(self.machine)
        if table is None:
            raise NotPossible(
                "kallsyms",
                "no Linux kernel with symbols (CONFIG_KALLSYMS) is in memory",
                "Let the kernel boot a little, or give its System.map",
            )
        self.add_symbols(table)
        return table

    @property
    def info(self) -> DebugInfos:
        """The DWARF of the guest's files."""
        if self._infos is None:
            from emu.debug.programs import infos_of  # noqa: PLC0415  DWARF is read when it is needed

            self._infos = infos_of(self.machine)
        return self._infos

    @property
    def unwinders(self) -> list[CallFrames]:
        """The call frame information of the guest's files."""
        if self._unwinders is None:
            from emu.debug.programs import unwinders_of  # noqa: PLC0415

            self._unwinders = unwinders_of(self.machine)
        return self._unwinders

    def scope(self, vcpu: int | None = None) -> Scope:
        """To evaluate expressions in: the selected frame, or the innermost one of `vcpu`."""
        number = self._vcpu if vcpu is None else vcpu
        if number != self._vcpu or self._frame == 0 or vcpu is not None:
            cfa = (lambda: self.backtrace(1)[0].cfa) if number == self._vcpu else (lambda: None)
            return Scope(self.machine, number, self.symbols, self.info, cfa=cfa)
        frame = self.backtrace(max(self._frame + 1, 64))[self._frame]
        return Scope(
            self.machine, number, self.symbols, self.info, saved=frame.registers, cfa=lambda: frame.cfa
        )

    def evaluate(self, text: str) -> Value:
        """A C expression's value in the selected frame: `request->number`, `$sp + 8`, `*(struct node *)head`.

        `int()` of it is its number. Raises ExpressionError, and Unreadable where memory is not there.
        """
        from emu.debug.expression import Expression  # noqa: PLC0415

        return Expression.parse(text).evaluate(self.scope())

    def show(self, text: str, letter: str = "") -> str:
        """An expression's value as C would write it; `letter` as in gdb's `print /x`. Raises as `evaluate` does, and
        NotPossible for a letter that is none."""
        from emu.debug.values.printing import Printer  # noqa: PLC0415

        return Printer(self.symbols, self.memory).text(self.evaluate(text), letter)

    def locate(self, text: str | int, *, body: bool = True) -> Location:
        """The code at `text`. Raises BadLocation."""
        return locate(text, self.scope(), body=body)

    def place(self, address: int) -> str:
        """`address` with its symbol, for a person."""
        name = self.symbols.name(address)
        return f"{address:#x} <{name}>" if name else f"{address:#x}"

    # -- frames -------------------------------------------------------------------------------------------------------

    def backtrace(self, limit: int = 64) -> list[Frame]:
        """The call stack of the selected vCPU, innermost first; each frame says how it was found."""
        if self._frames is None or self._deepest < limit:
            from emu.debug.programs import frames_of  # noqa: PLC0415

            self._frames, self._deepest = frames_of(self, limit), limit
        return self._frames[:limit]

    @property
    def frame(self) -> int:
        """The selected frame, 0 the innermost."""
        return self._frame

    @frame.setter
    def frame(self, level: int) -> None:
        frames = self.backtrace(max(level + 1, 64))
        if not 0 <= level < len(frames):
            raise NotPossible(f"frame {level}", f"the call stack has {len(frames)} frames, counted from 0")
        self._frame = level

    # -- points -------------------------------------------------------------------------------------------------------

    def break_at(
        self,
        location: str | int,
        condition: str = "",
        *,
        ignore: int = 0,
        temporary: bool = False,
        vcpu: int | None = None,
    ) -> Breakpoint:
        """Stop before the code at `location` ("main", "main+8", "file.c:12", an address). Raises BadLocation, and
        ExpressionError for a condition that is none."""
        place = self.locate(location)
        point = Breakpoint(
            self.points.take_number(),
            condition=condition,
            ignore=ignore,
            temporary=temporary,
            vcpu=vcpu,
            expression=self._parsed(condition),
            location=place.text,
            addresses=place.addresses,
        )
        self.points.add(point)
        return point

    def watch(
        self,
        what: str | int,
        size: int | None = None,
        access: AccessFlags = AccessFlags.WRITE,
        condition: str = "",
        *,
        ignore: int = 0,
        temporary: bool = False,
        vcpu: int | None = None,
    ) -> Watchpoint:
        """Stop after an instruction that accesses the bytes of `what`, an address or an expression that has one ("x",
        "*(int *)$sp"); `size` in bytes, from the expression's type where it is None.

        It is slow while the guest executes code in the same page (`slow`). Raises Unreadable where no memory is,
        ExpressionError, and NotPossible for what is not in RAM.
        """
        address, found = (what, None) if isinstance(what, int) else self.extent(what)
        count = size or found or self.machine.isa.bits // 8
        extents = self.memory.extents(address, count)
        point = Watchpoint(
            self.points.take_number(),
            condition=condition,
            ignore=ignore,
            temporary=temporary,
            vcpu=vcpu,
            expression=self._parsed(condition),
            text=what if isinstance(what, str) else f"*{what:#x}",
            address=address,
            size=count,
            access=access,
            watches=tuple(Watch(physical, part, access) for physical, part in extents),
        )
        self._catcher.check_watch(point)
        self.points.add(point)
        return point

    def slow(self, point: Watchpoint) -> bool:
        """Whether the guest was seen to execute code in a page that this watches, which slows it."""
        return not self.machine.slow_watchpoints.isdisjoint(point.watches)

    def catch(
        self,
        kind: str,
        condition: str = "",
        *,
        device: str | None = None,
        cause: int | None = None,
        ignore: int = 0,
        temporary: bool = False,
        vcpu: int | None = None,
    ) -> Catchpoint:
        """Stop at an exit of this kind (before it is answered), after an exception or interrupt is taken (before the
        first instruction of its handler), or where the privilege changes; `points.CATCHES` are the kinds. device: only
        accesses of it; cause: only this trap's number, or this call's. Raises UnknownName, NotPossible."""
        point = Catchpoint(
            self.points.take_number(),
            condition=condition,
            ignore=ignore,
            temporary=temporary,
            vcpu=vcpu,
            expression=self._parsed(condition),
            kind=kind,
            device=device,
            cause=cause,
        )
        self._catcher.check(point)
        self.points.add(point)
        return point

    def set_condition(self, number: int, condition: str) -> None:
        """Raises ExpressionError."""
        point, expression = self.points.find(number), self._parsed(condition)
        point.condition, point.expression = condition, expression

    def _parsed(self, condition: str) -> Any:  # noqa: ANN401
        if not condition.strip():
            return None
        from emu.debug.expression import Expression  # noqa: PLC0415

        return Expression.parse(condition)

    def extent(self, text: str) -> tuple[int, int | None]:
        """(address, size) of the object that an expression names; None for a size that is not known."""
        value = self.evaluate(text)
        if value.address is not None:
            return value.address, value.type.size or None
        if text.strip().startswith("$"):
            raise NotPossible(
                f"watch {text}", "a register is not in memory", "Watch what it points to: *$reg"
            )
        return int(value) & (1 << self.machine.isa.bits) - 1, None

    # -- running ------------------------------------------------------------------------------------------------------

    def go(self, max_insns: int | None = None, timeout: float | None = None) -> Stop:
        """Run until something stops the guest, `max_insns` more instructions have retired, or `timeout` seconds of
        host time have passed."""
        limit = None if max_insns is None else self.machine.retired + max_insns
        return self._finish(self.run(limit, timeout))

    def run_to_instruction(self, number: int, timeout: float | None = None) -> Stop:
        """Run until `number` instructions have retired since the machine was made. Raises NotPossible for one that has
        passed."""
        if number < self.machine.retired:
            raise NotPossible(f"instruction {number:,}", f"{self.machine.retired:,} have retired already")
        return self._finish(self.run(number, timeout))

    def run_to_exit(self, number: int, timeout: float | None = None) -> Stop:
        """Run until VM exit `number`, which is then not answered yet. Raises NotPossible for one that has passed."""
        if number <= self.position.exit:
            raise NotPossible(f"exit {number:,}", f"{self.position.exit:,} have been left already")
        with self._catcher.waiting_for(number):
            return self._finish(self.run(None, timeout))

    def run_exits(self, count: int = 1) -> Stop:
        """Run to the `count`-th next VM exit."""
        return self.run_to_exit(self.position.exit + count)

    def step(self, count: int = 1) -> Stop:
        """`count` instructions of the selected vCPU. An exception or interrupt that one of them takes stops before the
        first instruction of its handler."""
        return self._finish(stepping.step(self, count))

    def step_within(self, low: int = 0, high: int = 0, *, over_interrupts: bool = False) -> Stop:
        """One instruction of the selected vCPU, and more while its pc stays in [low, high). With `over_interrupts` the
        handlers of interrupts are run to their return on the way."""
        return self._finish(stepping.step_within(self, low, high, over_interrupts=over_interrupts))

    def step_over(self) -> Stop:
        """One instruction; a call is run to its return, an exception or interrupt to the end of its handler."""
        return self._finish(stepping.step_over(self))

    def step_out(self) -> Stop:
        """Run to where the selected frame returns. Raises NotPossible in the outermost one."""
        return self._finish(stepping.step_out(self))

    def step_line(self) -> Stop:
        """Run to another source line; into functions that have lines. Without lines: one instruction."""
        return self._finish(stepping.step_line(self, into=True))

    def next_line(self) -> Stop:
        """Run to another source line of this function or its callers. Without lines: `step_over`."""
        return self._finish(stepping.step_line(self, into=False))

    def until(self, location: str | int, timeout: float | None = None) -> Stop:
        """Run to the code at `location`, or to where the current function returns. Raises BadLocation."""
        return self._finish(stepping.until(self, self.locate(location), timeout))

    def interrupt(self) -> None:
        """From any thread or signal handler: stop at the next exact boundary."""
        self._interrupted = True
        self.machine.stop()

    def forget_interrupt(self) -> None:
        """An `interrupt` that no run has taken is not for the next."""
        self._interrupted = False

    def restart(self) -> Stop:
        """The machine as after power-on; points stay. Counts go on."""
        self._unanswered = None
        self.machine.reset()
        self._vcpu = self.machine.schedule.current.id
        return self._finish(self._stopped(StopKind.START, "the machine was reset"))

    def run(
        self,
        limit: int | None = None,
        timeout: float | None = None,
        places: dict[int, Here] | None = None,
        *,
        traps: bool = False,
        standing: Vcpu | None = None,
    ) -> Stop:
        """The run behind all others: until a point stops it, `limit` instructions have retired in all, a vCPU comes to
        one of `places` (address -> whether it is the one), or, with `traps`, the guest takes an exception or
        interrupt (then `Stop.trap` is set and kind is STEP). No point stops `standing` before it has moved. Does not
        become `self.stop`: `_finish` does that."""
        machine, catcher = self.machine, self._catcher
        deadline = None if timeout is None else time.monotonic() + timeout
        if self.stop.over and self.stop.kind is StopKind.ENDED:
            return self.stop
        begin = (machine.retired, machine.schedule.current.id)
        stood = None if standing is None else (standing.id, standing.arch.retired)
        over = self._answer()
        if over is not None:
            return over
        places = places or {}
        catcher.begin(traps=traps)
        machine.watchpoints = catcher.watches()
        machine.breakpoints = catcher.addresses() | places.keys()
        try:
            while True:
                left = None if limit is None else max(limit - machine.retired, 0)
                rest = None if deadline is None else max(deadline - time.monotonic(), 0.0)
                if self._interrupted:
                    return self._break()
                outcome = machine.run(left, rest, catcher.until)
                stop = self._judge(outcome, limit, places, begin, stood)
                if stop is not None:
                    return stop
                over = self._answer()
                if over is not None:
                    return over
                if outcome.ending is Ending.INTERRUPTED:  # points may have come and gone meanwhile
                    catcher.begin(traps=traps)
                    machine.watchpoints = catcher.watches()
                machine.breakpoints = catcher.addresses() | places.keys()
        finally:
            catcher.end()

    def _judge(
        self,
        outcome: Outcome,
        limit: int | None,
        places: dict[int, Here],
        begin: tuple[int, int],
        stood: tuple[int, int] | None,
    ) -> Stop | None:
        """The stop that an outcome is, None where the run goes on."""
        catcher, machine = self._catcher, self.machine
        caught = catcher.take_caught()
        if outcome.ending is Ending.EXIT:
            exit = outcome.exit
            if isinstance(exit, Debug):
                vcpu = machine.vcpus[outcome.vcpu_id]
                if exit.kind is DebugKind.WATCHPOINT:
                    return caught or catcher.watched(exit, vcpu)
                if (machine.retired, vcpu.id) == begin:
                    return None  # it stood there when the run began
                moved = (vcpu.id, vcpu.arch.retired) != stood
                hit = catcher.arrived(exit.pc, vcpu) if moved else None
                if hit is not None:
                    return hit
                here = places.get(exit.pc)
                if here is not None and here(vcpu):
                    return self._stopped(StopKind.STEP, f"at {self.place(exit.pc)}", vcpu.id)
                return None
            self._unanswered = exit
            return caught
        if caught is not None:
            return caught
        if outcome.ending is Ending.BUDGET and limit is not None:
            return self._stopped(StopKind.POSITION, f"{machine.retired:,} instructions have retired")
        if outcome.ending is Ending.INTERRUPTED:
            self.between()
            return self._break() if self._interrupted else None
        return self._stopped(
            _ENDINGS[outcome.ending], outcome.text, outcome.vcpu_id, outcome=outcome, exit=outcome.exit
        )

    def _break(self) -> Stop:
        self._interrupted = False
        return self._stopped(StopKind.INTERRUPTED, "stopped from outside")

    def _answer(self) -> Stop | None:
        """Answer the exit that the last run left at; the end, where that ended the guest."""
        exit, self._unanswered = self._unanswered, None
        if exit is None:
            return None
        self.machine.settle()
        outcome = self.machine.answer(exit)
        self._recorder.settle()
        if outcome is None:
            return None
        return self._stopped(
            _ENDINGS[outcome.ending], outcome.text, outcome.vcpu_id, outcome=outcome, exit=outcome.exit
        )

    def _stopped(
        self,
        kind: StopKind,
        text: str,
        vcpu: int | None = None,
        *,
        points: Sequence[int] = (),
        notes: Sequence[str] = (),
        **facts: Any,  # noqa: ANN401
    ) -> Stop:
        machine = self.machine
        number = machine.schedule.current.id if vcpu is None else vcpu
        machine.settle()
        pc = machine.vcpus[number].arch.pc
        return Stop(
            kind, self.position, number, pc, self.symbols.name(pc), text, tuple(points), notes=tuple(notes), **facts
        )  # fmt: skip

    def _finish(self, stop: Stop) -> Stop:
        """`stop` is where the guest stands now."""
        self._recorder.settle()
        self.previous, self.stop = self.stop, stop
        self._vcpu, self._frame, self._frames = stop.vcpu, 0, None
        for number in stop.points:
            if any(point.number == number and point.temporary for point in self.points):
                self.points.delete(number)
        return stop

    # -- ending -------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Leave the machine as one that nobody debugs; it may run on. An exit that was stopped at is answered."""
        if self._closed:
            return
        self._closed = True
        self._answer()
        self.machine.breakpoints = frozenset()
        self.machine.watchpoints = frozenset()
        self._catcher.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: Any) -> None:  # noqa: ANN401
        self.close()
