"""A disk whose writes stay in memory, over one that is only read (-snapshot)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final

from emu.disk.disk import Disk

PAGE: Final = 4096
_ZEROS: Final = bytes(PAGE)


class Pages(dict[int, bytes]):
    """Content of PAGE bytes by page number. Its text is a digest, so that a state with many can be hashed."""

    def __repr__(self) -> str:
        state = blake2b(digest_size=16)
        for number in sorted(self):
            state.update(number.to_bytes(8, "little"))
            state.update(self[number])
        return f"Pages({len(self)}, {state.hexdigest()})"


class Overlay:
    """`base` and what was written since. Saved states share the pages that are the same."""

    read_only: Final = False
    lasting: Final = False

    def __init__(self, base: Disk) -> None:
        self._base = base
        self.size = base.size
        self._pages = Pages()

    @property
    def state(self) -> Pages:
        return Pages(self._pages)

    def load(self, state: Pages) -> None:
        self._pages = Pages(state)

    def close(self) -> None:
        self._base.close()
        self._pages.clear()

    def read(self, offset: int, views: Sequence[memoryview]) -> None:
        self._base.read(offset, views)
        if not self._pages:
            return
        end = offset + sum(map(len, views))
        for number in range(offset // PAGE, -(-end // PAGE)):
            page = self._pages.get(number)
            if page is not None:
                first, last = max(number * PAGE, offset), min((number + 1) * PAGE, end)
                _put(views, first - offset, memoryview(page)[first - number * PAGE : last - number * PAGE])

    def write(self, offset: int, views: Sequence[memoryview]) -> None:
        data = memoryview(views[0] if len(views) == 1 else b"".join(views))
        for number, within, length in _spans(offset, len(data)):
            self._store(number, within, bytes(data[:length]))
            data = data[length:]

    def zero(self, offset: int, size: int) -> None:
        for number, within, length in _spans(offset, size):
            self._store(number, within, _ZEROS[:length])

    def discard(self, offset: int, size: int) -> None:
        """What was written is forgotten; page by page the base shows again."""
        for number, _, length in _spans(offset, size):
            if length == PAGE:
                self._pages.pop(number, None)

    def flush(self) -> None:
        """Nothing is to be kept."""

    def _store(self, number: int, within: int, data: bytes) -> None:
        if len(data) < PAGE:
            old = self._pages.get(number) or self._original(number)
            data = old[:within] + data + old[within + len(data) :]
        self._pages[number] = _ZEROS if data == _ZEROS else data

    def _original(self, number: int) -> bytes:
        page = bytearray(PAGE)
        start = number * PAGE
        self._base.read(start, [memoryview(page)[: min(PAGE, self.size - start)]])
        return bytes(page)


def _spans(offset: int, size: int) -> Iterator[tuple[int, int, int]]:
    """(page number, first byte in it, bytes) of every page that is touched."""
    while size:
        number, within = divmod(offset, PAGE)
        length = min(size, PAGE - within)
        yield number, within, length
        offset, size = offset + length, size - length


def _put(views: Sequence[memoryview], at: int, data: memoryview) -> None:
    """Write `data` at byte `at` of what the views are together."""
    for view in views:
        if at < len(view) and data:
            count = min(len(view) - at, len(data))
            view[at : at + count] = data[:count]
            data, at = data[count:], 0
        else:
            at -= len(view)
            if not data:
                return
