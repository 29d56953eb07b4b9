"""QEMU's composite values."""

from __future__ import annotations

from pathlib import Path

import pytest

from axemu import specs
from axemu.errors import CommandError, NotInThisVersion, UsageError
from emu.config import Drive, LoaderRequest
from emu.errors import UnknownName


@pytest.mark.parametrize(
    ("text", "count"),
    [("4", 4), ("cpus=2", 2), ("4,sockets=2,cores=2", 4), ("sockets=2,threads=2", 4), ("2,maxcpus=2", 2)],
)
def test_smp_is_the_number_of_vcpus(text: str, count: int) -> None:
    assert specs.cpus(text) == count


@pytest.mark.parametrize("text", ["0", "-1", "many", "", "4,cores=3", "2,maxcpus=8", "4,cores=2,"])
def test_smp_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="-smp"):
        specs.cpus(text)


def test_memory_without_a_unit_is_in_mebibytes_as_qemus() -> None:
    assert specs.ram("512") == specs.ram("512M") == specs.ram("size=0.5G") == 512 << 20


@pytest.mark.parametrize(("text", "shift"), [("shift=3", 3), ("0", 0), ("shift=2,sleep=off,align=off", 2)])
def test_icount_is_a_shift(text: str, shift: int) -> None:
    assert specs.shift(text) == shift


@pytest.mark.parametrize("text", ["shift=11", "shift=x", "auto", "shift=1,align=on", "rr=record"])
def test_icount_that_is_not_here_is_refused(text: str) -> None:
    with pytest.raises((CommandError, UnknownName), match="-icount"):
        specs.shift(text)


def test_a_flash_drive_has_unit_file_and_protection() -> None:
    assert specs.drive("if=pflash,unit=1,file=a,,b.bin,format=raw,readonly=on") == Drive(
        "pflash", 1, Path("a,b.bin"), True
    )
    assert specs.drive("if=pflash,file=x") == Drive("pflash", 0, Path("x"), False)


def test_a_disk_is_refused_with_what_serves_instead() -> None:
    with pytest.raises(NotInThisVersion, match="-initrd"):
        specs.drive("file=disk.qcow2,if=virtio")


@pytest.mark.parametrize(
    "text",
    [
        "if=pflash",
        "if=pflash,file=x,unit=one",
        "if=pflash,file=x,format=qcow2",
        "if=pflash,file=x,readonly=maybe",
    ],
)
def test_a_flash_drive_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="-drive"):
        specs.drive(text)


def test_a_misspelled_property_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownName, match="'readonly'"):
        specs.drive("if=pflash,file=x,redonly=on")


def test_a_loader_has_a_file_and_perhaps_an_address() -> None:
    assert specs.loader("loader,file=a.bin,addr=0x80200000") == LoaderRequest(Path("a.bin"), 0x8020_0000)
    assert specs.loader("loader,file=a.elf") == LoaderRequest(Path("a.elf"), None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lodaer,file=x", "'loader'"),
        ("virtio-net-device", "machine show"),
        ("loader", "file=FILE"),
        ("loader,file=x,addr=zz", "0x80000000"),
    ],
)
def test_another_device_is_refused_with_what_there_is(text: str, says: str) -> None:
    with pytest.raises((CommandError, UnknownName), match=says):
        specs.loader(text)


def test_a_dump_has_address_length_and_file() -> None:
    assert specs.dump("0x80000000,4K,a,b.bin") == specs.MemoryDump(0x8000_0000, 4096, Path("a,b.bin"))


@pytest.mark.parametrize(
    "text", ["", "0x80000000", "0x80000000,4K", "0x80000000,4K,", "x,4K,f", "0x80000000,0,f"]
)
def test_a_dump_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--dump-memory"):
        specs.dump(text)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("exits", {"exit"}),
        ("int,unimp", {"interrupt", "unmapped"}),
        ("all", {"exit", "trap", "interrupt", "unmapped"}),
    ],
)
def test_log_words_name_event_kinds(text: str, kinds: set[str]) -> None:
    assert specs.log_kinds(text) == kinds


def test_a_log_word_of_qemus_alone_is_refused_with_those_that_are_here() -> None:
    with pytest.raises(NotInThisVersion, match="exits, traps"):
        specs.log_kinds("in_asm")


def test_a_misspelled_log_word_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownName, match="'exits'"):
        specs.log_kinds("exts")


@pytest.mark.parametrize(
    ("text", "on"), [(None, True), ("enable=on", True), ("enable=off,target=native", False)]
)
def test_semihosting_is_on_or_off(text: str | None, on: bool) -> None:
    assert specs.semihosting(text) is on
