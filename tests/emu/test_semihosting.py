from __future__ import annotations

import errno
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.semihosting import (
    LARGEST,
    Exited,
    Operation,
    Returned,
    Semihosting,
    Surroundings,
    WaitsForInput,
    is_call,
)

BASE, SIZE = 0x8000_0000, 4 << 20
BLOCK, DATA = BASE, BASE + 0x1000
MINUS_ONE = {32: 0xFFFF_FFFF, 64: 0xFFFF_FFFF_FFFF_FFFF}


@dataclass
class Guest:
    """Four megabytes of memory, a console, a clock; everything around is unmapped."""

    bits: int = 64
    memory: bytearray = field(default_factory=lambda: bytearray(SIZE))
    output: bytearray = field(default_factory=bytearray)
    pending: bytes | None = b""
    now: int = 0
    largest_read: int = 0

    def __post_init__(self) -> None:
        around = Surroundings(
            read=self.read,
            write=self.write,
            output=self.output.extend,
            input=self.take,
            clock=lambda: self.now,
            epoch=1_700_000_000,
            command_line="guest --flag",
        )
        self.semihosting = Semihosting(self.bits, around)

    def read(self, address: int, size: int) -> bytes | None:
        self.largest_read = max(self.largest_read, size)
        at = address - BASE
        return bytes(self.memory[at : at + size]) if at >= 0 and at + size <= SIZE else None

    def write(self, address: int, data: bytes) -> bool:
        at = address - BASE
        if at < 0 or at + len(data) > SIZE:
            return False
        self.memory[at : at + len(data)] = data
        return True

    def take(self, limit: int) -> bytes | None:
        if self.pending is None:
            return None
        data, self.pending = self.pending[:limit], self.pending[limit:]
        return data

    def call(self, operation: int, *words: int) -> object:
        """Call with a block of these words."""
        for at, word in enumerate(words):
            self.write(BLOCK + at * self.bits // 8, word.to_bytes(self.bits // 8, "little"))
        return self.semihosting.call(operation, BLOCK)

    def value(self, operation: int, *words: int) -> int:
        answer = self.call(operation, *words)
        assert isinstance(answer, Returned)
        return answer.value

    def put(self, text: bytes) -> tuple[int, int]:
        self.write(DATA, text)
        return DATA, len(text)

    def open(self, name: bytes, mode: int) -> int:
        address, length = self.put(name + b"\0")
        return self.value(Operation.OPEN, address, mode, length - 1)

    def fails_with(self, number: int, operation: int, *words: int) -> None:
        assert self.value(operation, *words) == MINUS_ONE[self.bits]
        assert self.semihosting.call(Operation.ERRNO, 0) == Returned(number)


@pytest.fixture(params=[32, 64])
def guest(request: pytest.FixtureRequest) -> Guest:
    return Guest(request.param)


def test_only_the_whole_sequence_is_a_call() -> None:
    words = (0x01F01013, 0x00100073, 0x40705013)
    assert is_call(*words)
    for place in range(3):
        for bit in range(32):
            other = list(words)
            other[place] ^= 1 << bit
            assert not is_call(*other)


def test_characters_and_strings_reach_the_console(guest: Guest) -> None:
    address, _ = guest.put(b"Hello\0world")
    assert guest.semihosting.call(Operation.WRITEC, address) == Returned(0)
    assert guest.semihosting.call(Operation.WRITE0, address + 1) == Returned(0)
    assert guest.output == b"Hello"


def test_a_string_at_the_end_of_memory_is_read_without_touching_what_follows(guest: Guest) -> None:
    guest.write(BASE + SIZE - 300, b"x" * 299 + b"\0")
    assert guest.semihosting.call(Operation.WRITE0, BASE + SIZE - 300) == Returned(0)
    assert guest.output == b"x" * 299


def test_a_string_without_an_end_is_bounded_or_fails_at_unreadable_memory(guest: Guest) -> None:
    guest.memory[:] = b"y" * SIZE
    assert guest.semihosting.call(Operation.WRITE0, BASE) == Returned(0)
    assert LARGEST <= len(guest.output) <= LARGEST + 256
    guest.output.clear()
    answer = guest.semihosting.call(Operation.WRITE0, BASE + SIZE - 1000)
    assert isinstance(answer, Returned)
    assert answer.value == MINUS_ONE[guest.bits]
    assert "cannot be read" in answer.note


def test_the_console_opens_for_reading_writing_and_errors(guest: Guest) -> None:
    handles = [guest.open(b":tt", mode) for mode in (0, 4, 8)]
    assert len(set(handles)) == 3
    assert 0 not in handles
    assert [guest.value(Operation.ISTTY, handle) for handle in handles] == [1, 1, 1]
    for handle in handles[1:]:
        address, length = guest.put(b"text ")
        assert guest.value(Operation.WRITE, handle, address, length) == 0
    assert guest.output == b"text text "
    guest.fails_with(errno.EBADF, Operation.WRITE, handles[0], DATA, 4)
    guest.fails_with(errno.EBADF, Operation.READ, handles[1], DATA, 4)
    guest.fails_with(errno.ESPIPE, Operation.FLEN, handles[0])
    guest.fails_with(errno.ESPIPE, Operation.SEEK, handles[0], 0)
    assert guest.value(Operation.CLOSE, handles[1]) == 0
    guest.fails_with(errno.EBADF, Operation.WRITE, handles[1], DATA, 4)
    assert guest.open(b":tt", 4) == handles[1]


def test_reading_returns_the_bytes_that_are_missing_and_waits_where_there_are_none(guest: Guest) -> None:
    handle = guest.open(b":tt", 0)
    assert guest.call(Operation.READ, handle, DATA, 10) == WaitsForInput()
    guest.pending = b"abc"
    assert guest.value(Operation.READ, handle, DATA, 10) == 7
    assert guest.read(DATA, 3) == b"abc"
    assert guest.value(Operation.READ, handle, DATA, 0) == 0
    guest.pending = None
    assert guest.value(Operation.READ, handle, DATA, 10) == 10


def test_input_that_cannot_be_stored_is_not_lost(guest: Guest) -> None:
    handle = guest.open(b":tt", 0)
    guest.pending = b"abc"
    guest.fails_with(errno.EFAULT, Operation.READ, handle, 0x10, 10)
    assert guest.pending == b"abc"


def test_one_character_is_read_or_waited_for(guest: Guest) -> None:
    assert guest.semihosting.call(Operation.READC, 0) == WaitsForInput()
    guest.pending = b"\xffz"
    assert guest.semihosting.call(Operation.READC, 0) == Returned(0xFF)
    assert guest.pending == b"z"
    guest.pending = None
    guest.fails_with(errno.EIO, Operation.READC)


def test_a_write_larger_than_the_bound_is_a_partial_one(guest: Guest) -> None:
    handle = guest.open(b":tt", 4)
    assert guest.value(Operation.WRITE, handle, DATA, LARGEST + 5) == 5
    assert len(guest.output) == LARGEST
    missing = MINUS_ONE[guest.bits] - LARGEST
    assert guest.value(Operation.WRITE, handle, DATA, MINUS_ONE[guest.bits]) == missing
    assert guest.largest_read <= LARGEST


def test_files_of_the_host_are_refused_with_a_note(guest: Guest) -> None:
    address, length = guest.put(b"/etc/passwd\0")
    answer = guest.call(Operation.OPEN, address, 0, length - 1)
    assert isinstance(answer, Returned)
    assert answer.value == MINUS_ONE[guest.bits]
    assert "'/etc/passwd'" in answer.note
    guest.fails_with(errno.EACCES, Operation.OPEN, address, 0, length - 1)
    for operation in (Operation.REMOVE, Operation.RENAME, Operation.TMPNAM, Operation.SYSTEM, 0x99):
        guest.fails_with(errno.ENOSYS, operation)
    guest.fails_with(errno.ENAMETOOLONG, Operation.OPEN, address, 0, 1 << 30)
    guest.fails_with(errno.EACCES, Operation.OPEN, guest.put(b":tt\0")[0], 12, 3)


def test_handles_run_out(guest: Guest) -> None:
    handles = [guest.open(b":tt", 4) for _ in range(32)]
    assert len(set(handles)) == 32
    guest.fails_with(errno.EMFILE, Operation.OPEN, guest.put(b":tt\0")[0], 4, 3)


def test_the_feature_file_names_the_extensions(guest: Guest) -> None:
    handle = guest.open(b":semihosting-features", 0)
    assert guest.value(Operation.FLEN, handle) == 5
    assert guest.value(Operation.ISTTY, handle) == 0
    assert guest.value(Operation.READ, handle, DATA, 4) == 0
    assert guest.read(DATA, 4) == b"SHFB"
    assert guest.value(Operation.READ, handle, DATA, 4) == 3
    assert guest.read(DATA, 1) == b"\x03"
    assert guest.value(Operation.READ, handle, DATA, 4) == 4
    assert guest.value(Operation.SEEK, handle, 4) == 0
    assert guest.value(Operation.READ, handle, DATA, 1) == 0
    guest.fails_with(errno.EINVAL, Operation.SEEK, handle, 6)


def test_exits_carry_the_guests_verdict() -> None:
    narrow, wide = Guest(32), Guest(64)
    assert narrow.semihosting.call(Operation.EXIT, 0x20026) == Exited(0)
    assert narrow.semihosting.call(Operation.EXIT, 0x20023) == Exited(1)
    assert wide.call(Operation.EXIT, 0x20026, 42) == Exited(42)
    assert wide.call(Operation.EXIT, 0x20023, 0) == Exited(1)
    for guest in (narrow, wide):
        assert guest.call(Operation.EXIT_EXTENDED, 0x20026, 7) == Exited(7)
        assert guest.call(Operation.EXIT_EXTENDED, 0x20026, 0) == Exited(0)
        assert guest.call(Operation.EXIT_EXTENDED, 0x20024, 0) == Exited(1)
        assert guest.semihosting.call(Operation.EXIT_EXTENDED, 0).value == MINUS_ONE[guest.bits]  # type: ignore[union-attr]


def test_time_is_the_guests_clock(guest: Guest) -> None:
    guest.now = 12_345_678_901
    assert guest.value(Operation.CLOCK) == 1234
    assert guest.value(Operation.TIME) == 1_700_000_012
    assert guest.value(Operation.TICKFREQ) == 1_000_000_000
    assert guest.semihosting.call(Operation.ELAPSED, DATA) == Returned(0)
    assert guest.read(DATA, 8) == guest.now.to_bytes(8, "little")


def test_the_command_line_is_copied_where_it_fits(guest: Guest) -> None:
    assert guest.value(Operation.GET_CMDLINE, DATA, 13) == 0
    assert guest.read(DATA, 13) == b"guest --flag\0"
    word = guest.bits // 8
    assert guest.read(BLOCK + word, word) == (12).to_bytes(word, "little")
    guest.fails_with(errno.E2BIG, Operation.GET_CMDLINE, DATA, 12)


def test_negative_words_are_errors(guest: Guest) -> None:
    assert guest.value(Operation.ISERROR, MINUS_ONE[guest.bits]) == 1
    assert guest.value(Operation.ISERROR, 0) == 0


def test_the_heap_is_the_programs_own_business(guest: Guest) -> None:
    size = 4 * guest.bits // 8
    guest.write(DATA, b"\xff" * size)
    assert guest.value(Operation.HEAPINFO, DATA) == 0
    assert guest.read(DATA, size) == bytes(size)


def test_a_snapshot_keeps_handles_and_the_last_error(guest: Guest) -> None:
    handle = guest.open(b":tt", 4)
    guest.fails_with(errno.EBADF, Operation.CLOSE, 99)
    saved = guest.semihosting.state
    assert guest.value(Operation.CLOSE, handle) == 0
    other = Guest(guest.bits)
    other.semihosting.load(saved)
    assert other.value(Operation.ISTTY, handle) == 1
    assert other.semihosting.call(Operation.ERRNO, 0) == Returned(errno.EBADF)
    assert saved.handles == {handle: "stdout"}


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([32, 64]), st.integers(0, 0x40), st.randoms(use_true_random=False))
def test_whatever_a_guest_asks_is_answered_within_bounds(
    bits: int, operation: int, chance: random.Random
) -> None:
    guest = Guest(bits, memory=bytearray(SIZE), pending=chance.choice((None, b"", b"input")))
    guest.open(b":tt", chance.choice((0, 4)))
    words = (0, 1, 2, BASE, BASE + SIZE - 1, DATA, 1 << 31, MINUS_ONE[bits], chance.getrandbits(bits))
    block = [chance.choice(words) for _ in range(4)]
    answer = guest.call(operation, *block)
    assert isinstance(answer, Returned | Exited | WaitsForInput)
    if isinstance(answer, Returned):
        assert 0 <= answer.value <= MINUS_ONE[bits]
    answer = guest.semihosting.call(operation, chance.choice(words))
    assert isinstance(answer, Returned | Exited | WaitsForInput)
    assert guest.largest_read <= LARGEST
