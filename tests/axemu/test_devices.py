"""-drive, -device and -snapshot, as QEMU spells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from axemu.devices import changes
from axemu.errors import CommandError, NotInThisVersion, UsageError
from emu.config import Block, DiskImage, Drive, Entropy, LoaderRequest
from emu.errors import UnknownName

IMAGE = DiskImage(Path("d.img"), "raw")


def drives(*texts: str, snapshot: bool = False) -> dict[str, object]:
    return changes(texts, (), snapshot=snapshot)


def devices(*texts: str) -> dict[str, object]:
    return changes((), texts, snapshot=False)


def test_nothing_asked_for_changes_nothing() -> None:
    assert drives() == {}


def test_a_flash_drive_has_unit_file_and_protection() -> None:
    found = drives("if=pflash,unit=1,file=a,,b.bin,format=raw,readonly=on", "if=pflash,file=x", snapshot=True)
    assert found == {
        "drives": (Drive("pflash", 1, Path("a,b.bin"), True), Drive("pflash", 0, Path("x"), False))
    }


@pytest.mark.parametrize("text", ["file=d.img,format=raw", "if=virtio,format=raw,file=d.img,media=disk"])
def test_a_disk_makes_its_own_device(text: str) -> None:
    assert drives(text) == {"virtio": (Block(IMAGE),)}


@pytest.mark.parametrize("text", ["id=hd0,file=d.img,format=raw", "if=none,id=hd0,file=d.img,format=raw"])
def test_a_drive_waits_for_its_device(text: str) -> None:
    device = "virtio-blk-device,drive=hd0,serial=A1,bus=virtio-mmio-bus.0"
    found = changes((text,), (device,), snapshot=False)
    assert found == {"virtio": (Block(IMAGE, "A1", 0),)}


def test_devices_come_before_drives_and_each_in_order() -> None:
    found = changes(
        ("file=one,format=raw", "id=b,file=two,format=raw", "file=three,format=raw"),
        ("virtio-rng-device", "virtio-blk,drive=b", "loader,file=x"),
        snapshot=False,
    )
    assert [type(each) for each in found["virtio"]] == [Entropy, Block, Block, Block]
    assert [each.image.path.name for each in found["virtio"][1:]] == ["two", "one", "three"]
    assert found["loaders"] == (LoaderRequest(Path("x"), None),)


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("file=d", DiskImage(Path("d"))),
        ("file=d,readonly=on", DiskImage(Path("d"), read_only=True)),
        ("file=d,read-only=on", DiskImage(Path("d"), read_only=True)),
        ("file=d,media=cdrom", DiskImage(Path("d"), read_only=True)),
        ("file=d,format=qcow2,snapshot=on", DiskImage(Path("d"), "qcow2", snapshot=True)),
        ("file=d,discard=unmap,cache=unsafe", DiskImage(Path("d"), unmap=True, sync=False)),
        ("file=d,discard=ignore,cache=writeback", DiskImage(Path("d"))),
    ],
)
def test_a_disk_has_format_and_protection(text: str, image: DiskImage) -> None:
    assert drives(text) == {"virtio": (Block(image),)}


def test_snapshot_is_for_every_disk() -> None:
    found = drives("file=a", "file=b,snapshot=off", snapshot=True)
    assert all(each.image.snapshot for each in found["virtio"])


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("virtio-rng-device", Entropy(0)),
        ("virtio-rng-device,seed=77,id=r", Entropy(77)),
        ("virtio-rng,seed=host,bus=virtio-mmio-bus.7", Entropy(None, 7)),
    ],
)
def test_entropy_has_a_seed_or_is_the_hosts(text: str, request_: Entropy) -> None:
    assert devices(text) == {"virtio": (request_,)}


def test_an_object_is_the_hosts_entropy() -> None:
    device = ("virtio-rng-device,rng=r0",)
    for text in ("rng-random,filename=/dev/urandom,id=r0", "rng-builtin,id=r0"):
        assert changes((), device, objects=(text,)) == {"virtio": (Entropy(None),)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rng-egd,id=r0", "rng-random"),
        ("memory-backend-ram,id=m,size=1G", "rng-random"),
        ("rng-random", "id=NAME"),
        ("rng-random,id=r0,filename=/dev/zero", "seed=N"),
        ("rng-random,id=r1", "source of entropy"),
        ("", "key=value"),
    ],
)
def test_an_object_that_cannot_be_meant_is_refused(text: str, says: str) -> None:
    with pytest.raises((CommandError, UnknownName), match=says):
        changes((), ("virtio-rng-device,rng=r0",), objects=(text,))


def test_a_loader_has_a_file_and_perhaps_an_address() -> None:
    found = devices("loader,file=a.bin,addr=0x80200000", "loader,file=a.elf")
    assert found["loaders"] == (
        LoaderRequest(Path("a.bin"), 0x8020_0000),
        LoaderRequest(Path("a.elf"), None),
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("if=pflash", "file=FILE"),
        ("if=pflash,file=x,unit=one", "unit=N"),
        ("if=pflash,file=x,unit=²", "unit=N"),
        ("if=pflash,file=x,format=qcow2", "format=raw"),
        ("if=pflash,file=x,readonly=maybe", "readonly=on"),
        ("if=pflash,file=x,redonly=on", "'readonly'"),
        ("if=virtio", "file=FILE"),
        ("file=", "file=FILE"),
        ("if=none,file=x", "id=NAME"),
        ("id=a,file=x", "no -device names it"),
        ("file=x,format=vmdk", "raw, qcow2"),
        ("file=x,cache=none", "writeback, unsafe"),
        ("file=x,snapshot=perhaps", "snapshot=on"),
        ("file=x,serial=1", "no property"),
        ("if=ide,file=x", "if=virtio"),
        ("file=x,file=y", "each key once"),
    ],
)
def test_a_drive_that_cannot_be_meant_is_refused(text: str, says: str) -> None:
    with pytest.raises((CommandError, UnknownName), match=says):
        drives(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lodaer,file=x", "'loader'"),
        ("virtio-net-device", "machine show"),
        ("virtio-blk-devise,drive=x", "'virtio-blk-device'"),
        ("virtio-blk-pci,drive=x", "virtio-blk-device"),
        ("loader", "file=FILE"),
        ("loader,file=x,addr=zz", "0x80000000"),
        ("virtio-blk-device", "drive=NAME"),
        ("virtio-blk-device,drive=x", "no free drive"),
        ("virtio-rng-device,seed=-1", "seed=host"),
        ("virtio-rng-device,seed=", "seed=host"),
        ("virtio-rng-device,bus=pci.0", "virtio-mmio-bus"),
        ("virtio-rng-device,bus=virtio-mmio-bus.", "virtio-mmio-bus"),
        ("virtio-rng-device,sed=1", "'seed'"),
        ("", "key=value"),
    ],
)
def test_a_device_that_cannot_be_meant_is_refused(text: str, says: str) -> None:
    with pytest.raises((CommandError, UnknownName), match=says):
        devices(text)


def test_a_drive_is_used_once_and_its_id_given_once() -> None:
    drive = "id=a,file=x"
    twice = ("virtio-blk-device,drive=a", "virtio-blk-device,drive=a")
    with pytest.raises(UnknownName, match="used once"):
        changes((drive,), twice, snapshot=False)
    with pytest.raises(UsageError, match="twice"):
        changes((drive, drive), twice, snapshot=False)
    with pytest.raises(UsageError, match="at most 20 bytes"):
        changes((drive,), ("virtio-blk-device,drive=a,serial=" + "é" * 11,), snapshot=False)


def test_a_pci_device_is_not_here() -> None:
    with pytest.raises(NotInThisVersion, match="PCI"):
        devices("virtio-rng-pci")
