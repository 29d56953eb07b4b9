"""The engine's rows of instructions and of features, made safe, and its look at interrupts taken over.

**Rows.** The engine decodes by a table of rows: an operation code, flags, a name, and the functions that translate what
the instruction reads, does and writes. It is in the library, for all engines of the process. That of SET CLOCK reads an
operand that no function has made room for: the process ends when it is translated. It gets the functions of SET CLOCK
COMPARATOR for its operand and those of STORE CLOCK for the rest, which is what the engine means by it: the operand is
read, the condition code is 0, and the clock is not changed. SQUARE ROOT (extended) makes room for one half of its
result: it gets the function of LOAD FP INTEGER, which makes room for both.

**Functions.** The message-security assist is a query in the engine, and the end of the process at any other function
that the CPU model has. No row of its table of features names such a function any longer: the query says that there is
none, and one that is asked for is a specification exception, as of any function that is not installed.

**CPU timer.** What STORE CPU TIMER and EXTRACT CPU TIME call reads the host's clock: its place in the library's table of
addresses gets what STORE CLOCK calls, zero at all times.

**Interrupts.** What the engine asks for interrupts, before each block that it looks up, is asked of us
(`interrupts.before_block`).
"""

from __future__ import annotations

import ctypes
import functools
import struct
from typing import Any, Final

import unicorn.unicorn_py3.unicorn as binding

from isa.layout import NotFound

_ROW: Final = struct.Struct("<HHBBBxQ5QQQ")
(
    _CODE,
    _FLAGS,
    _FORMAT,
    _FACILITY,
    _SPECIFICATION,
    _NAME,
    _IN1,
    _IN2,
    _PREPARE,
    _WRITE,
    _CONDITION,
    _OPERATION,
) = range(12)
_FEATURE: Final = struct.Struct("<QQii")
"""A feature: name, description, the block of bits that tells of it, its bit there."""
_ASSIST: Final = {  # a message-security assist's first function: its bit, 0 is the query's
    "kmac-dea": 1, "kmc-dea": 1, "km-dea": 1, "kimd-sha-1": 1, "klmd-sha-1": 1, "pckmo-edea": 1, "kmctr-dea": 1,
    "kmf-dea": 1, "kmo-dea": 1, "pcc-cmac-dea": 1, "ppno-sha-512-drng": 3, "kma-gcm-aes-128": 18,
}  # fmt: skip
_NO_BLOCK: Final = -1
_CPU, _CLASS = 1 << 16, 1 << 10
"""Bytes of the engine's CPU object, and of its class, in which to look."""
Row = list[int]


def make_safe(probe: Any) -> None:  # noqa: ANN401
    """Do all of it. Raises NotFound where something is not where it should be."""
    _mend_rows()
    _mend_functions()
    get_cpu = binding.uclib.qemu_get_cpu_s390x
    get_cpu.restype, get_cpu.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_int)
    cpu, handle = get_cpu(probe.handle, 0), probe.handle.value
    data = _read(cpu, _CPU)
    places = [i for i in range(0, _CPU - 24, 8) if struct.unpack_from("<i4xQ", data, i) == (-1, handle)]
    function = ctypes.cast(binding.uclib.s390_cpu_exec_interrupt, ctypes.c_void_p).value or 0
    if not places or data[8:16] != bytes(8):
        raise NotFound("the engine holds no number of an exception")
    (kind,) = struct.unpack_from("<Q", data, places[0] + 16)  # its class, behind the engine's address
    if not cpu < kind < cpu + _CPU:
        raise NotFound("the engine's CPU object holds no class")
    at = _read(kind, _CLASS).find(struct.pack("<Q", function))
    if at < 0 or at % 8:
        raise NotFound("the class of the engine's CPU has no function that looks at interrupts")
    ctypes.c_uint64.from_address(kind + at).value = probe.callbacks["before_block"]


@functools.cache
def _mend_rows() -> None:
    """Once in a process."""
    parts = _parts()
    set_clock, comparator = _row(parts, "SCK", 0xB204), _row(parts, "SCKC", 0xB206)
    store_clock = _row(parts, "STCK", 0xB205)
    at, row = set_clock
    row[_SPECIFICATION], row[_IN1], row[_IN2] = (comparator[1][each] for each in (_SPECIFICATION, _IN1, _IN2))
    row[_PREPARE], row[_OPERATION] = store_clock[1][_PREPARE], store_clock[1][_OPERATION]
    _write(at, _ROW.pack(*row))
    at, row = _row(parts, "SQXBR", 0xB316)
    row[_PREPARE] = _row(parts, "FIXBR", 0xB347)[1][_PREPARE]
    _write(at, _ROW.pack(*row))
    _mend_cpu_timer(parts)


