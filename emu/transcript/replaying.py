"""Replaying a transcript: a driver runs against what its device said once, without the device."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from emu.device import Device, IrqLine
from emu.observer import Wish
from emu.transcript.entry import BadTranscript, Entry, Kind, Transcript
from emu.transcript.recording import LeaveAll
from emu.wiring import interrupt_line

if TYPE_CHECKING:
    from emu.machine import Machine
    from emu.timeline import Alarm

REPLAYABLE: Final = frozenset({"ns16550a", "goldfish-rtc", "bare-uart"})
"""Kinds of devices that do nothing but answer accesses and set one interrupt line. Of the others, interrupt controllers
and timers act on vCPUs, power switches end the run, and virtio and fw_cfg read and write guest memory."""


class Mismatch:
    """Where the guest left the transcript. `line` is that of `expected` in the file."""

    def __init__(self, transcript: str, line: int, expected: str, got: str, place: str) -> None:
        self.text = f"{transcript}, line {line}: expected {expected}, got {got}, at {place}."

    def __str__(self) -> str:
        return self.text


class Replay:
    """`attach` puts the transcript in the place of its devices. A guest that does something else than it says is
    stopped, and `mismatch` says where; `left` counts what the guest has not come to."""

    def __init__(self, transcript: Transcript, devices: Iterable[str] = ()) -> None:
        self.transcript, self._wanted = transcript, tuple(devices)
        self.mismatch: Mismatch | None = None
        self._actors: list[_Actor] = []

    def attach(self, machine: Machine) -> None:
        """Raises BadTranscript where the machine, or a device, is not one that can be replayed."""
        transcript = self.transcript
        if (machine.isa.name, machine.board.name) != (transcript.isa, transcript.machine):
            raise BadTranscript(
                transcript.name,
                2,
                f"isa {machine.isa.name}, machine {machine.board.name}",
                f"isa {transcript.isa}, machine {transcript.machine}",
            )
        slots = {slot.name: slot for slot in machine.board.slots}
        replayable = [name for name in transcript.devices if name in slots and slots[name].kind in REPLAYABLE]
        for name in self._wanted or replayable:
            if name not in replayable:
                known = ", ".join(replayable) or "none of them"
                raise BadTranscript(transcript.name, 0, f"a device to replay ({known})", name)
        if not replayable:
            raise BadTranscript(
                transcript.name, 0, "accesses to a device that can be replayed", ", ".join(transcript.devices)
            )
        machine.observe(LeaveAll(), Wish(leave=True))
        for name in self._wanted or replayable:
            line = interrupt_line(slots[name], machine.devices)
            rows = [
                (entry, at)
                for entry, at in zip(transcript.entries, transcript.lines, strict=True)
                if entry.device == name
            ]

            def put(device: Device, line: IrqLine = line, rows: list[tuple[Entry, int]] = rows) -> Device:
                actor = _Actor(device, line, rows, machine, self)
                self._actors.append(actor)
                return actor

            machine.put_before(name, put)

    @property
    def left(self) -> int:
        """Accesses in the transcript that the guest has not made."""
        return sum(actor.left for actor in self._actors)

    @property
    def done(self) -> int:
        """Accesses that it has made as the transcript has them."""
        return sum(actor.done for actor in self._actors)

    def miss(self, machine: Machine, line: int, expected: str, got: str) -> None:
        """The first difference ends the run."""
        if self.mismatch is None:
            pc = machine.schedule.current.arch.pc
            self.mismatch = Mismatch(self.transcript.name, line, expected, got, machine.place(pc))
            machine.stop()


class _Actor:
    """One device of the transcript. Between two accesses its interrupt line changes by itself: at the time of the
    transcript, but not before the access that came before it."""

    def __init__(
        self, device: Device, line: IrqLine, rows: list[tuple[Entry, int]], machine: Machine, replay: Replay
    ) -> None:
        self._device, self._line, self._rows = device, line, rows
        self._machine, self._replay = machine, replay
        self._at = self.done = 0
        self._alarm: Alarm = machine.timeline.alarm(f"{device.name}.transcript", self._play_lines)
        self._play_lines()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._device, name)

    @property
    def left(self) -> int:
        return sum(entry.kind is not Kind.IRQ for entry, _ in self._rows[self._at :])

    def peek(self, offset: int, width: int) -> int:
        """What it read last; nobody knows what it would read now."""
        for entry, _ in reversed(self._rows[: self._at]):
            if (entry.kind, entry.offset, entry.width) == (Kind.READ, offset, width):
                return entry.value
        return 0

    def read(self, offset: int, width: int) -> int:
        found = self._next(Kind.READ, offset, width)
        return 0 if found is None else found.value

    def write(self, offset: int, width: int, value: int) -> None:
        self._next(Kind.WRITE, offset, width, value)

    def _next(self, kind: Kind, offset: int, width: int, value: int | None = None) -> Entry | None:
        """Take the next access, if it is this one."""
        self._skip_lines()
        got = f"{self._device.name} {kind.value} +{offset:#x} ({width} bytes)"
        got += "" if value is None else f" {value:#x}"
        if self._at == len(self._rows):
            last = self._rows[-1][1]
            self._replay.miss(self._machine, last, "no further access", got)
            return None
        entry, line = self._rows[self._at]
        same = (entry.kind, entry.offset, entry.width) == (kind, offset, width)
        if not same or (value is not None and entry.value != value):
            self._replay.miss(self._machine, line, str(entry), got)
            return None
        self._at += 1
        self.done += 1
        self._play_lines()
        return entry

    def _skip_lines(self) -> None:
        """Changes of the line that are still to come, though the guest makes the access behind them: it is faster now,
        and gets them at once."""
        while self._at < len(self._rows) and self._rows[self._at][0].kind is Kind.IRQ:
            self._line.set(bool(self._rows[self._at][0].value))
            self._at += 1

    def _play_lines(self) -> None:
        """Change the line as far as it is time."""
        while self._at < len(self._rows) and self._rows[self._at][0].kind is Kind.IRQ:
            entry = self._rows[self._at][0]
            if entry.time > self._machine.now_ns:
                self._alarm.arm(entry.time)
                return
            self._line.set(bool(entry.value))
            self._at += 1
