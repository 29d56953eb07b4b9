"""The machine as gdb sees it: threads from 1 (vCPU n is thread n + 1), registers by number, points by packet.

For the thread that the debugger belongs to.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from axemu.gdbserver.errors import Malformed, Refused
from axemu.gdbserver.layout import Layout, Slot
from axemu.gdbserver.windows import flushed
from axvcpu.errors import AxError
from axvcpu.exits import AccessFlags
from axvcpu.states import VCpuState
from emu.debug.errors import NotPossible, Unreadable
from emu.debug.memory import GuestMemory
from emu.debug.points import Breakpoint, Watchpoint
from emu.debug.registers import Registers
from emu.errors import EmuError
from isa.contract import Role
from isa.errors import IsaError

if TYPE_CHECKING:
    from emu.debug.debugger import Debugger
    from emu.debug.points import Point
    from emu.debug.stop import Stop

T = TypeVar("T")
SOFTWARE, HARDWARE, WRITE, READ, ACCESS = range(5)
"""Kinds of points, as Z packets count them."""
ACCESSES: Final = {
    WRITE: AccessFlags.WRITE,
    READ: AccessFlags.READ,
    ACCESS: AccessFlags.READ | AccessFlags.WRITE,
}
MOST_POINTS: Final = 10_000
PIECE: Final = 1 << 20
NO: Final = (EmuError, IsaError, AxError)
"""How a machine refuses."""
NO_MEMORY, NO_ROOM = 14, 28  # EFAULT, ENOSPC
_REFLECTED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Key:
    """A point as the client knows it."""

    kind: int
    address: int
    size: int


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of `thread` (from 1), or as many as it stays in [low, high)."""

    thread: int
    low: int = 0
    high: int = 0


