"""Console device [5.3]: one port, whose host end is a channel. With a terminal there, its size.

Queue 0 takes what is typed, queue 1 brings what the guest prints. The configuration is columns and rows, two bytes
each, the number of ports, four (there is one), and four to which a guest may write a character before it has queues.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from struct import Struct
from typing import Final

from emu.device import Channel
from emu.registers import DeviceRegister, Direction, Meaning, Table
from emu.virtio.device import Link
from isa.register import Field

F_SIZE, F_EMERGENCY_WRITE = 1 << 0, 1 << 2  # [5.3.3]
RECEIVE, TRANSMIT = 0, 1  # queues [5.3.2]
EMERGENCY: Final = 8  # offset in the configuration
PIECE: Final = 4096  # bytes that are read ahead of the driver
_CONFIG: Final = Struct("<HHII")

_CONFIG_REGISTERS: Final[Table] = (
    DeviceRegister("cols", 0, 2, access=Direction.READ, meaning=Meaning.COUNT),
    DeviceRegister("rows", 2, 2, access=Direction.READ, meaning=Meaning.COUNT),
    DeviceRegister("max_nr_ports", 4, 4, access=Direction.READ, meaning=Meaning.COUNT),
    DeviceRegister("emerg_wr", EMERGENCY, 4, access=Direction.WRITE, meaning=Meaning.CHARACTER),
)


@dataclass(slots=True)
class ConsoleState:
    columns: int = 0
    rows: int = 0
    listening: bool = False  # a driver has made room for input
    waiting: bytes = b""  # typed, and not taken yet


class Console:
    """`channel` may have a `size`, columns and rows, or None; where it changes, the machine calls `poll`."""

    device_id: Final = 3
    queue_sizes: Final = (128, 128)
    queue_names: Final = ("receive", "transmit")
    feature_bits: Final = (Field("SIZE", 0), Field("MULTIPORT", 1), Field("EMERG_WRITE", 2))
    config_registers: Final = _CONFIG_REGISTERS

    def __init__(self, name: str, channel: Channel) -> None:
        self.name = name
        self._channel = channel
        self._link: Link | None = None
        self._s = ConsoleState()
        self.features = F_EMERGENCY_WRITE | (F_SIZE if self._size is not None else 0)
        self._measure()

    def attach(self, link: Link) -> None:
        self._link = link

    @property
    def listening(self) -> bool:
        """Whether a driver takes what is typed."""
        return self._s.listening

    @property
    def config(self) -> bytes:
        return _CONFIG.pack(self._s.columns, self._s.rows, 1, 0)

    def write_config(self, offset: int, data: bytes) -> None:
        if offset == EMERGENCY:
            self._channel.write(data[:1])

    @property
    def state(self) -> ConsoleState:
        return replace(self._s)

    def load(self, state: ConsoleState) -> None:
        self._s = replace(state)

    def reset(self) -> None:
        """What was typed waits for the next driver."""
        self._s = replace(self._s, listening=False)
        self._measure()

    def poll(self) -> None:
        assert self._link is not None
        if self._measure():
            self._link.config_changed()
        self._link.service(RECEIVE)

    def kicked(self, queue: int) -> None:
        if queue == RECEIVE:
            self._receive()
        else:
            self._transmit()

    def _receive(self) -> None:
        assert self._link is not None
        s, room = self._s, self._link.queues[RECEIVE]
        s.listening = True
        while s.waiting or self._read():
            chain = room.take()
            if chain is None:
                return
            count = chain.scatter(s.waiting)
            room.give(chain, count)
            s.waiting = s.waiting[count:]

    def _read(self) -> bool:
        self._s.waiting = self._channel.read(PIECE)
        return bool(self._s.waiting)

    def _transmit(self) -> None:
        assert self._link is not None
        printed = self._link.queues[TRANSMIT]
        while (chain := printed.take()) is not None:
            for view in chain.readable:
                for at in range(0, len(view), PIECE):
                    self._channel.write(view[at : at + PIECE].tobytes())
            printed.give(chain, 0)

    @property
    def _size(self) -> tuple[int, int] | None:
        found: tuple[int, int] | None = getattr(self._channel, "size", None)
        return found

    def _measure(self) -> bool:
        """Take over the size that the terminal has now; whether it is another one."""
        size = self._size
        if size is None or size == (self._s.columns, self._s.rows):
            return False
        self._s.columns, self._s.rows = size
        return True
