"""Devices made from a board's slots and wired to interrupt lines, alarms and the console."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

from emu.board import Board, Slot
from emu.config import Block, Entropy, FirmwareItem, MachineConfig, Share, VirtioConsole, VirtioRequest
from emu.device import Channel, Device, IrqLine, Power
from emu.devices import device_class
from emu.devices.fw_cfg import CPUS, NO_GRAPHIC, check_name
from emu.dma import Dma
from emu.errors import ConfigError, LoadError, UnknownName
from emu.lines import Mute, Shared, Unheard
from emu.timeline import Timeline
from emu.virtio import windows
from emu.virtio.device import VirtioDevice
from isa.contract import InterruptLines

EPOCH_NS: Final = 1_577_836_800 * 10**9
"""Wall time at guest time 0: 2020-01-01 00:00 UTC, the same in every run."""
_FILES: Final = MappingProxyType({"bios-geometry": b"", "bootorder": b"", "etc/boot-fail-wait": b"\xff" * 4})
"""What fw_cfg always holds, as QEMU's does: no disk has a geometry, none is booted first, nobody waits."""
MSIP, SEIP, MTIP, MEIP = 3, 9, 7, 11  # RISC-V interrupt numbers [priv table 3.6]
SYS_TICK: Final = 15  # exception number of the M profile


class Lines(Protocol):
    """Where interrupt lines into vCPUs come from."""

    def line(self, vcpu: int, number: int) -> IrqLine: ...

    def pend(self, vcpu: int, register: str, number: int) -> None:
        """Set bit `number` of a vCPU's register of pending interrupts."""
        ...


@dataclass(frozen=True, slots=True)
class Hands:
    """All that devices may be handed."""

    config: MachineConfig
    board: Board
    timeline: Timeline
    lines: Lines
    channel: Channel
    power: Power
    dma: Dma
    complain: Callable[[str], None]  # what a guest did to a device that cannot be meant
    interrupts: InterruptLines | None  # of the ISA; None: it has none


class _Unconnected:
    def set(self, level: bool) -> None:
        """No vCPU is at the other end."""


def devices(hands: Hands) -> list[tuple[Slot, Device]]:
    """Every device of the board, wired. Interrupt controllers come first: the others take their lines.

    Where one cannot be made, those that were are closed."""
    board, made = hands.board, dict[str, Device]()
    controllers = ("plic", "bare-latch")
    ordered = sorted(
        (slot for slot in board.slots if slot.kind != "rom"), key=lambda slot: slot.kind not in controllers
    )
    try:
        for slot in ordered:
            builder = _BUILDERS.get(slot.kind)
            if builder is None:
                raise UnknownName.among("device", slot.kind, _BUILDERS)
            made[slot.name] = builder(slot, hands, made)
    except BaseException:
        close(made.values())
        raise
    return [(slot, made[slot.name]) for slot in board.slots if slot.kind != "rom"]


def close(devices: Iterable[Device]) -> None:
    """Have those that hold something of the host's let it go."""
    for device in devices:
        shut = getattr(device, "close", None)
        if shut is not None:
            shut()


Builder = Callable[[Slot, Hands, dict[str, Device]], Device]


class _Heard:
    """A line that somebody listens to."""

    def __init__(self, line: IrqLine, name: str, heard: Callable[[str, bool], None]) -> None:
        self._line, self._name, self._heard = line, name, heard

    def set(self, level: bool) -> None:
        self._heard(self._name, level)
        self._line.set(level)


def interrupt_line(slot: Slot, devices: Mapping[str, Device]) -> IrqLine:
    """The line from a slot to the interrupt controller, one of `devices`."""
    for controller in devices.values():
        source = getattr(controller, "source", None)
        if source is not None and slot.irq is not None:
            line: IrqLine = source(slot.irq)
            return line
    return _Unconnected()


def _irq(slot: Slot, hands: Hands, made: dict[str, Device]) -> IrqLine:
    line, heard = interrupt_line(slot, made), hands.config.heard
    return line if heard is None else _Heard(line, slot.name, heard)


def _line(hands: Hands, cpu: int, name: str) -> IrqLine:
    """That line of the ISA's into a vCPU."""
    if hands.interrupts is None:
        return _Unconnected()
    return hands.lines.line(cpu, getattr(hands.interrupts, name))


def _alarm(hands: Hands, name: str) -> tuple[Any, Callable[[Callable[[], None]], None]]:
    """An alarm whose action is known only after its device is made."""
    actions: list[Callable[[], None]] = []

    def fire() -> None:
        actions[0]()

    return hands.timeline.alarm(name, fire), actions.append


