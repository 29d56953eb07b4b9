import ctypes
import gc
import os
import resource
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu import memory
from emu.errors import AddressError, ConfigError, MapError, MemoryClosed, MemoryInUse
from emu.memory import PAGE, MemoryMap, Ram, Region


@pytest.fixture
def ram():
    return Ram(64 * PAGE)


@pytest.fixture(params=["memfd", "anonymous"])
def either(request, monkeypatch):
    if request.param == "anonymous":
        monkeypatch.delattr(os, "memfd_create")
    return Ram(64 * PAGE)


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def test_four_gib_cost_nothing_until_touched():
    before = resident()
    ram = Ram(4 << 30)
    ram.view[3 << 30] = 1
    assert ram.capture().digest == ram.digest
    assert resident() - before < 20 << 20
    ram.close()


def test_memory_begins_zero_and_touched_extents_are_found(ram):
    assert ram.touched() == [] and not ram.view.any()
    ram.clear()
    ram.view[5 * PAGE + 7] = 1
    ram.view[40 * PAGE : 42 * PAGE] = 2
    assert ram.touched() == [(5 * PAGE, 6 * PAGE), (40 * PAGE, 42 * PAGE)]
    assert [number for number, _ in ram.pages()] == [5, 40, 41]


def test_native_code_and_python_see_the_same_bytes(ram):
    ctypes.memset(ram.address + 100, 0x5A, 3)
    assert ram.view[99:104].tolist() == [0, 0x5A, 0x5A, 0x5A, 0]


def test_the_digest_is_of_the_content_whatever_was_touched(either):
    empty = either.digest
    either.view[PAGE] = 1
    one = either.digest
    assert one != empty
    either.view[9 * PAGE] = 5
    either.view[9 * PAGE] = 0
    assert either.digest == one
    either.view[PAGE] = 0
    either.view[2 * PAGE] = 1
    assert either.digest != one, "the same content on another page"
    either.clear()
    assert either.digest == empty


def test_a_capture_restores_and_says_what_it_changed(either):
    either.view[PAGE] = 1
    either.view[2 * PAGE : 4 * PAGE] = 7
    capture = either.capture()
    assert capture.digest == either.digest and len(capture) == 3
    either.view[2 * PAGE] = 8
    either.view[PAGE : 2 * PAGE] = 0
    either.view[50 * PAGE] = 1
    assert either.restore(capture).tolist() == [1, 2, 50]
    assert either.digest == capture.digest
    assert either.restore(capture).tolist() == []


def test_a_capture_is_not_changed_by_what_happens_later(ram):
    ram.view[:] = 3
    capture = ram.capture()
    ram.view[:] = 4
    assert all((content == 3).all() for _, content in capture.pages())
    with pytest.raises(ValueError, match="read-only"):
        capture.blocks[0][0, 0] = 1


def test_unchanged_pages_are_shared_with_the_previous_capture(ram):
    ram.view[:] = 1
    first = ram.capture()
    ram.view[3 * PAGE] = 2
    second = ram.capture(first)
    assert second.blocks[0] is first.blocks[0]
    assert [len(block) for block in second.blocks] == [64, 1]
    third = ram.capture(second)
    assert all(a is b for a, b in zip(third.blocks, second.blocks, strict=True))


def test_a_long_chain_of_captures_keeps_no_more_than_twice_its_pages(ram):
    capture = None
    for step in range(300):
        ram.view[(step * 7 % 64) * PAGE] = step % 255 + 1
        capture = ram.capture(capture)
        assert capture.digest == ram.digest
        assert capture.nbytes <= 2 * len(capture) * PAGE


def test_a_block_of_which_less_than_half_is_left_is_given_up(ram):
    ram.view[:] = 1
    first = ram.capture()
    ram.view[: 40 * PAGE] = 2
    second = ram.capture(first)
    assert [len(block) for block in second.blocks] == [64]
    assert second.digest == ram.digest
    ram.view[: 20 * PAGE] = 3
    third = ram.capture(second)
    assert [len(block) for block in third.blocks] == [64, 20] and third.digest == ram.digest


def test_a_capture_comes_back_into_memory_that_was_given_back(either):
    either.view[3 * PAGE] = 1
    either.view[9 * PAGE] = 2
    capture = either.capture()
    either.clear()
    assert either.restore(capture).tolist() == [3, 9]
    assert either.digest == capture.digest


def test_a_capture_of_another_size_is_refused(ram):
    with pytest.raises(ConfigError, match="a capture of 0x40000 bytes, got one of 0x1000 bytes"):
        ram.restore(Ram(PAGE).capture())


page_writes = st.lists(
    st.tuples(st.integers(0, 63), st.integers(0, PAGE - 1), st.integers(0, 2)), max_size=20
)


@settings(max_examples=60, deadline=None)
@given(st.lists(page_writes, min_size=1, max_size=6), st.data())
def test_any_capture_of_any_chain_comes_back_exactly(rounds, data):
    ram = Ram(64 * PAGE)
    captures, contents = [], []
    for writes in rounds:
        for page, at, value in writes:
            ram.view[page * PAGE + at] = value
        captures.append(ram.capture(captures[-1] if captures else None))
        contents.append(ram.view.tobytes())
    for _ in range(3):
        which = data.draw(st.integers(0, len(captures) - 1))
        before = np.frombuffer(ram.view.tobytes(), np.uint8).reshape(-1, PAGE)
        changed = ram.restore(captures[which])
        assert ram.view.tobytes() == contents[which]
        after = np.frombuffer(contents[which], np.uint8).reshape(-1, PAGE)
        assert changed.tolist() == np.flatnonzero((before != after).any(axis=1)).tolist()
        assert ram.digest == captures[which].digest == ram.capture(captures[which]).digest