class Target:
    """`thread`, counted from 1, is the one that registers and memory are asked of."""

    def __init__(self, debugger: Debugger) -> None:
        self.debugger: Final = debugger
        machine = debugger.machine
        self.layout: Final = Layout(machine.isa)
        self.threads: Final = len(machine.vcpus)
        self.thread = 1
        self.step_over_interrupts = True
        self.quitting = False  # a client wants this process to end
        self._points: dict[Key, int] = {}

    def call(self, function: Callable[[Debugger], T]) -> T:
        """What `function` finds. Raises Refused for what a debugger says no to."""
        try:
            return function(self.debugger)
        except Unreadable as error:
            raise Refused(str(error), number=NO_MEMORY) from error
        except NO as error:
            raise Refused(str(error)) from error

    # -- registers ----------------------------------------------------------------------------------------------------

    def _slot(self, number: int) -> Slot:
        slot = self.layout.slots.get(number)
        if slot is None:
            raise Refused(f"There is no register {number}.")
        return slot

    def core(self) -> bytes:
        """The `g` packet's registers."""
        slots = self.layout.core
        return b"".join(map(self.layout.encoded, slots, self._read(slots)))

    def told(self, thread: int) -> list[tuple[Slot, bytes]]:
        """The registers that come with a stop."""
        slots = self.layout.told
        values = self._read(slots, thread)
        return [(slot, self.layout.encoded(slot, value)) for slot, value in zip(slots, values, strict=True)]

    def register(self, number: int) -> bytes:
        slot = self._slot(number)
        return self.layout.encoded(slot, self._read([slot])[0])

    def set_register(self, number: int, data: bytes) -> None:
        slot = self._slot(number)
        if len(data) != slot.size:
            raise Malformed(f"{slot.name} has {slot.size} bytes.", f"Got {len(data)}.")
        if slot.row.read_only:
            raise Refused(f"{slot.name} can only be read.")
        value, thread = self.layout.decoded(data), self.thread - 1
        self.call(lambda debugger: _assign(debugger, thread, slot, value))

    def set_core(self, data: bytes) -> None:
        """All of a `G` packet; only what differs is written."""
        slots = self.layout.core
        if len(data) > sum(slot.size for slot in slots):
            raise Malformed("G has more bytes than there are registers.")
        new: list[tuple[Slot, int]] = []
        at = 0
        for slot in slots:
            part = data[at : at + slot.size]
            at += slot.size
            if len(part) == slot.size:
                new.append((slot, self.layout.decoded(part)))
        thread = self.thread - 1

        def write(debugger: Debugger) -> None:
            old = _values(debugger, thread, [slot for slot, _ in new])
            for (slot, value), before in zip(new, old, strict=True):
                if not slot.row.read_only and before != value:
                    _assign(debugger, thread, slot, value)

        self.call(write)

    def _read(self, slots: Sequence[Slot], thread: int | None = None) -> list[int | None]:
        number = (self.thread if thread is None else thread) - 1
        return self.call(lambda debugger: _values(debugger, number, slots))

    # -- memory -------------------------------------------------------------------------------------------------------

    def read(self, address: int, size: int) -> bytes:
        """As far as memory is there, at least a byte. Raises Refused."""
        thread = self.thread - 1
        data = self.call(partial(_readable, thread=thread, address=address, size=size))
        if size and not data:
            raise Refused(f"Nothing is mapped at {address:#x}.", number=NO_MEMORY)
        return flushed(self.layout.isa, self.debugger.machine.vcpus[thread].arch, address, data)

    def write(self, address: int, data: bytes) -> None:
        thread = self.thread - 1
        self.call(lambda debugger: GuestMemory(debugger.machine, thread).write(address, data))

    def find(self, address: int, size: int, pattern: bytes) -> int | None:
        """Where `pattern` begins in the first `size` bytes that are mapped."""
        kept, at, end, thread = b"", address, address + size, self.thread - 1
        while at < end:
            count = min(PIECE, end - at)
            data = self.call(partial(_readable, thread=thread, address=at, size=count))
            window = kept + data
            found = window.find(pattern)
            if found >= 0:
                return at - len(kept) + found
            if len(data) < count:
                return None
            kept = window[len(window) - len(pattern) + 1 :] if len(pattern) > 1 else b""
            at += count
        return None

    def checksum(self, address: int, size: int) -> int:
        """GDB's CRC-32 (polynomial 0x04c11db7, from all ones, not reflected, not inverted). All must be mapped."""
        state = 0
        for at in range(address, address + size, PIECE):
            count = min(PIECE, address + size - at)
            data = self.read(at, count)
            if len(data) < count:
                raise Refused(f"Nothing is mapped at {at + len(data):#x}.", number=NO_MEMORY)
            state = zlib.crc32(data.translate(_REFLECTED), state)
        return int(f"{state ^ 0xFFFFFFFF:032b}"[::-1], 2)

    # -- points -------------------------------------------------------------------------------------------------------

    def insert(self, key: Key) -> None:
        """Again: nothing. Raises Refused."""
        if key in self._points:
            return
        if len(self._points) >= MOST_POINTS:
            raise Refused(f"There are {MOST_POINTS} points already.", number=NO_ROOM)
        self._points[key] = self.call(lambda debugger: _add(debugger, key, self.thread - 1))

    def remove(self, key: Key) -> None:
        number = self._points.pop(key, None)
        if number is not None:
            self.call(lambda debugger: debugger.points.delete(number))

    def forget_points(self) -> None:
        """The client has gone."""
        for key in tuple(self._points):
            self.remove(key)

    def hit(self, stop: Stop) -> tuple[Key, int] | None:
        """The client's point that a stop was at, and the guest-virtual address that was accessed there."""
        for key, number in self._points.items():
            if number in stop.points:
                address = key.address
                if stop.access is not None:
                    point = self.call(partial(_point, number=number))
                    if isinstance(point, Watchpoint):
                        address = point.virtual(stop.access.address) or address
                return key, address
        return None

    # -- threads and running ------------------------------------------------------------------------------------------

    def about(self, thread: int) -> str:
        """What a vCPU does, for `info threads`."""

        def describe(debugger: Debugger) -> str:
            machine = debugger.machine
            machine.settle()
            vcpu = machine.vcpus[thread - 1]
            reason = vcpu.block_reason
            state = "waits: " + (reason.name or "").lower() if reason is not None else vcpu.state.name.lower()
            if vcpu.state is VCpuState.READY and reason is None:
                state = "ready"
            name = debugger.symbols.name(vcpu.arch.pc)
            return f"vCPU {vcpu.id} {state}" + (f", {name}" if name else "")

        return self.call(describe)

    def advance(self, step: Step | None, limit: int | None = None) -> Stop:
        """Run, or step, to the next stop. With `limit` instructions retired in all, a run stops as StopKind.POSITION.
        Raises what is in NO."""
        debugger = self.debugger
        if step is None:
            return debugger.go(None if limit is None else max(limit - debugger.machine.retired, 0))
        debugger.vcpu = step.thread - 1
        return debugger.step_within(step.low, step.high, over_interrupts=self.step_over_interrupts)

    def restart(self) -> Stop:
        return self.call(lambda debugger: debugger.restart())

    @property
    def pc(self) -> Slot | None:
        return self.layout.of(Role.PC)


def _readable(debugger: Debugger, *, thread: int, address: int, size: int) -> bytes:
    return GuestMemory(debugger.machine, thread).readable(address, size)


def _values(debugger: Debugger, vcpu: int, slots: Sequence[Slot]) -> list[int | None]:
    """None for a register that the CPU model lacks."""
    debugger.machine.settle()
    arch = debugger.machine.vcpus[vcpu].arch
    values: list[int | None] = []
    for slot in slots:
        try:
            values.append(arch.read_register(slot.row.name))
        except NO:
            values.append(None)
    return values


def _point(debugger: Debugger, *, number: int) -> Point:
    return debugger.points.find(number)


def _assign(debugger: Debugger, vcpu: int, slot: Slot, value: int) -> None:
    Registers(debugger.machine, debugger.machine.vcpus[vcpu])[slot.row.name] = value


def _add(debugger: Debugger, key: Key, vcpu: int) -> int:
    if key.kind in (SOFTWARE, HARDWARE):
        text = f"*{key.address:#x}"
        point = Breakpoint(debugger.points.take_number(), location=text, addresses=(key.address,))
        debugger.points.add(point)
        return point.number
    if key.size <= 0:
        raise NotPossible("a watchpoint", "it has no bytes")
    debugger.vcpu = vcpu
    return debugger.watch(key.address, key.size, ACCESSES[key.kind]).number
