"""The registers that devices leave to native code, as the dispatch table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from axvcpu.action import Action
from axvcpu.control import Kind
from axvcpu.dispatch import Row, build, words
from emu.device import Device, NativeRegister

_KINDS = {
    Action.LATCH: Kind.MMIO_READ,
    Action.CLOCK: Kind.MMIO_READ,
    Action.RING: Kind.MMIO_WRITE,
    Action.SKIP: Kind.MMIO_WRITE,
}


def bind_rows(windows: Sequence[tuple[int, int, Device]]) -> Any:  # noqa: ANN401  a numpy record array
    """The dispatch table of all devices' native registers; each register shares its row's words from here on."""
    rows = [(_row(base, window, register), register) for base, window, register in _registers(windows)]
    table = build(row for row, _ in rows)
    places = {(int(entry["kind"]), int(entry["lo"])): i for i, entry in enumerate(table)}
    for row, register in rows:
        register.bind(words(table, places[row.kind, row.lo]))
    return table


def _registers(windows: Sequence[tuple[int, int, Device]]) -> Iterator[tuple[int, int, NativeRegister]]:
    for index, (base, _, device) in enumerate(windows):
        for register in device.native:
            if register.action is not Action.RETURN:
                yield base, index, register


def _row(base: int, window: int, register: NativeRegister) -> Row:
    lo = base + register.offset
    return Row(
        int(_KINDS[register.action]),
        register.action,
        window,
        lo,
        lo + register.size - 1,
        max(register.period, 1),
    )