def _plic(slot: Slot, hands: Hands, made: dict[str, Device]) -> Device:
    targets = [hands.lines.line(cpu, number) for cpu in range(hands.config.smp) for number in (MEIP, SEIP)]
    device: Device = device_class(slot.kind)(slot.name, targets, int(slot.options["sources"]), slot.size)
    return device


def _clint(slot: Slot, hands: Hands, made: dict[str, Device]) -> Device:
    cpus = range(hands.config.smp)
    alarms = [_alarm(hands, f"{slot.name}.{cpu}") for cpu in cpus]
    device: Any = device_class(slot.kind)(
        slot.name,
        hands.timeline,
        [hands.lines.line(cpu, MSIP) for cpu in cpus],
        [hands.lines.line(cpu, MTIP) for cpu in cpus],
        [alarm for alarm, _ in alarms],
        hands.board.timebase,
        slot.size,
    )
    for cpu, (_, connect) in enumerate(alarms):
        connect(partial(device.fire, cpu))
    return device  # type: ignore[no-any-return]


def _serial(hands: Hands, made: dict[str, Device]) -> Channel:
    """The host's end of the first serial line."""
    config, channel = hands.config, hands.channel
    if not config.serial:
        return Unheard()
    if config.semihosting:
        return Mute(channel)
    if any(isinstance(each, VirtioConsole) and each.connected for each in config.virtio):
        return Shared(channel, lambda: any(_listens(device) for device in made.values()))
    return channel


def _listens(device: Device) -> bool:
    """Whether it is a console that takes what is typed."""
    return bool(getattr(getattr(device, "device", None), "listening", False))


def _uart(slot: Slot, hands: Hands, made: dict[str, Device]) -> Device:
    alarm, connect = _alarm(hands, slot.name)
    channel = _serial(hands, made)
    if slot.port:
        channel = Mute(channel)  # what is typed belongs to the board's own UART
    device: Any = device_class(slot.kind)(
        slot.name, channel, _irq(slot, hands, made), alarm, slot.size, clock=hands.timeline
    )
    connect(device.fire)
    return device  # type: ignore[no-any-return]


def _rtc(slot: Slot, hands: Hands, made: dict[str, Device]) -> Device:
    alarm, connect = _alarm(hands, slot.name)
    device: Any = device_class(slot.kind)(
        slot.name, hands.timeline, _irq(slot, hands, made), alarm, EPOCH_NS, slot.size
    )
    connect(device.fire)
    return device  # type: ignore[no-any-return]


def _powered(slot: Slot, hands: Hands, made: dict[str, Device]) -> Device:
    device: Device = device_class(slot.kind)(slot.name, hands.power, slot.size)
    return device


def _flash(slot: Slot, hands: Hands, made: dict[str, Device]) -> Device:
    unit = int(slot.name.removeprefix("flash"))
    image, read_only = b"", False
    for drive in hands.config.drives:
        if drive.interface == "pflash" and drive.unit == unit:
            image, read_only = _read(drive.path, "a flash image to read", "-drive"), drive.read_only
    device: Device = device_class(slot.kind)(slot.name, slot.size, image, read_only=read_only)
    return device


def _fw_cfg(slot: Slot, hands: Hands, made: dict[str, Device]) -> Device:
    items = {NO_GRAPHIC: (1).to_bytes(2, "little"), CPUS: hands.config.smp.to_bytes(2, "little")}
    files = {name: content for name, content in _FILES.items()}
    for each in hands.config.firmware_items:
        check_name(each.name)
        if each.name in files:
            raise ConfigError("-fw_cfg name", "a name that nothing else has", each.name, "Such as opt/mine")
        files[each.name] = _content(each)
    device: Device = device_class(slot.kind)(slot.name, hands.dma, items, files, slot.size)
    return device


def _content(item: FirmwareItem) -> bytes:
    if isinstance(item.content, bytes):
        return item.content
    return _read(item.content, "a file for fw_cfg", "-fw_cfg")


