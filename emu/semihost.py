"""A machine's side of semihosting: guest memory, console and clock for `emu.semihosting`, and what becomes of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axvcpu.exits import AccessFlags
from axvcpu.states import BlockReason
from axvcpu.vcpu import AxVCpu
from emu.engine.vcpu import EngineVCpu
from emu.errors import AddressError
from emu.outcome import Ending, Outcome
from emu.semihosting import Exited, Returned, Semihosting, SemihostingState, Surroundings, WaitsForInput
from emu.wiring import EPOCH_NS

if TYPE_CHECKING:
    from emu.machine import Machine


class Semihost:
    """Answers semihosting calls of one machine; `state` and `load` as a device's."""

    def __init__(self, machine: Machine, command_line: str) -> None:
        self._machine = machine
        self._caller: AxVCpu[EngineVCpu] = machine.vcpus[0]
        self._page = machine.isa.page_size
        self._calls = Semihosting(
            machine.isa.bits,
            Surroundings(
                self._read,
                self._write,
                machine.channel.write,
                self._input,
                machine.timeline.now,
                EPOCH_NS // 10**9,
                command_line,
            ),
        )

    @property
    def state(self) -> SemihostingState:
        return self._calls.state

    def load(self, state: SemihostingState) -> None:
        self._calls.load(state)

    def reset(self) -> None:
        self._calls.load(SemihostingState())

    def call(self, vcpu: AxVCpu[EngineVCpu], operation: int, block: int) -> Outcome | None:
        self._caller = vcpu
        answer = self._calls.call(operation, block)
        match answer:
            case Returned():
                vcpu.set_return_value(answer.value)
            case WaitsForInput():
                # the same instruction makes the call again when input has come
                self._machine.block(vcpu, BlockReason.IO)
            case Exited():
                text = "the guest exited by semihosting" + (
                    f" with code {answer.code}" if answer.code else ""
                )
                return self._machine.ended(Ending.POWERED_OFF, vcpu, None, text, answer.code)
        return None

    def _input(self, limit: int) -> bytes | None:
        data = self._machine.channel.read(limit)
        return data if data or self._machine.channel.live else None

    def _pieces(self, address: int, size: int, access: AccessFlags) -> list[tuple[int, int]] | None:
        """Guest-physical (address, size) of a guest-virtual range, page by page; None where any is unreachable."""
        found = []
        at, end = address, address + size
        while at < end:
            length = min(end, (at // self._page + 1) * self._page) - at
            physical = self._caller.arch.translate(at, access)
            if physical is None:
                return None
            found.append((physical, length))
            at += length
        return found

    def _read(self, address: int, size: int) -> bytes | None:
        pieces = self._pieces(address, size, AccessFlags.READ)
        if pieces is None:
            return None
        try:
            return b"".join(self._machine.memory.read(at, length) for at, length in pieces)
        except AddressError:
            return None

    def _write(self, address: int, data: bytes) -> bool:
        pieces = self._pieces(address, len(data), AccessFlags.WRITE)
        if pieces is None or any(self._machine.memory.find(at) is None for at, _ in pieces):
            return False
        done = 0
        for at, length in pieces:
            self._machine.memory.write(at, data[done : done + length])
            done += length
        return True
