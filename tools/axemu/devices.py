"""-drive, -device and what they name (-object, -virtfs, -fsdev, -serial, -chardev), -snapshot: what a machine gets.

A drive is what a guest's disk or flash holds; a device is what the guest finds. `-drive if=virtio` is both, as is
`if=pflash`; `-drive if=none,id=N` waits for the `-device virtio-blk-device,drive=N` that it is for. As in QEMU, the
devices of -device come before those that -drive makes, each in the order written; those of -virtfs stand between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from axemu import lines, properties, quantities, shares
from axemu.errors import NotInThisVersion, UsageError
from emu.config import Block, DiskImage, Drive, Entropy, LoaderRequest, VirtioRequest
from emu.errors import UnknownName

Pairs = Mapping[str, str]
_DISK_KEYS = ("if", "id", "file", "format", "readonly", "read-only", "snapshot", "discard", "cache", "media")
_FLASH_KEYS = ("if", "unit", "id", "file", "format", "readonly", "read-only")
_SERIAL_LIMIT = 20  # bytes


@dataclass(frozen=True, slots=True)
class _DiskDrive:
    """A -drive that is a disk: its `id`, empty where it has none, and whether it makes its device itself."""

    name: str
    image: DiskImage
    own_device: bool


@dataclass(frozen=True, slots=True)
class _Backends:
    """What a -device may name: drives that no device has yet, sources of entropy, folders of -fsdev, where a console
    leads."""

    drives: dict[str, DiskImage]
    entropy: frozenset[str]
    folders: Mapping[str, shares.Folder]
    consoles: lines.Consoles


def changes(
    drives: Sequence[str],
    devices: Sequence[str],
    *,
    snapshot: bool = False,
    objects: Sequence[str] = (),
    virtfs: Sequence[str] = (),
    fsdevs: Sequence[str] = (),
    serials: Sequence[str] = (),
    chardevs: Sequence[str] = (),
) -> dict[str, Any]:
    """What these options change in a MachineConfig. Raises UsageError, NotInThisVersion, UnknownName."""
    parsed = [properties.parse(text, "-drive") for text in drives]
    disks = [_disk(pairs, text) for pairs, text in zip(parsed, drives, strict=True) if not _is_flash(pairs)]
    if snapshot:
        disks = [replace(each, image=replace(each.image, snapshot=True)) for each in disks]
    names = [each.name for each in disks if each.name]
    for name in names:
        if names.count(name) > 1:
            raise UsageError("-drive expects each id once.", f"It got 'id={name}' twice.")
    free = {each.name: each.image for each in disks if not each.own_device}
    characters = lines.backends(chardevs)
    backends = _Backends(
        free, frozenset(map(_object, objects)), shares.folders(fsdevs), lines.Consoles(characters)
    )
    loaders: list[LoaderRequest] = []
    virtio: list[VirtioRequest] = []
    for text in devices:
        pairs = properties.parse(text, "-device", "driver")
        driver = pairs.get("driver", "")
        if driver == "loader":
            loaders.append(_loader(pairs, text))
        else:
            virtio += _virtio(driver, pairs, backends)
    backends.consoles.check()
    if free:
        name = next(iter(free))
        raise UsageError(
            f"-drive id={name} is for a device, and no -device names it.",
            attempt=f"Add -device virtio-blk-device,drive={name}, or write if=virtio.",
        )
    virtio += map(shares.share, virtfs)
    virtio += (Block(each.image) for each in disks if each.own_device)
    flashes = [_flash(pairs, text) for pairs, text in zip(parsed, drives, strict=True) if _is_flash(pairs)]
    found = {"drives": tuple(flashes), "virtio": tuple(virtio), "loaders": tuple(loaders)}
    serial = {} if lines.serial(serials, characters) else {"serial": False}
    return {key: value for key, value in found.items() if value} | serial


def _is_flash(pairs: Pairs) -> bool:
    return pairs.get("if") == "pflash"


def _file(pairs: Pairs, text: str) -> Path:
    if not pairs.get("file"):
        raise UsageError("-drive expects file=FILE.", f"It got '{text}'.")
    return Path(pairs["file"])


def _read_only(pairs: Pairs) -> bool:
    key = "read-only" if "read-only" in pairs else "readonly"
    return properties.switch(pairs, key, "-drive", default=False)


def _flash(pairs: Pairs, text: str) -> Drive:
    properties.only(pairs, _FLASH_KEYS, "-drive if=pflash")
    path = _file(pairs, text)
    if pairs.get("format", "raw") != "raw":
        raise UsageError(
            "-drive if=pflash expects format=raw.",
            f"It got '{pairs['format']}'.",
            "Convert it with qemu-img convert -O raw.",
        )
    unit = pairs.get("unit", "0")
    if not (unit.isascii() and unit.isdigit()):
        raise UsageError("-drive expects unit=N, a number.", f"It got 'unit={unit}'.")
    return Drive("pflash", int(unit), path, _read_only(pairs))


def _disk(pairs: Pairs, text: str) -> _DiskDrive:
    interface = pairs.get("if", "virtio" if "id" not in pairs else "none")
    if interface not in ("virtio", "none"):
        raise NotInThisVersion(
            "-drive knows if=virtio, if=none and if=pflash here.",
            f"It got 'if={interface}'.",
            "Write -drive if=virtio,format=raw,file=FILE for a disk.",
        )
    properties.only(pairs, _DISK_KEYS, "-drive")
    name = pairs.get("id", "")
    if interface == "none" and not name:
        raise UsageError(
            "-drive if=none expects id=NAME, for the -device that uses it.",
            f"It got '{text}'.",
            "Write if=virtio for a disk that needs no -device.",
        )
    kind = _word(pairs, "format", ("raw", "qcow2"))
    image = DiskImage(
        _file(pairs, text),
        kind,
        read_only=_read_only(pairs) or _word(pairs, "media", ("disk", "cdrom")) == "cdrom",
        snapshot=properties.switch(pairs, "snapshot", "-drive", default=False),
        unmap=_word(pairs, "discard", ("ignore", "off", "unmap", "on")) in ("unmap", "on"),
        sync=_word(pairs, "cache", ("writeback", "unsafe")) != "unsafe",
    )
    return _DiskDrive(name, image, interface == "virtio")


def _word(pairs: Pairs, key: str, words: tuple[str, ...]) -> str | None:
    word = pairs.get(key)
    if word is not None and word not in words:
        raise UnknownName.among(f"{key} of -drive", word, words, f"Here are {', '.join(words)}")
    return word


def _object(text: str) -> str:
    """The id of an -object, which is the host's entropy."""
    pairs = properties.parse(text, "-object", "kind")
    if pairs.get("kind") not in ("rng-random", "rng-builtin"):
        raise NotInThisVersion(
            "-object knows rng-random and rng-builtin here, the host's entropy.",
            f"It got '{text}'.",
            "Devices are those of the machine and of -device: `axemu machine show NAME`.",
        )
    properties.only(pairs, ("kind", "id", "filename"), "-object")
    if not pairs.get("id"):
        raise UsageError("-object expects id=NAME, for the -device that uses it.", f"It got '{text}'.")
    if pairs.get("filename", "/dev/urandom") not in ("/dev/urandom", "/dev/random"):
        hint = "Take -device virtio-rng-device,seed=N for bytes that are the same in every run."
        raise NotInThisVersion("-object rng-random reads /dev/urandom here.", f"It got '{text}'.", hint)
    return pairs["id"]


