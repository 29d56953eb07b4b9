"""Devices: one file each, found by the kind that a board's slot names. Loading one imports no other."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import Any

from emu.errors import UnknownName

KINDS = MappingProxyType(
    {
        "ns16550a": "emu.devices.ns16550a:Ns16550a",
        "clint": "emu.devices.clint:Clint",
        "plic": "emu.devices.plic:Plic",
        "sifive-test": "emu.devices.sifive_test:SifiveTest",
        "goldfish-rtc": "emu.devices.goldfish_rtc:GoldfishRtc",
        "cfi-flash": "emu.devices.cfi_flash:CfiFlash",
        "fw-cfg": "emu.devices.fw_cfg:FwCfg",
        "virtio-mmio": "emu.devices.virtio_mmio:VirtioMmio",
        "syscon": "emu.devices.syscon:Syscon",
        "bare-uart": "emu.devices.bare_uart:BareUart",
        "bare-power": "emu.devices.bare_power:BarePower",
        "bare-timer": "emu.devices.bare_timer:BareTimer",
        "armv7m-scs": "emu.devices.armv7m_scs:Armv7mScs",
        "bare-latch": "emu.devices.bare_latch:BareLatch",
    }
)
"""Kind name -> "module:class"."""


def device_class(kind: str) -> type[Any]:
    """The class of that kind; UnknownName, with the nearest kinds, where there is none."""
    if kind not in KINDS:
        raise UnknownName.among("device", kind, KINDS)
    module, _, name = KINDS[kind].partition(":")
    found: type[Any] = getattr(import_module(module), name)
    return found
