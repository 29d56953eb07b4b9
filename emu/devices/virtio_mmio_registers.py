"""The registers of virtio over memory-mapped registers by name.
Source: Virtual I/O Device (VIRTIO) 1.2, table 4.1 (registers), sections 2.1 (status), 5 (devices), 6 (features)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from emu.registers import DeviceRegister, Direction, Meaning, Table, When, bits
from emu.virtio.device import VirtioDevice
from isa.register import Field

CONFIG_SPACE: Final = 0x100
_IDS: Final = (
    *(
        (0, "none"),
        (1, "net"),
        (2, "blk"),
        (3, "console"),
        (4, "rng"),
        (5, "balloon"),
        (8, "scsi"),
        (9, "9p"),
    ),
    *((16, "gpu"), (18, "input"), (19, "vsock"), (26, "fs")),
)
_STATUS: Final = (
    *bits("ACKNOWLEDGE", "DRIVER", "DRIVER_OK", "FEATURES_OK"),
    *(Field("NEEDS_RESET", 6), Field("FAILED", 7)),
)
_LOW: Final = (Field("INDIRECT_DESC", 28), Field("EVENT_IDX", 29))
_HIGH: Final = bits(
    *(
        "VERSION_1",
        "ACCESS_PLATFORM",
        "RING_PACKED",
        "IN_ORDER",
        "ORDER_PLATFORM",
        "SR_IOV",
        "NOTIFICATION_DATA",
    ),
    *("NOTIF_CONFIG_DATA", "RING_RESET"),
)
"""Features of queues and transport; those below 24 are the device's own."""
_READ, _WRITE, _BOTH = Direction.READ, Direction.WRITE, Direction.BOTH


def _features(name: str, offset: int, access: Direction, own: tuple[Field, ...]) -> Table:
    return tuple(
        DeviceRegister(
            f"{name}[{half}]", offset, 4, fields, access, f"bits {32 * half} to {32 * half + 31} [2.2, 6]",
            when=When(f"{name}Sel", 0xFFFF_FFFF, half),
        )
        for half, fields in ((0, (*own, *_LOW)), (1, _HIGH))
    )  # fmt: skip


def _queue(
    name: str, offset: int, access: Direction, text: str, meaning: Meaning = Meaning.COUNT
) -> DeviceRegister:
    return DeviceRegister(name, offset, 4, (), access, text, meaning, selector="QueueSel")


def _addresses() -> Table:
    areas = (
        (0x080, "QueueDesc", "descriptor"),
        (0x090, "QueueDriver", "driver"),
        (0x0A0, "QueueDevice", "device"),
    )
    return tuple(
        _queue(f"{name}{half}", offset + at, _WRITE, f"address of the {area} area", Meaning.ADDRESS)
        for offset, name, area in areas
        for at, half in ((0, "Low"), (4, "High"))
    )


def _identity() -> Table:
    """All that an empty window answers."""
    return (
        DeviceRegister("MagicValue", 0x000, 4, (Field("", 0, 32, ((0x7472_6976, "virt"),)),), _READ),
        DeviceRegister("Version", 0x004, 4, (), _READ, meaning=Meaning.COUNT),
        DeviceRegister(
            "DeviceID", 0x008, 4, (Field("", 0, 32, _IDS),), _READ, "what is behind the window [5]"
        ),
        DeviceRegister("VendorID", 0x00C, 4, (), _READ),
    )


def _transport(own: tuple[Field, ...]) -> Table:
    interrupt = bits("USED", "CONFIG")
    return (
        *_identity(),
        *_features("DeviceFeatures", 0x010, _READ, own),
        DeviceRegister("DeviceFeaturesSel", 0x014, 4, (), _WRITE, "which 32 bits", Meaning.COUNT),
        *_features("DriverFeatures", 0x020, _WRITE, own),
        DeviceRegister("DriverFeaturesSel", 0x024, 4, (), _WRITE, "which 32 bits", Meaning.COUNT),
        DeviceRegister("QueueSel", 0x030, 4, (), _WRITE, "the queue meant below", Meaning.COUNT),
        _queue("QueueSizeMax", 0x034, _READ, "its largest size, 0: there is none"),
        _queue("QueueSize", 0x038, _WRITE, "its size"),
        _queue("QueueReady", 0x044, _BOTH, "1: in use"),
        DeviceRegister("QueueNotify", 0x050, 4, (), _WRITE, "this queue has new chains", Meaning.COUNT),
        DeviceRegister("InterruptStatus", 0x060, 4, interrupt, _READ, "why it interrupts"),
        DeviceRegister("InterruptACK", 0x064, 4, interrupt, _WRITE, "bits to clear"),
        DeviceRegister("Status", 0x070, 4, _STATUS, _BOTH, "how far the driver is; 0 resets [2.1]"),
        *_addresses(),
        DeviceRegister("SHMSel", 0x0AC, 4, (), _WRITE, "which shared memory", Meaning.COUNT),
        DeviceRegister("SHMLenLow", 0x0B0, 4, (), _READ, "all ones: there is none"),
        DeviceRegister("SHMLenHigh", 0x0B4, 4, (), _READ),
        DeviceRegister("SHMBaseLow", 0x0B8, 4, (), _READ),
        DeviceRegister("SHMBaseHigh", 0x0BC, 4, (), _READ),
        DeviceRegister(
            "ConfigGeneration", 0x0FC, 4, (), _READ, "changes with the configuration", Meaning.COUNT
        ),
    )


def table(device: VirtioDevice | None) -> Table:
    """The registers of a window with `device` behind it; its own configuration is named `config.NAME`."""
    if device is None:
        return _identity()
    config: Table = getattr(device, "config_registers", ())
    return (*_transport(getattr(device, "feature_bits", ())), *map(_placed, config))


def _placed(row: DeviceRegister) -> DeviceRegister:
    return replace(row, name=f"config.{row.name}", offset=CONFIG_SPACE + row.offset)