def _loader(pairs: Pairs, text: str) -> LoaderRequest:
    properties.only(pairs, ("driver", "file", "addr"), "-device loader")
    if not pairs.get("file"):
        raise UsageError("-device loader expects file=FILE.", f"It got '{text}'.")
    where = pairs.get("addr")
    return LoaderRequest(
        Path(pairs["file"]), None if where is None else quantities.address(where, "-device loader,addr=")
    )


def _virtio(driver: str, pairs: Pairs, backends: _Backends) -> list[VirtioRequest]:
    if driver.startswith("virtio-") and driver.endswith("-pci"):
        raise NotInThisVersion(
            f"-device {driver} needs a PCI bus, which the machine has not.",
            attempt=f"Write -device {driver.removesuffix('-pci')}-device.",
        )
    found = _DRIVERS.get(driver) or _DRIVERS.get(f"{driver}-device")
    if found is None:
        raise UnknownName.among(
            "device for -device",
            driver,
            ["loader", *_DRIVERS],
            "`axemu machine show NAME` lists what a machine has built in",
        )
    return found(pairs, backends)


def _bus(pairs: Pairs) -> int | None:
    """bus=virtio-mmio-bus.N"""
    bus = pairs.get("bus")
    if bus is None:
        return None
    number = bus.removeprefix("virtio-mmio-bus.")
    if number == bus or not (number.isascii() and number.isdigit()):
        raise UsageError("-device expects bus=virtio-mmio-bus.N with N from 0 to 7.", f"It got 'bus={bus}'.")
    return int(number)


