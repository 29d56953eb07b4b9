"""The console's input and output without a terminal: files, pipes, and readers that go away."""

from __future__ import annotations

import hashlib
import os
import select
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from axemu import console
from axemu.errors import InputUnreadable, OutputClosed
from axemu.inputs import LiveInput, StoredInput
from axemu.outputs import BACKLOG, Output

PATIENCE = 30.0


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for fd in (reading, writing):
        if console.is_open(fd):
            os.close(fd)


def nobody() -> None:
    raise AssertionError("the reader is there")


def test_output_is_delivered_whole_and_in_order_and_counted(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    output = Output(writing, nobody)
    output.start()
    data = bytes(range(256)) * 40
    for at in range(0, len(data), 7):
        output.write(data[at : at + 7])
    output.close()
    assert os.read(reading, 1 << 16) == data
    assert (output.count, output.digest) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_prompt_without_a_line_end_is_seen_while_the_guest_runs(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    output = Output(writing, nobody)
    output.start()
    output.write(b"=> ")
    assert select.select([reading], [], [], PATIENCE)[0]
    assert os.read(reading, 10) == b"=> "
    output.close()


def test_a_flood_goes_out_in_large_pieces(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    _, writing = pipe
    pieces: list[int] = []
    monkeypatch.setattr("axemu.outputs.write_all", lambda fd, data: pieces.append(len(data)))
    output = Output(writing, nobody)
    output.start()
    for _ in range(50_000):
        output.write(b"x")
    output.close()
    assert sum(pieces) == 50_000
    assert len(pieces) < 1_000


def test_a_reader_that_lags_makes_the_guest_wait_and_loses_nothing(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    output = Output(writing, nobody)
    output.start()
    total = 3 * BACKLOG
    writer = threading.Thread(target=lambda: [output.write(b"y" * 4096) for _ in range(total // 4096)])
    writer.start()
    writer.join(timeout=0.3)
    assert writer.is_alive()
    assert output.count < total
    taken = 0
    while taken < total:
        taken += len(os.read(reading, 1 << 20))
    writer.join(timeout=PATIENCE)
    output.close()
    assert taken == total


def test_a_reader_that_goes_away_is_told_once_and_never_blocks_the_guest(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    told = threading.Semaphore(0)
    output = Output(writing, told.release)
    output.start()
    os.close(reading)
    output.write(b"lost")
    assert told.acquire(timeout=PATIENCE)
    for _ in range(3 * BACKLOG // 4096):
        output.write(b"z" * 4096)
    output.close()
    assert isinstance(output.failure, BrokenPipeError)
    assert not told.acquire(blocking=False)


def test_output_reaches_a_descriptor_that_somebody_made_non_blocking(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.set_blocking(writing, False)
    output = Output(writing, nobody)
    output.start()
    data = os.urandom(300_000)
    output.write(data)
    got = b""
    while len(got) < len(data):
        got += os.read(reading, 1 << 16)
    output.close()
    assert got == data


def announced(source: LiveInput) -> threading.Semaphore:
    arrived = threading.Semaphore(0)
    source.subscribe(arrived.release)
    source.start()
    return arrived


def test_piped_input_is_announced_and_taken_byte_for_byte(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    source = LiveInput(reading, None, lambda command: None)
    arrived = announced(source)
    assert source.live
    assert source.read(10) == b""
    data = bytes(range(256))
    os.write(writing, data)
    assert arrived.acquire(timeout=PATIENCE)
    assert source.read(100) + source.read(1000) == data
    assert source.live
    source.close()


def test_what_came_before_the_machine_listens_is_announced_too(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    source = LiveInput(reading, None, lambda command: None)
    first = announced(source)
    os.write(writing, b"early")
    assert first.acquire(timeout=PATIENCE)
    later = threading.Semaphore(0)
    source.subscribe(later.release)
    assert later.acquire(blocking=False)
    source.close()


def test_the_end_of_piped_input_is_announced_and_ends_liveness(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    source = LiveInput(reading, None, lambda command: None)
    arrived = announced(source)
    os.write(writing, b"last")
    assert arrived.acquire(timeout=PATIENCE)
    os.close(writing)
    assert arrived.acquire(timeout=PATIENCE)
    assert source.live
    assert source.read(10) == b"last"
    assert not source.live
    source.close()


def test_ctrl_a_is_an_ordinary_byte_in_a_pipe(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    source = LiveInput(reading, None, lambda command: pytest.fail("no terminal, no command"))
    arrived = announced(source)
    os.write(writing, b"\x01x")
    assert arrived.acquire(timeout=PATIENCE)
    assert source.read(10) == b"\x01x"
    source.close()


def test_closing_ends_the_reading_thread(pipe: tuple[int, int]) -> None:
    source = LiveInput(pipe[0], None, lambda command: None)
    source.start()
    source.close()
    assert not source._thread.is_alive()


def test_stored_input_is_not_live_and_comes_in_pieces(tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"abcdef")
    source = StoredInput.of(file)
    assert not source.live
    assert [source.read(4), source.read(4), source.read(4)] == [b"abcd", b"ef", b""]


def test_an_input_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputUnreadable, match="No such file"):
        StoredInput.of(tmp_path / "nothing")
    with pytest.raises(InputUnreadable, match="directory"):
        StoredInput.of(tmp_path)


def test_a_closed_output_is_refused_before_anything_runs() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    with (
        pytest.raises(OutputClosed),
        console.attached(stored=b"", output_fd=writing, keep=False, stop=nobody, obey=lambda command: None),
    ):
        pytest.fail("there is nowhere to write")


def test_the_null_device_and_a_closed_descriptor_bring_nothing(pipe: tuple[int, int]) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    assert not console.reads_live(null)
    os.close(null)
    assert not console.reads_live(null)
    assert console.reads_live(pipe[0])
