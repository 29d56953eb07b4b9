from __future__ import annotations

from pathlib import Path

import pytest

from emu.errors import LoadError
from emu.loaders.image import Image, Segment
from emu.loaders.placement import Claim, MemoryRange, check_apart, check_inside, quantity

RAM = MemoryRange("RAM", 0x8000_0000, 128 << 20)
PATH = Path("guest.elf")


def image(address: int, size: int = 0x1000, isa: str = "riscv64") -> Image:
    return Image(PATH, "ELF", isa, address, (Segment(address, b"\x13", size - 1),))


def refusal(part: Image, *ranges: MemoryRange) -> str:
    with pytest.raises(LoadError) as caught:
        check_inside(part, ranges or (RAM,))
    return str(caught.value)


def test_a_segment_may_fill_memory_to_its_last_byte_and_no_further() -> None:
    check_inside(image(0x8000_0000, 128 << 20), (RAM,))
    assert "RAM 0x80000000..0x87ffffff (128 MiB)" in refusal(image(0x8000_0000, (128 << 20) + 1))
    assert "-m" in refusal(image(0x87FF_FFFF, 2))


def test_ten_gigabytes_of_bss_are_refused_with_the_memory_that_it_takes() -> None:
    text = refusal(image(0x8000_1000, 10 << 30))
    assert "10 GiB" in text
    assert "at least 10 GiB" in text


def test_a_segment_elsewhere_is_told_where_memory_is() -> None:
    assert "Link it at 0x80000000" in refusal(image(0x9000_0000_0000))


def test_an_operating_systems_program_and_a_vmlinux_are_recognised_by_their_addresses() -> None:
    assert "operating system" in refusal(image(0x1_0000))
    assert "vmlinux" in refusal(image(0xFFFF_FFFF_8000_0000))
    assert "vmlinux" in refusal(image(0xC000_0000, isa="riscv32"))


def test_what_a_kernel_claims_beyond_its_bytes_must_be_memory_too() -> None:
    kernel = Image(PATH, "Linux Image", "riscv64", 0, (Segment(0, b"\x13"),), fixed=False, reserve=128 << 20)
    check_inside(kernel.at(0x8000_0000), (RAM,))
    assert "130 MiB" in refusal(kernel.at(0x8020_0000))


def test_a_segment_in_an_alias_of_memory_is_inside() -> None:
    alias = MemoryRange("RAM", 0x8000_0000, 16 << 20, home=0)
    check_inside(image(0x8000_0000), (MemoryRange("RAM", 0, 16 << 20), alias))


def test_claims_that_share_a_byte_are_refused_with_both_names() -> None:
    kernel, initrd = Claim("kernel", PATH, 0x1000, 0x1000), Claim("initrd", "disk.img", 0x1FFF, 10)
    with pytest.raises(LoadError) as caught:
        check_apart([initrd, kernel])
    assert "initrd at 0x1fff..0x2008, overlapping kernel at 0x1000..0x1fff" in str(caught.value)
    check_apart([kernel, Claim("initrd", PATH, 0x2000, 10), Claim("nothing", PATH, 0x1800, 0)])


def test_of_many_claims_the_two_that_meet_are_named() -> None:
    claims = [Claim("far", PATH, 200, 1), Claim("large", PATH, 0, 100), Claim("inner", PATH, 90, 5)]
    with pytest.raises(LoadError, match=r"inner at 0x5a\.\.0x5e, overlapping large"):
        check_apart(claims)


def test_claims_through_an_alias_meet_those_at_home() -> None:
    ranges = (MemoryRange("RAM", 0, 0x10000), MemoryRange("RAM", 0x8000_0000, 0x10000, home=0))
    with pytest.raises(LoadError, match="one at"):
        check_apart([Claim("two", PATH, 0x100, 0x10), Claim("one", PATH, 0x8000_0108, 0x10)], ranges)


def test_quantities_are_readable() -> None:
    sizes = (1, 12, 1024, 1536 << 20, 10 << 30, 1 << 42)
    assert [quantity(size) for size in sizes] == ["1 byte", "12 bytes", "1 KiB", "1.5 GiB", "10 GiB", "4 TiB"]
