"""QEMU's composite values."""

from __future__ import annotations

from pathlib import Path

import pytest

from axemu import specs
from axemu.errors import CommandError, NotInThisVersion, UsageError
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
        ("guest_errors", {"device"}),
        ("all", {"exit", "trap", "interrupt", "unmapped", "device"}),
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
