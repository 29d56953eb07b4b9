"""Takes snapshots: the only code of the panes that touches the machine, on the debugger's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from axemu.tracer.chains import Follower
from axemu.tracer.codeview import code_window
from axemu.tracer.exitview import ExitView, Place, Places
from axemu.tracer.model import (
    REFUSALS,
    FrameRow,
    MemoryView,
    PointRow,
    RegisterRow,
    Snapshot,
    SourceView,
    StackRow,
    VcpuRow,
    View,
)
from axemu.tracer.origin import origin, since, stop_text
from axemu.tracer.sources import SourceFiles
from axvcpu.exits import AccessFlags
from axvcpu.states import VCpuState
from emu.debug.debugger import Debugger
from emu.debug.devices import views
from emu.debug.points import Breakpoint, Catchpoint, Watchpoint
from emu.debug.vcpus import vcpu_view
from emu.registers import Direction
from isa.register import Register, Role

GENERAL: Final = (Role.GENERAL, Role.SP, Role.RA, Role.ZERO, Role.PC)
WATCHES: Final = {
    AccessFlags.WRITE: "watch",
    AccessFlags.READ: "rwatch",
    AccessFlags.READ | AccessFlags.WRITE: "awatch",
}
"""gdb's words."""
NOTHING: Final[tuple[Any, ...]] = ()
T = TypeVar("T")


class Camera:
    """Of one debugger. Remembers what was there at the last stop, so that changes can be marked."""

    def __init__(self, debugger: Debugger) -> None:
        self._debugger = debugger
        self.sources: Final = SourceFiles()
        self.places: Final = places_of(debugger)
        self._stop: object = None
        self._before: dict[str, int] = {}
        self._values: dict[str, int] = {}
        self._memory: tuple[int, bytes] = (0, b"")
        self._memory_before: tuple[int, bytes] = (0, b"")
        debugger.symbols.at(0)  # its index is made here, for lookups on other threads

    def glance(self, *, running: bool) -> Snapshot:
        """What is cheap."""
        return self._snapshot(running=running, whole=False)

    def picture(self, view: View) -> Snapshot:
        """Everything."""
        debugger = self._debugger
        if debugger.stop is not self._stop:
            self._stop = debugger.stop
            self._before, self._values = self._values, {}
            self._memory_before, self._memory = self._memory, (0, b"")
        troubles: dict[str, str] = {}

        def part(name: str, take: Callable[[], T], nothing: T) -> T:
            try:
                return take()
            except REFUSALS as refusal:
                troubles[name] = str(refusal)
            except Exception as fault:
                troubles[name] = f"internal error: {type(fault).__name__}: {fault}"
            return nothing

        follower = Follower(debugger)
        pc = debugger.pc
        return self._snapshot(
            running=False,
            whole=True,
            registers=part("registers", lambda: self._registers(follower), NOTHING),
            code=part(
                "code",
                lambda: code_window(
                    debugger, pc if view.code is None else view.code, view.code_rows, self.sources, pc
                ),
                NOTHING,
            ),
            source=part(
                "source", lambda: self.sources.view(debugger.info, _frame_pc(debugger)), SourceView()
            ),
            stack=part("stack", lambda: _stack(debugger, follower, view.stack_rows), NOTHING),
            memory=part("memory", lambda: self._memory_view(view), MemoryView()),
            frames=part("frames", lambda: _frames(debugger, view.frames), NOTHING),
            points=part("points", lambda: _points(debugger), NOTHING),
            devices=part("devices", lambda: tuple(views(debugger.machine)), NOTHING),
            troubles=troubles,
        )

    def _snapshot(self, *, running: bool, whole: bool, **more: Any) -> Snapshot:  # noqa: ANN401
        debugger = self._debugger
        machine = debugger.machine
        machine.settle()
        number = machine.schedule.current.id if running else debugger.vcpu
        vcpu = machine.vcpus[number]
        pc = vcpu.arch.pc
        log = debugger.exits
        vcpus = _vcpus(debugger, number)
        return Snapshot(
            whole=whole,
            running=running,
            stop=debugger.stop,
            position=since(debugger, debugger.position),
            stop_text=stop_text(debugger, debugger.stop),
            time=machine.now_ns,
            vcpu=number,
            vcpus_count=len(machine.vcpus),
            frame=debugger.frame,
            pc=pc,
            place=debugger.place(pc),
            privilege=vcpus[number].privilege,
            bits=machine.isa.bits,
            exits=ExitView(tuple(log.parts()), log.dropped, origin(debugger)),
            symbols=debugger.symbols,
            vcpus=vcpus,
            **more,
        )

    def _registers(self, follower: Follower) -> tuple[RegisterRow, ...]:
        debugger = self._debugger
        rows = []
        registers = debugger.registers
        for register in sorted(debugger.machine.isa.registers, key=_order):
            general = register.role in GENERAL and register.group == "general"
            try:
                value = registers[register.name]
            except Exception:
                rows.append(
                    RegisterRow(register.name, register.bits, 0, register.group, general, known=False)
                )
                continue
            self._values[register.name] = value
            before = self._before.get(register.name)
            rows.append(
                RegisterRow(
                    register.name,
                    register.bits,
                    value,
                    register.group,
                    general,
                    changed=before is not None and before != value,
                    fields=_decoded(register, value),
                    chain=()
                    if not general
                    else follower.code(value)
                    if register.role is Role.PC
                    else follower.chain(value),
                )
            )
        return tuple(rows)

    def _memory_view(self, view: View) -> MemoryView:
        debugger = self._debugger
        address = view.memory
        if address is None:
            stack = debugger.machine.isa.of_role(Role.SP)
            address = debugger.registers[stack[0].name] & ~0xF if stack else 0
        memory = debugger.memory
        data: list[int | None] = []
        mask = (1 << debugger.machine.isa.bits) - 1
        while len(data) < view.memory_size:
            part = memory.readable((address + len(data)) & mask, view.memory_size - len(data))
            data += part
            if len(data) < view.memory_size:
                at = (address + len(data)) & mask
                data += [None] * min(4096 - at % 4096, view.memory_size - len(data))
        now = bytes(each or 0 for each in data)
        self._memory = (address, now)
        base, before = self._memory_before
        changed = frozenset(
            address + index
            for index, byte in enumerate(now)
            if 0 <= address + index - base < len(before) and before[address + index - base] != byte
        )
        return MemoryView(address, view.memory_text, tuple(data), changed)


