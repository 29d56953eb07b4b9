"""The symbols that a Linux kernel carries in itself (CONFIG_KALLSYMS), read from guest memory without any file.

Theory: the build appends tables to the kernel's read-only data, each at a multiple of the word size.

    5.0 to 6.3   offsets, relative_base, num_syms, names, markers, [seqs_of_names,] token_table, token_index
    6.4 on       num_syms, names, markers, token_table, token_index, offsets, relative_base, seqs_of_names

Nothing says where they are. The token table gives itself away (`tokens`); the others are found from it, each checked
before the next: markers, which say where every 256th name begins and so ascend from 0 to about the size of the names;
the number of symbols, which stands right before the names; the names, which must run from marker to marker; the
addresses, which must ascend. seqs_of_names (6.2 on) has three bytes a symbol.

Addresses are 32-bit offsets from relative_base (CONFIG_KALLSYMS_BASE_RELATIVE), or whole words. With
CONFIG_KALLSYMS_ABSOLUTE_PERCPU (x86) an offset that is not negative is an address itself, and a negative one is counted
down from relative_base - 1.

Sources: Linux, scripts/kallsyms.c (write_src) and kernel/kallsyms.c (kallsyms_sym_address, get_symbol_offset) at 5.0,
6.1, 6.2, 6.4 and 6.12.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from emu.debug.sources import nm
from emu.debug.sources.tokens import Tokens, digits, tokens_around
from emu.memory import Bytes
from emu.symbols import SymbolTable

if TYPE_CHECKING:
    from emu.machine import Machine

_STRIDE: Final = 256  # names from one marker to the next
_MOST: Final = 1 << 20  # symbols; the largest kernels have some 300,000
_LONGEST_NAME: Final = 512  # bytes as packed; KSYM_NAME_LEN
_LARGEST: Final = np.uint64(1 << 32)  # bytes of a kernel, at most
_LETTERS: Final = nm.LETTERS | {"U"}
Numbers = NDArray[Any]


def kallsyms(machine: Machine) -> SymbolTable | None:
    """The symbols of the Linux kernel in the machine's RAM; None where there is none, or it was built without them.

    They are there once the kernel is in memory, unpacked, before its first instruction; one that relocates itself
    (CONFIG_RELOCATABLE) has its final addresses after that. Memory that was never touched is not looked at.
    """
    isa = machine.isa
    widths = (isa.bits // 8, 12 - isa.bits // 8)  # a vCPU of 64 bits may run a kernel of 32
    orders = ("<", ">") if isa.endian == "little" else (">", "<")
    forms = tuple((width, order) for order in orders for width in widths)
    view = machine.ram.view
    found = (in_memory(view[start:end], forms) for start, end in machine.ram.touched())
    return next((table for table in found if table is not None), None)


def in_memory(memory: Bytes, forms: Sequence[tuple[int, str]]) -> SymbolTable | None:
    """The symbols of the first kernel in `memory`, whose first byte is aligned. `forms` are (bytes of a word: 4 or 8,
    byte order: "<" or ">"), the likeliest first."""
    for at in digits(memory):
        for width, order in forms:
            tokens = tokens_around(memory, at, width, order)
            rows = None if tokens is None else _rows(_Reader(memory, width, order), tokens)
            if rows is not None:
                return nm.table(rows)
    return None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Numbers in `memory`, by offset."""

    memory: Bytes
    width: int
    order: str

    def up(self, offset: int) -> int:
        """The next multiple of the word size."""
        return offset + -offset % self.width

    def words(self, end: int) -> Numbers:
        """All 32-bit words before `end`."""
        return self.memory[: end // 4 * 4].view(f"{self.order}u4")

    def numbers(self, offset: int, count: int, size: int) -> Numbers | None:
        """`count` numbers of `size` bytes; None where the memory does not have them."""
        if offset < 0 or offset + count * size > len(self.memory):
            return None
        return self.memory[offset : offset + count * size].view(f"{self.order}u{size}")


def _rows(reader: _Reader, tokens: Tokens) -> Iterable[tuple[str, str, int, int]] | None:
    """What `nm.table` takes; None where the other tables are not around `tokens`."""
    for end, markers in _markers(reader, tokens.start):
        for head, start, count in _names(reader, end, markers):
            names = _unpacked(reader.memory[start:end].tobytes(), count, markers, tokens.texts)
            found = None if names is None else _addresses(reader, count, head, reader.up(tokens.end))
            if names is not None and found is not None:
                numbers, addresses = found
                letters = chain((nm.ABSOLUTE,) * numbers, (name[0] for name in names[numbers:]))
                return zip(letters, (name[1:] for name in names), addresses, repeat(0))
    return None


def _markers(reader: _Reader, end: int) -> Iterator[tuple[int, list[int]]]:
    """(offset, markers): what may be the markers before the token table at `end`, or before the sequence numbers that
    stand before it."""
    width = reader.width
    # every number of symbols fixes where seqs_of_names, and so the markers, begin; without it, every number of markers
    counts = np.arange(_STRIDE + 1, _MOST, dtype=np.int64)
    blocks = -(-counts // _STRIDE)
    plain = np.arange(2, _MOST // _STRIDE, dtype=np.int64)
    starts = np.concatenate(
        [
            (end - 4 * plain) // width * width,
            ((end - 3 * counts) // width * width - 4 * blocks) // width * width,
        ]
    )
    sizes = np.concatenate([plain, blocks])
    inside = starts >= 0
    starts, sizes = starts[inside], sizes[inside]
    words = reader.words(end)
    first, second = words[starts // 4], words[starts // 4 + 1]
    last = words[starts // 4 + sizes - 1]
    likely = (first == 0) & (second >= 2 * _STRIDE) & (second < _LONGEST_NAME * _STRIDE)
    likely &= (last >= 2 * _STRIDE * (sizes - 1)) & (last < starts)
    seen = set()
    for start, size in zip(starts[likely].tolist(), sizes[likely].tolist(), strict=True):
        found = words[start // 4 : start // 4 + size]
        steps = np.diff(found.astype(np.int64))
        if (
            (start, size) not in seen
            and (steps >= 2 * _STRIDE).all()
            and (steps < _LONGEST_NAME * _STRIDE).all()
        ):
            seen.add((start, size))
            yield start, found.tolist()


def _names(reader: _Reader, end: int, markers: list[int]) -> Iterator[tuple[int, int, int]]:
    """(offset of num_syms, offset of the names, their number): what may be before the markers at `end`."""
    low, high = (len(markers) - 1) * _STRIDE, len(markers) * _STRIDE
    latest = end - markers[-1]
    words = reader.words(end)
    begin = max(latest - _STRIDE * _LONGEST_NAME, 0) // 4
    window = words[begin : latest // 4]
    for position in np.flatnonzero((window > low) & (window <= high)).tolist():
        at = 4 * (begin + position)
        yield at // reader.width * reader.width, reader.up(at + 4), int(window[position])


def _unpacked(data: bytes, count: int, markers: list[int], tokens: tuple[str, ...]) -> list[str] | None:
    """Each name with its letter before it; None where these are not `count` names that fit the markers."""
    names: list[str] = []
    token = tokens.__getitem__
    at, size = 0, len(data)
    try:
        for number in range(count):
            if number % _STRIDE == 0 and at != markers[number // _STRIDE]:
                return None
            length = data[at]
            at += 1
            if length >= 128:  # ULEB128 since 6.1; names were shorter before
                length = (length & 127) | data[at] << 7
                at += 1
            name = "".join(map(token, data[at : at + length]))
            at += length
            if len(name) < 2 or name[0] not in _LETTERS or not name.isprintable():
                return None
            names.append(name)
    except IndexError:
        return None
    return names if at <= size < at + 8 else None


def _addresses(reader: _Reader, count: int, head: int, tail: int) -> tuple[int, list[int]] | None:
    """(how many of the first are numbers and no places, all addresses), from tables that end at `head` or begin at
    `tail`."""
    width = reader.width
    before = (head - width - 4 * count) // width * width
    for offsets, base in ((tail, reader.up(tail + 4 * count)), (before, head - width)):
        found = _relative(reader, count, offsets, base)
        if found is not None:
            return found
    for start in (tail, head - width * count):
        words = reader.numbers(start, count, width)
        if words is not None and _ascend(words) and _are_places(words):
            return 0, words.tolist()
    return None


def _are_places(words: Numbers) -> bool:
    """Whether these ascending addresses are those of one kernel, but for low numbers before them (percpu): no two
    words of half the size in each, and not one and the same."""
    high = words[words.astype(np.uint64).searchsorted(_LARGEST) :]
    return bool(words[-1] > words[0] and (not len(high) or high[-1] - high[0] < _LARGEST))


def _relative(reader: _Reader, count: int, offsets: int, at: int) -> tuple[int, list[int]] | None:
    raw, bases = reader.numbers(offsets, count, 4), reader.numbers(at, 1, reader.width)
    if raw is None or bases is None or not bases[0]:  # 0: a kernel that is to relocate itself first
        return None
    base, mask = int(bases[0]), (1 << 8 * reader.width) - 1
    if _ascend(
        raw
    ):  # the base is the first symbol's address, and no kernel has 2 GiB (but its addresses look so)
        fits = raw[0] == 0 and 0 < raw[-1] <= min(mask - base, (1 << 31) - 1)
        return (0, [base + each for each in raw.tolist()]) if fits else None
    signed = raw.view(f"{reader.order}i4")
    fixed = int(np.count_nonzero(signed >= 0))
    numbers, places = signed[:fixed], signed[fixed:]
    if not (_ascend(numbers) and _ascend(places[::-1]) and len(places) and places[0] == -1):
        return None
    return fixed, [*numbers.tolist(), *((base - 1 - each) & mask for each in places.tolist())]


def _ascend(numbers: Numbers) -> bool:
    return bool((numbers[1:] >= numbers[:-1]).all())