def _read(path: Path, expected: str, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LoadError(path, expected, str(error.strerror), f"Check the path of {option}") from error


def _virtio(slot: Slot, hands: Hands, made: dict[str, Device]) -> Device:
    request = windows.assigned(hands.board, hands.config.virtio).get(slot.name)
    found = device_class(slot.kind)
    if request is None:
        return found(slot.name, _irq(slot, hands, made), hands.dma, None, slot.size)  # type: ignore[no-any-return]
    behind = _BEHIND[type(request)](request, slot.name, hands)
    alarm, connect = _alarm(hands, slot.name)
    reach = (_irq(slot, hands, made), hands.dma, behind, slot.size)
    device: Any = found(slot.name, *reach, timer=alarm, complain=hands.complain)
    connect(device.fire)
    return device  # type: ignore[no-any-return]


def _bare_uart(slot: Slot, hands: Hands, made: dict[str, Device]) -> Device:
    device: Device = device_class(slot.kind)(
        slot.name, _serial(hands, made), _irq(slot, hands, made), slot.size
    )
    return device


def _bare_timer(slot: Slot, hands: Hands, made: dict[str, Device]) -> Device:
    alarm, connect = _alarm(hands, slot.name)
    line = _line(hands, 0, "timer")
    device: Any = device_class(slot.kind)(slot.name, hands.timeline, alarm, line, slot.size)
    connect(device.fire)
    return device  # type: ignore[no-any-return]


def _bare_latch(slot: Slot, hands: Hands, made: dict[str, Device]) -> Device:
    soft = [_line(hands, cpu, "software") for cpu in range(hands.config.smp)]
    device: Device = device_class(slot.kind)(slot.name, _line(hands, 0, "external"), soft, slot.size)
    return device


def _armv7m_scs(slot: Slot, hands: Hands, made: dict[str, Device]) -> Device:
    alarm, connect = _alarm(hands, slot.name)
    tick = partial(hands.lines.pend, 0, "system_pending", SYS_TICK)
    device: Any = device_class(slot.kind)(slot.name, hands.timeline, alarm, tick, hands.power, slot.size)
    connect(device.fire)
    return device  # type: ignore[no-any-return]


def _block(request: Block, name: str, hands: Hands) -> VirtioDevice:
    from emu.disk.opening import open_disk  # noqa: PLC0415 - likewise
    from emu.virtio.blk import Blk  # noqa: PLC0415

    return Blk(name, open_disk(request.image), request.serial)


def _entropy(request: Entropy, name: str, hands: Hands) -> VirtioDevice:
    from emu.virtio.rng import Rng  # noqa: PLC0415 - only a machine that has one loads it

    return Rng(name, request.seed)


def _share(request: Share, name: str, hands: Hands) -> VirtioDevice:
    from emu.share.directory import Directory  # noqa: PLC0415 - likewise
    from emu.virtio.ninep import TAG_LIMIT, NineP  # noqa: PLC0415

    if not 0 < len(request.tag.encode()) <= TAG_LIMIT:
        raise ConfigError("mount_tag", f"1 to {TAG_LIMIT} bytes", repr(request.tag))
    return NineP(name, request.tag, Directory(request.path, read_only=request.read_only))


def _virtio_console(request: VirtioConsole, name: str, hands: Hands) -> VirtioDevice:
    from emu.virtio.console import Console  # noqa: PLC0415 - likewise

    return Console(name, hands.channel if request.connected else Unheard())


_BEHIND: Final[dict[type[VirtioRequest], Callable[[Any, str, Hands], VirtioDevice]]] = {
    Block: _block,
    Entropy: _entropy,
    Share: _share,
    VirtioConsole: _virtio_console,
}
_BUILDERS: Final[dict[str, Builder]] = {
    "plic": _plic,
    "clint": _clint,
    "ns16550a": _uart,
    "goldfish-rtc": _rtc,
    "sifive-test": _powered,
    "cfi-flash": _flash,
    "fw-cfg": _fw_cfg,
    "virtio-mmio": _virtio,
    "armv7m-scs": _armv7m_scs,
    "bare-uart": _bare_uart,
    "bare-power": _powered,
    "bare-timer": _bare_timer,
    "bare-latch": _bare_latch,
}


def check_drives(config: MachineConfig, board: Board) -> None:
    """ConfigError for a drive that this board has no place for."""
    units = {slot.name.removeprefix("flash") for slot in board.slots if slot.kind == "cfi-flash"}
    for drive in config.drives:
        if drive.interface != "pflash":
            raise ConfigError(
                "-drive", "if=pflash", f"if={drive.interface}", "Use -drive if=pflash,unit=0,file=FILE"
            )
        if str(drive.unit) not in units:
            have = ", ".join(sorted(units)) or f"none: machine {board.name} has no flash"
            raise ConfigError("-drive if=pflash", f"a flash unit ({have})", f"unit={drive.unit}")