def places_of(debugger: Debugger) -> Places:
    """The machine's devices by address, with the names of their registers."""
    found = []
    for view in views(debugger.machine):
        names: dict[tuple[int, bool], str] = {}
        for register in view.registers:
            for write, direction in ((False, Direction.READ), (True, Direction.WRITE)):
                if direction in register.access:
                    names.setdefault((register.offset, write), register.name)
        found.append(Place(view.name, view.base, view.size, view.port, names))
    return Places(found)


def _order(register: Register) -> tuple[bool, bool, bool]:
    return (
        register.role is not Role.PC,
        register.group != "general",
        register.role in (Role.FP, Role.VECTOR),
    )


def _decoded(register: Register, value: int) -> tuple[tuple[str, str], ...]:
    found = []
    for each in register.fields:
        number = each.of(value)
        named = dict(each.values).get(number)
        if named is not None:
            found.append((each.name, named))
        elif number:
            found.append((each.name, "" if each.width == 1 else f"{number:#x}"))
    return tuple(found)


def _frame_pc(debugger: Debugger) -> int:
    return debugger.backtrace()[debugger.frame].pc if debugger.frame else debugger.pc


def _stack(debugger: Debugger, follower: Follower, rows: int) -> tuple[StackRow, ...]:
    isa = debugger.machine.isa
    stack = isa.of_role(Role.SP)
    if not stack:
        return ()
    top = debugger.registers[stack[0].name]
    size = follower.size
    marks: dict[int, list[str]] = {}
    for register in isa.registers:
        if register.role in GENERAL and register.role is not Role.PC and register.group == "general":
            value = debugger.registers[register.name]
            if top <= value < top + rows * size:
                marks.setdefault(value, []).append(register.name)
    data = debugger.memory.readable(top, rows * size)
    order = debugger.memory.order
    return tuple(
        StackRow(
            top + at,
            value := int.from_bytes(data[at : at + size], order),
            size,
            follower.chain(value),
            ",".join(marks.get(top + at, ())),
        )
        for at in range(0, len(data) - size + 1, size)
    )


def _frames(debugger: Debugger, limit: int) -> tuple[FrameRow, ...]:
    rows = []
    for frame in debugger.backtrace(limit):
        line = debugger.info.line(frame.pc if frame.level == 0 else max(frame.pc - 1, 0))
        method = "here" if frame.method is None else frame.method.value
        rows.append(
            FrameRow(
                frame.level,
                frame.pc,
                frame.symbol or "?",
                str(line) if line is not None else "",
                method,
                frame.level == debugger.frame,
            )
        )
    return tuple(rows)


def _vcpus(debugger: Debugger, selected: int) -> tuple[VcpuRow, ...]:
    rows = []
    for vcpu in debugger.machine.vcpus:
        view = vcpu_view(debugger.machine, vcpu.id)
        blocked = view.state is VCpuState.BLOCKED and view.block is not None
        rows.append(
            VcpuRow(
                vcpu.id,
                view.state.name.lower(),
                str(view.block.name).lower().replace("_", " ") if blocked and view.block is not None else "",
                view.pc,
                debugger.symbols.name(view.pc) or "",
                " ".join(each for each in (view.privilege, view.mode) if each),
                ", ".join(view.interrupts.pending),
                vcpu.arch.retired,
                vcpu.id == selected,
            )
        )
    return tuple(rows)


def _points(debugger: Debugger) -> tuple[PointRow, ...]:
    rows = []
    for point in debugger.points:
        details = []
        if isinstance(point, Breakpoint):
            kind = "tbreak" if point.temporary else "break"
            details += [debugger.place(address) for address in point.addresses[:3]]
        elif isinstance(point, Watchpoint):
            kind = WATCHES.get(point.access, "watch")
            details.append(f"{point.size} bytes at {debugger.place(point.address)}")
            if debugger.slow(point):
                details.append("slow: code runs in its page")
        else:
            assert isinstance(point, Catchpoint)
            kind = "catch"
        if point.condition:
            details.append(f"if {point.condition}")
        if point.ignore:
            details.append(f"ignores the next {point.ignore}")
        if point.vcpu is not None:
            details.append(f"vCPU {point.vcpu}")
        rows.append(PointRow(point.number, kind, point.what, point.enabled, point.hits, "; ".join(details)))
    return tuple(rows)