@settings(max_examples=60, deadline=None)
@given(span=st.tuples(st.integers(0, 8 * PAGE), st.integers(0, 8 * PAGE)).map(sorted))
def test_zeroing_clears_what_was_asked_and_nothing_else(span):
    ram, (start, end) = Ram(8 * PAGE), span
    ram.view[:] = 0xA5
    ram.zero(start, end - start)
    expected = np.full(8 * PAGE, 0xA5, np.uint8)
    expected[start:end] = 0
    assert (ram.view == expected).all()
    ram.close()


def test_zeroing_gives_whole_pages_back():
    ram = Ram(64 << 20)
    ram.view[:] = 1
    before = resident()
    ram.zero(100, (64 << 20) - 200)
    assert resident() < before - (60 << 20)


@pytest.mark.parametrize("size", [0, -PAGE, 5000, PAGE - 1])
def test_an_odd_size_is_refused_with_the_nearest_good_one(size):
    with pytest.raises(ConfigError, match="a positive multiple of 4096 bytes"):
        Ram(size)


@pytest.mark.parametrize("size", [1 << 62, 1 << 70])
def test_a_size_that_the_host_cannot_map_is_an_error_and_leaks_nothing(size):
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(ConfigError, match="Ask for less memory"):
        Ram(size)
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


def test_closing_while_somebody_looks_is_an_error_and_changes_nothing(either):
    either.view[3] = 9
    part = either.view[2:5]
    with pytest.raises(MemoryInUse, match="still looked into"):
        either.close()
    assert part.tolist() == [0, 9, 0] and either.view[3] == 9
    del part
    either.close()
    either.close()


def test_a_closed_memory_says_so_for_every_use(either):
    either.close()
    for use in (lambda: either.view, lambda: either.address, either.touched, either.capture, either.clear):
        with pytest.raises(MemoryClosed):
            use()


def test_a_view_outlives_the_object_it_came_from():
    view = Ram(PAGE).view
    gc.collect()
    view[0] = 5
    assert view[0] == 5


def test_ten_thousand_memories_leave_nothing_behind():
    before, files = resident(), len(os.listdir("/proc/self/fd"))
    for index in range(10_000):
        ram = Ram(16 * PAGE)
        ram.view[0] = 1
        if index % 2:
            ram.close()
    del ram
    gc.collect()
    assert resident() - before < 4 << 20 and len(os.listdir("/proc/self/fd")) == files


def test_importing_it_does_not_import_numba():
    code = "import sys, emu.memory, emu.bus, emu.errors; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.fixture
def mapped(ram):
    return MemoryMap(
        [Region("low", 0x1000, ram, 0, 2 * PAGE), Region("high", 0x3000, ram, 4 * PAGE, 2 * PAGE)]
    )


def test_an_access_runs_on_into_the_next_region(mapped, ram):
    mapped.write(0x2FFE, b"abcd")
    assert mapped.read(0x2FFE, 4) == b"abcd"
    assert ram.view[2 * PAGE - 2 : 2 * PAGE].tobytes() == b"ab"
    assert ram.view[4 * PAGE : 4 * PAGE + 2].tobytes() == b"cd"


def test_aliases_of_one_ram_show_the_same_bytes(ram):
    mapped = MemoryMap([Region("ram", 0x8000_0000, ram, 0, ram.size), Region("alias", 0, ram, 0, ram.size)])
    mapped.write(0x8000_0010, b"hi")
    assert mapped.read(0x10, 2) == b"hi"


def test_a_missing_byte_names_the_range_the_place_and_what_is_near(mapped):
    with pytest.raises(AddressError) as caught:
        mapped.read(0x4FFE, 4)
    assert str(caught.value) == (
        "cannot read 0x4ffe..0x5001: no memory at 0x5000. Nearby: high 0x3000..0x4fff."
    )
    with pytest.raises(AddressError, match=r"no memory at 0x0\. Nearby: low 0x1000\.\.0x2fff\."):
        mapped.write(0, b"x")
    with pytest.raises(AddressError, match="No memory is mapped at all"):
        MemoryMap().read(0, 1)


def test_a_write_that_does_not_fit_writes_nothing(mapped):
    with pytest.raises(AddressError):
        mapped.write(0x4FF0, bytes(range(1, 33)))
    assert mapped.read(0x4FF0, 16) == bytes(16)


def test_nothing_is_read_and_written_anywhere(mapped):
    assert mapped.read(0x99999, 0) == b""
    mapped.write(0x99999, b"")


def test_overlapping_and_oversized_regions_are_refused(mapped, ram):
    with pytest.raises(MapError, match=r"low 0x1000\.\.0x2fff"):
        mapped.add(Region("third", 0x2FFF, ram, 0, 1))
    with pytest.raises(MapError, match="a part of its memory"):
        mapped.add(Region("third", 0x9000, ram, PAGE, ram.size))


def test_the_fallback_without_memfd_is_the_same_memory(monkeypatch):
    monkeypatch.delattr(os, "memfd_create")
    ram = Ram(8 * PAGE)
    assert ram.touched() == [(0, 8 * PAGE)]
    assert memory.Ram is Ram and not ram.view.any()
