"""A fresh engine that some code runs on, to see what follows in its CPU state."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any, Final

import unicorn.sparc_const as sc
import unicorn.unicorn_py3.unicorn as binding

from isa.layout import NotFound, Probe, changed
from isa.sparc import instructions as op

_CODE: Final = 0x10000
_SIZE: Final = 0x4000


class Bench:
    """Runs code on a fresh engine."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.wide: Final = probe.wide
        self.word: Final = 8 if probe.wide else 4
        self.handle: Final[Any] = probe.handle  # type: ignore[attr-defined]
        self.lib: Final = binding.uclib
        page = ctypes.c_size_t(_SIZE)
        self._check(self.lib.uc_mem_map(self.handle, ctypes.c_uint64(_CODE), page, 7))
        self._next = _CODE

    def close(self) -> None:
        """Leave no memory, and no exception that was not handled: a fetch from nowhere ends without one."""
        page = ctypes.c_size_t(_SIZE)
        self._check(self.lib.uc_mem_unmap(self.handle, ctypes.c_uint64(_CODE), page))
        self._start(_CODE)

    def _check(self, status: int) -> None:
        if status != 0:
            raise NotFound(f"the engine refuses its own interface: error {status}")

    def _start(self, at: int) -> None:
        zero = ctypes.c_uint64(0)
        self.lib.uc_emu_start(self.handle, ctypes.c_uint64(at), zero, zero, ctypes.c_size_t(0))

    def run(self, *code: int, g1: int = 0, data: bytes = b"") -> bytes:
        """The CPU state after `code` with that %g1, and %g2 the address of `data`."""
        text = b"".join(one.to_bytes(4, "big") for one in (*code, op.TA_0))
        at, self._next = self._next, self._next + len(text)  # nowhere has code been translated before
        operand = _CODE + _SIZE - 8
        assert self._next <= operand
        self.probe.write(sc.UC_SPARC_REG_G1, g1)
        self.probe.write(sc.UC_SPARC_REG_G2, operand)
        for address, part in ((at, text), (operand, data)):
            size = ctypes.c_size_t(len(part))
            self._check(self.lib.uc_mem_write(self.handle, ctypes.c_uint64(address), part, size))
        self._start(at)
        return self.probe.state_now()

    def follow(self, code: Sequence[int], values: tuple[int, int], size: int, skip: range) -> int:
        """Offset of the one field that takes on both values of %g1, with `skip` left out; it then holds 0."""
        states = [self.run(*code, g1=value) for value in values]
        self.run(*code, g1=0)
        return self.place(states, values, size, skip)

    def place(self, states: Sequence[bytes], values: tuple[int, int], size: int, skip: range) -> int:
        """Offset of the one field that is first one value and then the other."""
        words = [value.to_bytes(size, "little") for value in values]
        found, at = [], -1
        while (at := states[0].find(words[0], at + 1)) >= 0:
            if at % 4 == 0 and at not in skip and states[1][at : at + size] == words[1]:
                found.append(at)
        if len(found) != 1:
            raise NotFound(f"the engine's CPU state has {len(found)} fields that go from %#x to %#x" % values)
        return found[0]

    def change(self, act: Callable[[], object], before: int, after: int) -> int:
        """Offset of the one 32-bit field that `act` takes from `before` to `after`."""
        old = self.probe.state_now()
        act()
        new = self.probe.state_now()
        found = [at for at in changed(old, new) if (u32(old, at), u32(new, at)) == (before, after)]
        if len(found) != 1:
            raise NotFound(
                f"the engine's CPU state has {len(found)} fields that go from {before:#x} to {after:#x}"
            )
        return found[0]


def u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")
