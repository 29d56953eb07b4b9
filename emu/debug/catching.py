"""What happens at a run's events while a debugger follows it: each is recorded, and is a stop or is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from axvcpu.exits import (
    AccessFlags,
    AxVCpuExitReason,
    Debug,
    GuestException,
    Hypercall,
    IoRead,
    IoWrite,
    MmioRead,
    MmioWrite,
    NestedPageFault,
    SysRegRead,
    SysRegWrite,
    WatchHit,
)
from emu.debug.devices import access_of, device_at
from emu.debug.errors import DebugError, NotPossible
from emu.debug.points import (
    ACCESSES,
    CATCHES,
    EXCEPTION,
    EXIT_KINDS,
    INTERRUPT,
    PRIVILEGE,
    Catchpoint,
    Point,
    Watchpoint,
)
from emu.debug.privilege import level_name, privilege_bits
from emu.debug.scope import Scope
from emu.debug.stop import Access, Stop, StopKind, Trap
from emu.errors import EmuError, UnknownName
from emu.observer import Wish
from isa.errors import IsaError
from isa.records import LOG_INTERRUPT, LOG_LEVEL, LOG_TRAP

if TYPE_CHECKING:
    from emu.debug.debugger import Debugger
    from emu.schedule import Vcpu
    from emu.watch import Watch

_DEVICE_KINDS: Final = ("exit", "mmio", "mmio-read", "mmio-write", "io", "io-read", "io-write")


class Catcher:
    """Of one debugger. An `emu.observer.Observer` of its machine."""

    def __init__(self, debugger: Debugger) -> None:
        self._debugger = debugger
        self._wish: Wish | None = None
        self._traps = False  # a step: any trap stops
        self._target: int | None = None  # the exit that is waited for
        self._caught: Stop | None = None

    # -- what the machine is asked ------------------------------------------------------------------------------------

    def addresses(self) -> frozenset[int]:
        """Where a breakpoint is."""
        return frozenset(address for each in self._debugger.points.breakpoints for address in each.addresses)

    def watches(self) -> frozenset[Watch]:
        """What memory is watched."""
        return frozenset(each for point in self._debugger.points.watchpoints for each in point.watches)

    @contextmanager
    def waiting_for(self, number: int) -> Iterator[None]:
        """VM exit `number` stops."""
        self._target = number
        try:
            yield
        finally:
            self._target = None

    def begin(self, *, traps: bool) -> None:
        """A run begins."""
        self._traps, self._caught = traps, None
        debugger = self._debugger
        catches = debugger.points.catchpoints
        of_traps = any(each.kind in (EXCEPTION, INTERRUPT) for each in catches)
        of_level = any(each.kind == PRIVILEGE for each in catches)
        wish = Wish(
            traps=traps or of_traps or debugger.recording_traps,
            answered=True,
            leave=self._target is not None or any(each.of_exits for each in catches),
            at_once=traps or of_traps or of_level,
            level=privilege_bits(debugger.machine.isa) if of_level else None,
        )
        if wish != self._wish:
            debugger.machine.observe(self, wish)
            self._wish = wish
        debugger._recorder.resume()

    def end(self) -> None:
        self._traps = False

    def close(self) -> None:
        self._debugger.machine.observe(None)
        self._wish = None

    def take_caught(self) -> Stop | None:
        """The stop that an event was, once."""
        caught, self._caught = self._caught, None
        return caught

    # -- points that are asked for ------------------------------------------------------------------------------------

    def check(self, point: Catchpoint) -> None:
        """Raises UnknownName and NotPossible for what cannot be caught."""
        machine = self._debugger.machine
        if point.kind not in CATCHES:
            raise UnknownName.among("kind of event", point.kind, CATCHES)
        if point.kind == PRIVILEGE:
            bits = privilege_bits(machine.isa)
            if bits is None or machine.isa.register(bits[0]).unicorn is None:
                raise NotPossible(
                    "catch privilege",
                    f"{machine.isa.name} shows no privilege in a register that the engine has",
                )
        if point.device is not None:
            if point.kind not in _DEVICE_KINDS:
                raise NotPossible(
                    f"catch {point.kind} device {point.device}",
                    "only accesses have a device",
                    f"Use one of {', '.join(_DEVICE_KINDS)}",
                )
            if point.device not in machine.devices:
                raise UnknownName.among("device", point.device, machine.devices)

    def check_watch(self, point: Watchpoint) -> None:
        """Raises NotPossible for bytes that cannot be watched."""
        machine = self._debugger.machine
        before = machine.watchpoints
        try:
            machine.watchpoints = before | frozenset(point.watches)
        except EmuError as error:
            raise NotPossible(f"watch {point.text}", str(error).rstrip(".")) from error
        finally:
            machine.watchpoints = before

    # -- events -------------------------------------------------------------------------------------------------------

    def until(self, exit: AxVCpuExitReason) -> bool:
        """An exit that Python is about to answer. True: the run ends here, and it is not answered."""
        debugger = self._debugger
        vcpu, recorder = debugger.machine.schedule.current, debugger._recorder
        count = recorder.count
        recorder.exit(vcpu, exit)
        if isinstance(exit, Debug) or recorder.count == count:
            return False
        self._consider(vcpu, exit, recorder.count)
        return self._caught is not None

    def inside(self, vcpu: Vcpu, exit: AxVCpuExitReason, value: int) -> None:
        """An access that was answered without leaving the guest; a stop comes before the next block."""
        debugger = self._debugger
        debugger._recorder.inside(vcpu, exit, value)
        self._consider(vcpu, exit, debugger._recorder.count)
        if self._caught is not None:
            debugger.machine.stop()

    def rows(self, vcpu: Vcpu, rows: Any) -> None:  # noqa: ANN401
        """What native code did."""
        debugger = self._debugger
        debugger._recorder.rows(vcpu, rows)
        wish = self._wish
        if wish is None or not wish.at_once or self._caught is not None:
            return
        for kind, _, pc, cause, value, level in rows.tolist():
            if kind in (LOG_TRAP, LOG_INTERRUPT):
                interrupt = kind == LOG_INTERRUPT
                name = debugger.machine.isa.vector_name(cause, interrupt=interrupt)
                self._trapped(vcpu, Trap(cause, name, interrupt, pc, value, level))
            elif kind == LOG_LEVEL:
                self._changed_level(vcpu, cause, level)
            if self._caught is not None:
                debugger.machine.stop()
                return

    def _consider(self, vcpu: Vcpu, exit: AxVCpuExitReason, number: int) -> None:
        if self._target is not None and number >= self._target:
            self._caught = self._stop(StopKind.POSITION, f"VM exit {number:,}: {exit}", vcpu, exit=exit)
            return
        catches = [each for each in self._debugger.points.catchpoints if each.of_exits]
        if not catches:
            return
        facts = {"_number": number, **_facts(exit)}
        hit = [each for each in catches if self._is(each, exit) and self._stops(each, vcpu, facts)]
        if hit:
            text = f"catchpoint {hit[0].number}: {exit}"
            self._caught = self._stop(StopKind.CATCHPOINT, text, vcpu, hit, exit=exit)

    def _is(self, point: Catchpoint, exit: AxVCpuExitReason) -> bool:
        name = type(exit).__name__
        if point.kind != "exit" and name not in EXIT_KINDS[point.kind]:
            return False
        if point.cause is not None and not (isinstance(exit, Hypercall) and exit.nr == point.cause):
            return False
        return point.device is None or self.device_of(exit) == point.device

    def device_of(self, exit: AxVCpuExitReason) -> str | None:
        """The name of the device that an access is of."""
        access = access_of(exit)
        found = None if access is None else device_at(self._debugger.machine, access)
        return None if found is None else found[1].name

    def _trapped(self, vcpu: Vcpu, trap: Trap) -> None:
        debugger = self._debugger
        kind = INTERRUPT if trap.interrupt else EXCEPTION
        facts = {"_number": trap.number, "_value": trap.value}
        hit = [
            each
            for each in debugger.points.catchpoints
            if each.kind == kind and each.cause in (None, trap.number) and self._stops(each, vcpu, facts)
        ]
        what = f"{kind} {trap.name} at {debugger.place(trap.pc)}"
        if hit:
            text = f"catchpoint {hit[0].number}: {what}"
            self._caught = self._stop(StopKind.CATCHPOINT, text, vcpu, hit, trap=trap)
        elif self._traps:
            self._caught = self._stop(StopKind.STEP, f"into the handler of {what}", vcpu, trap=trap)

    def _changed_level(self, vcpu: Vcpu, before: int, now: int) -> None:
        debugger = self._debugger
        isa = debugger.machine.isa
        if level_name(isa, before) == level_name(isa, now):
            return
        facts = {"_number": now, "_value": before}
        hit = [
            each
            for each in debugger.points.catchpoints
            if each.kind == PRIVILEGE and self._stops(each, vcpu, facts)
        ]
        if hit:
            text = f"catchpoint {hit[0].number}: privilege from {level_name(isa, before)} to {level_name(isa, now)}"
            self._caught = self._stop(StopKind.CATCHPOINT, text, vcpu, hit)

    # -- hits ---------------------------------------------------------------------------------------------------------

    def arrived(self, pc: int, vcpu: Vcpu) -> Stop | None:
        """A vCPU stands at an address where a breakpoint may be."""
        hit = [
            each
            for each in self._debugger.points.breakpoints
            if pc in each.addresses and self._stops(each, vcpu, {})
        ]
        if not hit:
            return None
        debugger = self._debugger
        what = "temporary breakpoint" if hit[0].temporary else "breakpoint"
        text = f"{what} {hit[0].number}, at {debugger.place(pc)}"
        return self._stop(StopKind.BREAKPOINT, text, vcpu, hit)

    def watched(self, exit: Debug, vcpu: Vcpu) -> Stop | None:
        """An instruction has accessed watched bytes."""
        for point in self._debugger.points.watchpoints:
            names = {(watch.address, watch.size) for watch in point.watches}
            for hit in exit.hits:
                if hit.watched in names and self._touches(point, hit) and self._stops(point, vcpu, {}):
                    return self._watched(exit, point, hit, vcpu)
        return None

    @staticmethod
    def _touches(point: Watchpoint, hit: WatchHit) -> bool:
        if not hit.access & point.access:
            return False
        return point.access is not AccessFlags.WRITE or hit.before != hit.after

    def _watched(self, exit: Debug, point: Watchpoint, hit: WatchHit, vcpu: Vcpu) -> Stop:
        debugger = self._debugger
        access = Access(
            hit.address, hit.width, AccessFlags.WRITE in hit.access, exit.pc, hit.before or b"", hit.after
        )
        order = debugger.memory.order

        def shown(data: bytes | None) -> str:
            if data is None:
                return "unknown"
            return f"{int.from_bytes(data, order):#x}" if len(data) in (1, 2, 4, 8) else data.hex(" ")

        what = ACCESSES[point.access]
        values = (
            f"{shown(hit.before)} -> {shown(hit.after)}"
            if hit.before != hit.after
            else f"value {shown(hit.after)}"
        )
        text = f"{what} {point.number}: {point.text}, {values}, by {debugger.place(exit.pc)}"
        return self._stop(StopKind.WATCHPOINT, text, vcpu, [point], access=access)

    def _stops(self, point: Point, vcpu: Vcpu, facts: Mapping[str, int]) -> bool:
        """Whether the hit of a point is a stop; counts it. `facts`: what its condition knows as `$_address`, `$_value`,
        `$_width` and `$_number` of the event (of an exit the address or port, what is written, bytes, the exit's number;
        of a trap its value and cause)."""
        if point.vcpu is not None and point.vcpu != vcpu.id:
            return False
        debugger = self._debugger
        cfa = partial(self._cfa, vcpu.id)
        scope = Scope(debugger.machine, vcpu.id, debugger.symbols, debugger.info, cfa=cfa)
        scope.facts = facts
        if point.expression is not None:
            try:
                if not point.expression.evaluate(scope):
                    return False
            except (DebugError, IsaError) as error:
                self._note = (
                    f"the condition of {point.number} ({point.condition}) cannot be evaluated: {error}"
                )
                point.hits += 1
                return True
        point.hits += 1
        if point.ignore > 0:
            point.ignore -= 1
            return False
        return point.decide is None or point.decide(point, scope)

    def _cfa(self, vcpu: int) -> int | None:
        """Of the frame in which an event came."""
        from emu.debug.programs import frames_of  # noqa: PLC0415  DWARF is read when it is needed

        return frames_of(self._debugger, 1, vcpu)[0].cfa

    _note: str = ""

    def _stop(
        self,
        kind: StopKind,
        text: str,
        vcpu: Vcpu,
        hit: list[Any] | None = None,
        **facts: Any,  # noqa: ANN401
    ) -> Stop:
        notes, self._note = ((self._note,) if self._note else ()), ""
        points = [each.number for each in hit or []]
        return self._debugger._stopped(kind, text, vcpu.id, points=points, notes=notes, **facts)


def _facts(exit: AxVCpuExitReason) -> dict[str, int]:
    match exit:
        case MmioRead():
            return {"_address": exit.addr, "_width": exit.width}
        case MmioWrite():
            return {"_address": exit.addr, "_width": exit.width, "_value": exit.data}
        case IoRead():
            return {"_address": exit.port, "_width": exit.width}
        case IoWrite():
            return {"_address": exit.port, "_width": exit.width, "_value": exit.data}
        case SysRegRead():
            return {"_address": exit.addr}
        case SysRegWrite():
            return {"_address": exit.addr, "_value": exit.value}
        case NestedPageFault():
            return {"_address": exit.addr}
        case Hypercall():
            return {"_address": exit.nr, "_value": exit.args[0]}
        case GuestException():
            return {"_address": exit.vector, "_value": exit.fault_address or 0}
        case _:
            return {}