def _block(pairs: Pairs, backends: _Backends) -> list[VirtioRequest]:
    properties.only(pairs, ("driver", "id", "drive", "serial", "bus"), "-device virtio-blk-device")
    name = pairs.get("drive")
    if not name:
        hint = "Write -drive if=none,id=NAME,format=raw,file=FILE beside it."
        raise UsageError("-device virtio-blk-device expects drive=NAME.", "It got none.", hint)
    drives = backends.drives
    if name not in drives:
        hint = "A drive is used once, and -drive id=NAME,if=none,file=FILE makes it"
        raise UnknownName.among("free drive", name, drives, hint)
    serial = pairs.get("serial", "")
    if len(serial.encode()) > _SERIAL_LIMIT:
        raise UsageError(
            f"-device virtio-blk-device expects a serial of at most {_SERIAL_LIMIT} bytes.",
            f"It got '{serial}'.",
        )
    return [Block(drives.pop(name), serial, _bus(pairs))]


def _entropy(pairs: Pairs, backends: _Backends) -> list[VirtioRequest]:
    properties.only(pairs, ("driver", "id", "seed", "rng", "bus"), "-device virtio-rng-device")
    if "rng" in pairs:
        if pairs["rng"] not in backends.entropy:
            raise UnknownName.among(
                "source of entropy", pairs["rng"], backends.entropy, "-object rng-random,id=NAME makes one"
            )
        return [Entropy(None, _bus(pairs))]
    seed = pairs.get("seed", "0")
    if seed == "host":
        return [Entropy(None, _bus(pairs))]
    if not (seed.isascii() and seed.isdigit() and len(seed) <= 20):
        raise UsageError(
            "-device virtio-rng-device expects seed=N, a number, or seed=host.", f"It got 'seed={seed}'."
        )
    return [Entropy(int(seed), _bus(pairs))]


def _share(pairs: Pairs, backends: _Backends) -> list[VirtioRequest]:
    return [shares.device(pairs, backends.folders, _bus(pairs))]


def _controller(pairs: Pairs, backends: _Backends) -> list[VirtioRequest]:
    backends.consoles.controller(pairs, _bus(pairs))
    return []


def _console(pairs: Pairs, backends: _Backends) -> list[VirtioRequest]:
    return [backends.consoles.console(pairs)]


_DRIVERS: Mapping[str, Callable[[Pairs, _Backends], list[VirtioRequest]]] = MappingProxyType(
    {
        "virtio-blk-device": _block,
        "virtio-rng-device": _entropy,
        "virtio-9p-device": _share,
        "virtio-serial-device": _controller,
        "virtconsole": _console,
    }
)
