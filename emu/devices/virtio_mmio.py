"""Virtio over memory-mapped registers, version 2; the version before 1.0 is not offered.
Manual: Virtual I/O Device (VIRTIO) 1.2 [4.2].

| offset        | register                        | read                            | write
| | 0x000       | MagicValue                      | "virt"                          | -
| | 0x004       | Version                         | 2                               | -
| | 0x008       | DeviceID                        | 0: nothing is behind the window | -
| | 0x00c       | VendorID                        | QEMU's                          | -
| | 0x010       | DeviceFeatures                  | 32 bits of what is offered      | -
| | 0x014       | DeviceFeaturesSel               | 0                               | which 32 bits
| | 0x020       | DriverFeatures                  | 0                               | 32 bits of what is wanted
| | 0x024       | DriverFeaturesSel               | 0                               | which 32 bits
| | 0x030       | QueueSel                        | 0                               | the queue meant below
| | 0x034       | QueueSizeMax                    | its largest size; 0: none       | -
| | 0x038       | QueueSize                       | 0                               | its size
| | 0x044       | QueueReady                      | what was written                | 1: in use; 0: no more
| | 0x050       | QueueNotify                     | 0                               | this queue has new chains
| | 0x060       | InterruptStatus                 | bit 0: used, bit 1: config      | -
| | 0x064       | InterruptACK                    | 0                               | bits of it to clear
| | 0x070       | Status                          | status                          | its new value; 0 resets
| | 0x080, 084  | QueueDesc                       | 0                               | address, low and high half
| | 0x090, 094  | QueueDriver                     | 0                               | likewise
| | 0x0a0, 0a4  | QueueDevice                     | 0                               | likewise
| | 0x0ac       | SHMSel                          | 0                               | -
| | 0x0b0 - 0bc | SHMLen, SHMBase                 | all ones: there is none         | -
| | 0x0fc       | ConfigGeneration                | changes with the configuration  | -
| | 0x100 -     | the device's configuration      | 1, 2, 4 or 8 bytes              | likewise

Registers answer aligned 32-bit accesses only. What a driver writes where the protocol has no place for it is ignored;
a queue that cannot be used sets DEVICE_NEEDS_RESET.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Final

from emu.device import Action, IrqLine, NativeRegister, Timer
from emu.dma import Dma
from emu.registers import Table
from emu.virtio.device import VirtioDevice
from emu.virtio.errors import RingFault
from emu.virtio.queue import Queue, QueueState

MAGIC, VERSION, VENDOR = 0x7472_6976, 2, 0x554D_4551
ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, NEEDS_RESET, FAILED = 1, 2, 4, 8, 64, 128  # status [2.1]
USED, CONFIG = 1, 2  # interrupt status
INDIRECT_DESC, EVENT_IDX, VERSION_1 = 1 << 28, 1 << 29, 1 << 32  # features [6]
OFFERED: Final = INDIRECT_DESC | EVENT_IDX | VERSION_1
"""Of queues and transport. Not RING_PACKED."""
INTERRUPT_STATUS: Final = 0x060
"""Read for each interrupt, and so answered natively."""
CONFIG_SPACE: Final = 0x100
BATCH: Final = 64 << 20
"""Bytes of requests that one notification has answered at once."""
U32: Final = (1 << 32) - 1
_ADDRESSES: Final = {0x80: "descriptors", 0x90: "driver", 0xA0: "device"}


@dataclass(slots=True)
class VirtioMmioState:
    status: int = 0
    interrupt: int = 0
    generation: int = 0
    wanted: int = 0  # features, as the driver gave them
    device_half: int = 0  # which 32 feature bits are meant
    driver_half: int = 0
    queue: int = 0
    unfinished: list[int] = field(default_factory=list)  # queues that wait for the timer
    fault: str = ""  # what is wrong since DEVICE_NEEDS_RESET is set
    queues: list[QueueState] = field(default_factory=list)
    device: Any = None  # of what is behind the window


class VirtioMmio:
    """A window with `device` behind it, or an empty one.

    With a `timer` no more than BATCH bytes are moved at a time, and the machine, which stays free to be stopped, calls
    `fire` for the rest. `complain` is told what a driver did wrong.
    """

    def __init__(
        self,
        name: str,
        irq: IrqLine,
        dma: Dma,
        device: VirtioDevice | None = None,
        size: int = 0x1000,
        *,
        timer: Timer | None = None,
        complain: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.name, self.size, self.device = name, size, device
        self._timer, self._complain = timer, complain
        self._irq, self._dma = irq, dma
        self._s = VirtioMmioState()
        self._latch = NativeRegister(Action.LATCH, INTERRUPT_STATUS, 4)
        self.native = () if device is None else (self._latch,)
        self.queues = tuple(Queue(dma, limit) for limit in (device.queue_sizes if device is not None else ()))
        if device is not None:
            device.attach(self)

    # -- state --------------------------------------------------------------------------------------------------------

    @property
    def registers(self) -> Table:
        """By name, for debuggers: with the features and the configuration of what is behind the window."""
        from emu.devices.virtio_mmio_registers import table  # noqa: PLC0415 - only a debugger loads it

        return table(self.device)

    @property
    def hidden(self) -> dict[str, int]:
        s = self._s
        shown = {
            "DeviceFeaturesSel": s.device_half,
            "DriverFeaturesSel": s.driver_half,
            "QueueSel": s.queue,
            "DriverFeatures[0]": s.wanted & U32,
            "DriverFeatures[1]": s.wanted >> 32,
        }
        if s.queue < len(self.queues):
            its = self.queues[s.queue].state
            shown["QueueSize"] = its.size
            for name, address in (
                ("QueueDesc", its.descriptors),
                ("QueueDriver", its.driver),
                ("QueueDevice", its.device),
            ):
                shown[f"{name}Low"], shown[f"{name}High"] = address & U32, address >> 32
        return shown

    @property
    def unfinished(self) -> tuple[int, ...]:
        """Queues whose turn ended before they were empty."""
        return tuple(self._s.unfinished)

    @property
    def state(self) -> VirtioMmioState:
        return replace(
            self._s,
            unfinished=[*self._s.unfinished],
            queues=[deepcopy(queue.state) for queue in self.queues],
            device=self.device.state if self.device is not None else None,
        )

    def check(self, state: VirtioMmioState) -> None:
        """SnapshotMismatch for a state that the device behind the window cannot take over."""
        check = getattr(self.device, "check", None)
        if check is not None:
            check(state.device)

    def load(self, state: VirtioMmioState) -> None:
        self._s = deepcopy(state)
        self._s.queues, self._s.device = [], None
        for queue, its in zip(self.queues, state.queues, strict=True):
            queue.release()
            queue.state = deepcopy(its)
            if its.ready:
                self._enable(queue)
        if self.device is not None:
            self.device.load(state.device)
        self._drive()

    def reset(self) -> None:
        self._s = VirtioMmioState()
        if self._timer is not None:
            self._timer.cancel()
        for queue in self.queues:
            queue.reset()
        if self.device is not None:
            self.device.reset()
        self._drive()

    def close(self) -> None:
        for queue in self.queues:
            queue.release()
        close = getattr(self.device, "close", None)
        if close is not None:
            close()

    def poll(self) -> None:
        """Input may have come."""
        poll = getattr(self.device, "poll", None)
        if poll is not None:
            poll()

    @property
    def fault(self) -> str:
        """What is wrong with a queue since DEVICE_NEEDS_RESET is set; else empty."""
        return self._s.fault

    # -- what the device sees -----------------------------------------------------------------------------------------

    @property
    def features(self) -> int:
        return self._s.wanted if self._s.status & FEATURES_OK else 0

    def service(self, queue: int) -> None:
        status = self._s.status
        if not status & DRIVER_OK or status & NEEDS_RESET:
            return
        if queue >= len(self.queues) or not self.queues[queue].ready:
            return
        assert self.device is not None
        if self._timer is not None:
            self.queues[queue].allowance = BATCH
        try:
            self.device.kicked(queue)
        except RingFault as fault:
            self._break(fault)
        if any([each.settle() for each in self.queues if each.ready]):
            self._s.interrupt |= USED
            self._drive()
        self._dma.settle()
        if self._timer is not None and self.queues[queue].allowance <= 0:
            if queue not in self._s.unfinished:
                self._s.unfinished.append(queue)
            self._timer.arm(0)

    def fire(self) -> None:
        """Go on with the queues whose turn ended before they were empty."""
        unfinished, self._s.unfinished = self._s.unfinished, []
        for queue in unfinished:
            self.service(queue)

    def config_changed(self) -> None:
        self._s.generation = (self._s.generation + 1) & U32
        if self._s.status & DRIVER_OK:
            self._s.interrupt |= CONFIG
            self._drive()

    # -- registers ----------------------------------------------------------------------------------------------------

    def peek(self, offset: int, width: int) -> int:
        if offset >= CONFIG_SPACE:
            config = b"" if self.device is None else self.device.config
            at = offset - CONFIG_SPACE
            return int.from_bytes(config[at : at + width], "little")
        if width != 4:
            return 0
        s, device = self._s, self.device
        match offset:
            case 0x000:
                return MAGIC
            case 0x004:
                return VERSION
            case 0x008:
                return 0 if device is None else device.device_id
            case 0x00C:
                return VENDOR
        if device is None:
            return 0
        match offset:
            case 0x010:
                return self._offered() >> 32 * s.device_half & U32 if s.device_half < 2 else 0
            case 0x034:
                return self.queues[s.queue].limit if s.queue < len(self.queues) else 0
            case 0x044:
                return int(s.queue < len(self.queues) and self.queues[s.queue].ready)
            case 0x060:
                return s.interrupt
            case 0x070:
                return s.status
            case 0x0B0 | 0x0B4 | 0x0B8 | 0x0BC:
                return U32
            case 0x0FC:
                return s.generation
        return 0

    def read(self, offset: int, width: int) -> int:
        return self.peek(offset, width)

    def write(self, offset: int, width: int, value: int) -> None:
        if self.device is None:
            return
        if offset >= CONFIG_SPACE:
            self._write_config(offset - CONFIG_SPACE, width, value)
            return
        if width != 4:
            return
        s = self._s
        match offset:
            case 0x050:
                self.service(value & 0xFFFF)
            case 0x064:
                s.interrupt &= ~value
                self._drive()
            case 0x070:
                self._set_status(value & 0xFF)
            case 0x014:
                s.device_half = value
            case 0x020:
                self._want(value)
            case 0x024:
                s.driver_half = value
            case 0x030:
                s.queue = value
            case _ if s.queue < len(self.queues):
                self._set_up(self.queues[s.queue], offset, value)

    def _offered(self) -> int:
        assert self.device is not None
        return self.device.features | OFFERED

    def _write_config(self, at: int, width: int, value: int) -> None:
        assert self.device is not None
        if at + width <= len(self.device.config):
            self.device.write_config(at, value.to_bytes(width, "little"))

    def _want(self, value: int) -> None:
        s = self._s
        if s.driver_half < 2 and s.status & DRIVER and not s.status & FEATURES_OK:
            shift = 32 * s.driver_half
            s.wanted = s.wanted & ~(U32 << shift) | value << shift

    def _set_status(self, value: int) -> None:
        """Bits are only ever added [2.1.1]; FEATURES_OK stays away from features that cannot be had [2.2.2]."""
        s = self._s
        if not value:
            self.reset()
            return
        added = value & ~s.status & ~NEEDS_RESET
        if added & FEATURES_OK and s.wanted & ~self._offered():
            added &= ~FEATURES_OK
        if not (s.status | added) & FEATURES_OK:
            added &= ~DRIVER_OK
        s.status |= added

    def _set_up(self, queue: Queue, offset: int, value: int) -> None:
        """Nothing of a queue in use can be changed but that it is in use."""
        its = queue.state
        match offset:
            case 0x044 if value & 1 and not its.ready:
                its.ready = True
                self._enable(queue)
            case 0x044 if not value & 1:
                its.ready = False
                queue.release()
            case 0x038 if not its.ready:
                its.size = value
            case _ if not its.ready and offset & ~4 in _ADDRESSES:
                name, shift = _ADDRESSES[offset & ~4], 8 * (offset & 4)
                setattr(its, name, getattr(its, name) & ~(U32 << shift) | value << shift)

    def _enable(self, queue: Queue) -> None:
        features = self._s.wanted
        try:
            queue.enable(indirect=bool(features & INDIRECT_DESC), events=bool(features & EVENT_IDX))
        except RingFault as fault:
            queue.state.ready = False
            self._break(fault)

    def _break(self, fault: RingFault) -> None:
        """[2.1.2]"""
        self._complain(f"{self.name}: {fault}")
        self._s.fault = str(fault)
        self._s.status |= NEEDS_RESET
        self.config_changed()

    def _drive(self) -> None:
        self._latch.value = self._s.interrupt
        self._irq.set(self._s.interrupt != 0)
