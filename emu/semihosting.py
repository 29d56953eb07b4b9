"""Semihosting: a guest's calls for its debugger's console, clock and exit, without any I/O of our own.

Theory: the guest puts an operation number in one register and a word or the address of a block of words in
another, and executes a breakpoint between two no-ops that nobody writes by accident. The machine recognises
that (`is_call`), asks `Semihosting.call`, and writes the answer's value into the first register. Files of
the host are never touched: opening anything but the console is refused, and the guest sees an error number.

Every size that the guest chooses is bounded: a longer write or read is answered as a partial one, which the
interface has anyway.

Sources: Arm, Semihosting for AArch32 and AArch64, release 2024Q3; RISC-V Semihosting 1.0.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TypeAlias

LARGEST = 1 << 20  # bytes in one call
_LONGEST_NAME = 4096
_MOST_HANDLES = 32
_CHUNK = (
    256  # a string is read up to the next multiple, so that no read crosses into a page that it does not need
)
_APPLICATION_EXIT = 0x20026  # ADP_Stopped_ApplicationExit; any other reason is a failure
_CONSOLE, _FEATURES = ":tt", ":semihosting-features"
_FEATURE_BITS = b"SHFB\x03"  # SH_EXT_EXIT_EXTENDED, SH_EXT_STDOUT_STDERR
_NS = 1_000_000_000

_BEFORE, _EBREAK, _AFTER = 0x01F0_1013, 0x0010_0073, 0x4070_5013  # slli x0,x0,31; ebreak; srai x0,x0,7


class Operation(IntEnum):
    OPEN = 0x01
    CLOSE = 0x02
    WRITEC = 0x03
    WRITE0 = 0x04
    WRITE = 0x05
    READ = 0x06
    READC = 0x07
    ISERROR = 0x08
    ISTTY = 0x09
    SEEK = 0x0A
    FLEN = 0x0C
    TMPNAM = 0x0D
    REMOVE = 0x0E
    RENAME = 0x0F
    CLOCK = 0x10
    TIME = 0x11
    SYSTEM = 0x12
    ERRNO = 0x13
    GET_CMDLINE = 0x15
    HEAPINFO = 0x16
    EXIT = 0x18
    EXIT_EXTENDED = 0x20
    ELAPSED = 0x30
    TICKFREQ = 0x31


@dataclass(frozen=True, slots=True)
class Returned:
    """The call is done: `value` (unsigned, of the guest's word size) goes into the operation's register."""

    value: int
    note: str = ""  # for the event log: what was refused, and why


@dataclass(frozen=True, slots=True)
class Exited:
    """The guest ends with `code`, its own verdict; 0 passes."""

    code: int


@dataclass(frozen=True, slots=True)
class WaitsForInput:
    """Nothing was done: make the same call again when input has arrived."""


Answer: TypeAlias = Returned | Exited | WaitsForInput


@dataclass(slots=True)
class SemihostingState:
    """handles: what each open one is (stdin, stdout, stderr, features); positions: in the feature bytes."""

    errno: int = 0
    handles: dict[int, str] = field(default_factory=dict)
    positions: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the calls act on. Addresses are guest-virtual, as the calling CPU sees them.

    read: None where any byte is unreadable. write: False, and nothing written, where any is. output: takes
    console bytes. input: up to that many bytes; empty where there are none now, None at the end of input.
    clock: guest time in ns. epoch: the time of day at guest time 0, in s since 1970.
    """

    read: Callable[[int, int], bytes | None]
    write: Callable[[int, bytes], bool]
    output: Callable[[bytes], None]
    input: Callable[[int], bytes | None]
    clock: Callable[[], int]
    epoch: int = 0
    command_line: str = ""


def is_call(before: int, at: int, after: int) -> bool:
    """True where the instruction words around and at a breakpoint are RISC-V's semihosting sequence."""
    return (before, at, after) == (_BEFORE, _EBREAK, _AFTER)


class _Refused(Exception):
    """The call fails with this error number."""

    def __init__(self, number: int, note: str = "") -> None:
        super().__init__(number, note)
        self.number, self.note = number, note


class Semihosting:
    """One guest's semihosting, for words of `bits` bits, little-endian. Nothing that a guest asks raises."""

    def __init__(self, bits: int, surroundings: Surroundings) -> None:
        self._word = bits // 8
        self._mask = (1 << bits) - 1
        self._around = surroundings
        self._state = SemihostingState()
        self._calls: dict[int, Callable[[int], Answer | int]] = {
            Operation.OPEN: self._open,
            Operation.CLOSE: self._close,
            Operation.WRITEC: self._writec,
            Operation.WRITE0: self._write0,
            Operation.WRITE: self._write,
            Operation.READ: self._read,
            Operation.READC: self._readc,
            Operation.ISERROR: self._iserror,
            Operation.ISTTY: self._istty,
            Operation.SEEK: self._seek,
            Operation.FLEN: self._flen,
            Operation.CLOCK: lambda block: self._around.clock() * 100 // _NS,
            Operation.TIME: lambda block: self._around.epoch + self._around.clock() // _NS,
            Operation.ERRNO: lambda block: self._state.errno,
            Operation.GET_CMDLINE: self._get_cmdline,
            Operation.HEAPINFO: self._heapinfo,
            Operation.EXIT: self._exit,
            Operation.EXIT_EXTENDED: self._exit_extended,
            Operation.ELAPSED: self._elapsed,
            Operation.TICKFREQ: lambda block: _NS,
        }

    @property
    def state(self) -> SemihostingState:
        """A copy, for a snapshot."""
        return _copy(self._state)

    def load(self, state: SemihostingState) -> None:
        """Take over a state that `state` once returned."""
        self._state = _copy(state)

    def call(self, operation: int, block: int) -> Answer:
        """Answer one call: the values of its two registers, unsigned."""
        known = self._calls.get(operation)
        try:
            if known is None:
                raise _Refused(errno.ENOSYS, f"{_name(operation)} is not offered")
            answer = known(block)
        except _Refused as refusal:
            self._state.errno = refusal.number
            return Returned(self._mask, refusal.note)
        return Returned(answer & self._mask) if isinstance(answer, int) else answer

    def _open(self, block: int) -> int:
        address, mode, length = self._words(block, 3)
        if length > _LONGEST_NAME:
            raise _Refused(errno.ENAMETOOLONG)
        name = self._bytes(address, length).decode("utf-8", "replace")
        if name == _CONSOLE and mode < 12:
            kind = ("stdin", "stdout", "stderr")[mode // 4]
        elif name == _FEATURES and mode < 4:
            kind = "features"
        else:
            raise _Refused(errno.EACCES, f"opening {name!r} is refused: files of the host are out of reach")
        if len(self._state.handles) >= _MOST_HANDLES:
            raise _Refused(errno.EMFILE)
        handle = next(each for each in range(1, _MOST_HANDLES + 1) if each not in self._state.handles)
        self._state.handles[handle] = kind
        self._state.positions[handle] = 0
        return handle

    def _close(self, block: int) -> int:
        handle, _ = self._handle(block)
        del self._state.handles[handle], self._state.positions[handle]
        return 0

    def _writec(self, block: int) -> int:
        self._around.output(self._bytes(block, 1))
        return 0

    def _write0(self, block: int) -> int:
        text = bytearray()
        while len(text) < LARGEST:
            piece, end, _ = self._bytes(block, _CHUNK - block % _CHUNK).partition(b"\0")
            text += piece
            if end:
                break
            block += _CHUNK - block % _CHUNK
        self._around.output(bytes(text))
        return 0

    def _write(self, block: int) -> int:
        """The number of bytes that were not written."""
        _, kind = self._handle(block)
        address, length = self._words(block + self._word, 2)
        if kind not in ("stdout", "stderr"):
            raise _Refused(errno.EBADF)
        data = self._bytes(address, min(length, LARGEST))
        self._around.output(data)
        return length - len(data)

    def _read(self, block: int) -> Answer | int:
        """The number of bytes that were not read: all of them at the end of input."""
        handle, kind = self._handle(block)
        address, length = self._words(block + self._word, 2)
        if kind == "features":
            position = self._state.positions[handle]
            data: bytes | None = _FEATURE_BITS[position : position + length]
        elif kind == "stdin":
            self._check_writable(address, min(length, LARGEST))
            data = self._around.input(min(length, LARGEST)) if length else None
        else:
            raise _Refused(errno.EBADF)
        if data == b"" and kind == "stdin":
            return WaitsForInput()
        data = data or b""
        self._store(address, data)
        self._state.positions[handle] += len(data)
        return length - len(data)

    def _readc(self, block: int) -> Answer | int:
        data = self._around.input(1)
        if data is None:
            raise _Refused(errno.EIO)
        return data[0] if data else WaitsForInput()

    def _iserror(self, block: int) -> int:
        """Nonzero where the word is negative: every failed call returns -1."""
        (status,) = self._words(block, 1)
        return int(status > self._mask >> 1)

    def _istty(self, block: int) -> int:
        return int(self._handle(block)[1] != "features")

    def _seek(self, block: int) -> int:
        handle, kind = self._handle(block)
        (position,) = self._words(block + self._word, 1)
        if kind != "features":
            raise _Refused(errno.ESPIPE)
        if position > len(_FEATURE_BITS):
            raise _Refused(errno.EINVAL)
        self._state.positions[handle] = position
        return 0

    def _flen(self, block: int) -> int:
        if self._handle(block)[1] != "features":
            raise _Refused(errno.ESPIPE)
        return len(_FEATURE_BITS)

    def _get_cmdline(self, block: int) -> int:
        address, room = self._words(block, 2)
        text = self._around.command_line.encode("utf-8", "surrogateescape")
        if len(text) + 1 > room:
            raise _Refused(errno.E2BIG)
        self._store(address, text + b"\0")
        self._store(block + self._word, len(text).to_bytes(self._word, "little"))
        return 0

    def _heapinfo(self, block: int) -> int:
        """All zero: the program's own linker script knows where its heap and stack are."""
        (address,) = self._words(block, 1)
        self._store(address, bytes(4 * self._word))
        return 0

    def _exit(self, block: int) -> Answer:
        """With 32-bit words the register is the reason itself, and has no room for a code."""
        if self._word == 4:
            return Exited(0 if block == _APPLICATION_EXIT else 1)
        return self._exit_extended(block)

    def _exit_extended(self, block: int) -> Answer:
        reason, code = self._words(block, 2)
        return Exited(code & 0xFFFF_FFFF if reason == _APPLICATION_EXIT else 1)

    def _elapsed(self, block: int) -> int:
        """Ticks since the start, always 64 bits wide."""
        self._store(block, (self._around.clock() & (1 << 64) - 1).to_bytes(8, "little"))
        return 0

    def _handle(self, block: int) -> tuple[int, str]:
        """The open handle in the block's first word, and what it is."""
        (handle,) = self._words(block, 1)
        kind = self._state.handles.get(handle)
        if kind is None:
            raise _Refused(errno.EBADF)
        return handle, kind

    def _words(self, address: int, count: int) -> list[int]:
        data, size = self._bytes(address, count * self._word), self._word
        return [int.from_bytes(data[at : at + size], "little") for at in range(0, len(data), size)]

    def _bytes(self, address: int, size: int) -> bytes:
        data = self._around.read(address & self._mask, size) if size else b""
        if data is None:
            raise _Refused(errno.EFAULT, f"{size} bytes at {address & self._mask:#x} cannot be read")
        return data

    def _store(self, address: int, data: bytes) -> None:
        if data and not self._around.write(address & self._mask, data):
            raise _Refused(errno.EFAULT, f"{len(data)} bytes at {address & self._mask:#x} cannot be written")

    def _check_writable(self, address: int, size: int) -> None:
        """Refuse before input is taken and lost. Writing back what is there changes nothing."""
        self._store(address, self._bytes(address, size))


def _name(operation: int) -> str:
    try:
        return f"SYS_{Operation(operation).name}"
    except ValueError:
        return f"semihosting operation {operation:#x}"


def _copy(state: SemihostingState) -> SemihostingState:
    return replace(state, handles=dict(state.handles), positions=dict(state.positions))