def _mend_cpu_timer(parts: list[tuple[int, bytes]]) -> None:
    timer, clock = (
        struct.pack("<Q", ctypes.cast(function, ctypes.c_void_p).value or 0)
        for function in (binding.uclib.helper_stpt, binding.uclib.helper_stck)
    )
    places = []
    for first, data in parts:
        at = data.find(timer)
        while at >= 0:
            (name,) = struct.unpack_from("<Q", data, at + 8)
            if at % 8 == 0 and not _named(
                parts, name, b"stpt\0"
            ):  # there it is in the table of what code may call
                places.append(first + at)
            at = data.find(timer, at + 1)
    if len(places) != 1:
        raise NotFound(f"the engine's library has the CPU timer at {len(places)} places, expected 1")
    _write(places[0], clock)


def _named(parts: list[tuple[int, bytes]], address: int, text: bytes) -> bool:
    return any(
        data[address - first :].startswith(text) for first, data in parts if 0 <= address - first < len(data)
    )


@functools.cache
def _mend_functions() -> None:
    """Once in a process."""
    feature = binding.uclib.s390_feat_def
    feature.restype, feature.argtypes = ctypes.c_uint64, (ctypes.c_int,)
    first = feature(0)
    size = 0
    rows: list[tuple[int, str, int, int]] = []
    while name := _FEATURE.unpack(_read(first + size, _FEATURE.size))[0]:
        _, _, block, bit = _FEATURE.unpack(_read(first + size, _FEATURE.size))
        text = _read(name, 32).partition(b"\0")[0].decode("ascii", "replace")
        rows.append((first + size, text, block, bit))
        size += _FEATURE.size
    blocks = {block for _, text, block, bit in rows if _ASSIST.get(text) == bit}
    if feature(1) - first != _FEATURE.size or len(blocks) != len(_ASSIST):
        raise NotFound("the engine's table of features is another one")
    for at, _, block, bit in rows:
        if block in blocks:
            _write(at, _FEATURE.pack(*_FEATURE.unpack(_read(at, _FEATURE.size))[:2], _NO_BLOCK, bit))


def _parts() -> list[tuple[int, bytes]]:
    """(address, content) of what the library keeps of constants and relocated data."""
    found = []
    with open("/proc/self/maps") as maps:
        for line in maps:
            span, rights, _, _, _, *path = line.split()
            if (
                path
                and path[0].rpartition("/")[2] == binding.uclib._name.rpartition("/")[2]
                and rights[2] == "-"
            ):
                first, last = (int(each, 16) for each in span.split("-"))
                found.append((first, _read(first, last - first)))
    return found


def _row(parts: list[tuple[int, bytes]], name: str, code: int) -> tuple[int, Row]:
    """The row of an instruction, and its address."""
    text = f"\0{name}\0".encode()
    for first, data in parts:
        named = data.find(text)
        while named >= 0:
            word = struct.pack("<Q", first + named + 1)
            for base, other in parts:
                at = other.find(word)
                while at >= 8:
                    if (base + at) % 8 == 0 and other[at - 8 : at - 6] == struct.pack("<H", code):
                        return base + at - 8, list(_ROW.unpack_from(other, at - 8))
                    at = other.find(word, at + 1)
            named = data.find(text, named + 1)
    raise NotFound(f"the engine's library has no row of {name}")


def _write(address: int, data: bytes) -> None:
    """Into memory that the loader has made read-only."""
    libc = ctypes.CDLL(None, use_errno=True)
    page = libc.getpagesize()
    first = address // page * page
    size = address + len(data) - first
    for rights in (3, 1):  # read and write, read
        if libc.mprotect(ctypes.c_void_p(first), ctypes.c_size_t(size), rights):
            raise NotFound("the engine's rows cannot be changed")
        if rights == 3:
            ctypes.memmove(address, data, len(data))


def _read(address: int, size: int) -> bytes:
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(size)
