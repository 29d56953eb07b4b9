"""Which rows of a trace are wanted: by address, privilege and vCPU."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from axemu.errors import UsageError
from emu.debug.errors import BadLocation
from emu.debug.privilege import level_name, privilege_bits
from emu.executions import marks
from emu.symbols import SymbolKind
from emu.trace.rows import Batch, Column, Kind

if TYPE_CHECKING:
    from emu.debug.debugger import Debugger
    from emu.machine import Machine

_RANGE: Final = re.compile(r"^(0[xX][0-9a-fA-F]+|\d+)\.\.(0[xX][0-9a-fA-F]+|\d+)$")
_PLACED: Final = (Kind.INSN, Kind.REG, Kind.READ, Kind.WRITE, Kind.BRANCH, Kind.EXIT)


def ranges_of(texts: Sequence[str], debugger: Debugger) -> list[tuple[int, int]]:
    """Address ranges (low, end) of --only. Raises UsageError for what is not known."""
    found: list[tuple[int, int]] = []
    for text in texts:
        match = _RANGE.match(text)
        if match is not None:
            low, end = (int(each, 0) for each in match.groups())
            if end <= low:
                raise UsageError("--only takes ADDR..ADDR, the lower first.", f"'{text}' was given.")
            found.append((low, end))
            continue
        functions = [
            each
            for info in debugger.info
            for each in info.every_function()
            if each.declared is not None and _is_in(each.declared.file, text)
        ]
        if functions:
            found += [(each.low, each.high) for each in functions]
            continue
        symbol = debugger.symbols.find(text)
        if symbol is None or symbol.kind is SymbolKind.ABSOLUTE:
            try:
                debugger.locate(text)
            except BadLocation as error:
                raise UsageError(
                    "--only takes ADDR..ADDR, a symbol or a source file of the guest.",
                    f"'{text}' is none: {error}",
                ) from error
            raise UsageError("--only takes a range, and this is one address.", f"'{text}' was given.")
        address = symbol.address & ~marks(debugger.machine.isa)
        found.append((address, address + max(symbol.size, 1)))
    return found


def _is_in(file: str, text: str) -> bool:
    return file == text or file.endswith("/" + text)


class Filter:
    """Keeps the wanted rows of batches that come in order. `left_out` counts the instructions that it does not keep, by
    the reason."""

    def __init__(
        self,
        machine: Machine,
        ranges: list[tuple[int, int]],
        level: str | None,
        vcpu: int | None,
        privilege: int,
    ) -> None:
        """privilege: the number of that name in the column `what`."""
        self._ranges, self._vcpu, self._privilege = ranges, vcpu, privilege
        self.left_out: Counter[str] = Counter()
        self._levels: frozenset[int] | None = None
        self._now: dict[int, int] = {}
        if vcpu is not None and vcpu >= len(machine.vcpus):
            raise UsageError(f"--vcpu takes 0 to {len(machine.vcpus) - 1}.", f"{vcpu} was given.")
        if level is not None:
            self._levels = _levels(machine, level)
            name, mask = privilege_bits(machine.isa) or ("", 0)
            machine.settle()
            self._now = {each.id: each.arch.read_register(name) & mask for each in machine.vcpus}

    def __bool__(self) -> bool:
        return bool(self._ranges) or self._vcpu is not None or self._levels is not None

    def kept(self, batch: Batch) -> Batch:
        """The rows that are wanted."""
        keep = np.ones(len(batch), bool)
        insn = batch.kind == Kind.INSN

        def demand(wanted: Column, reason: str) -> None:
            nonlocal keep
            self.left_out[reason] += int((keep & ~wanted & insn).sum())
            keep = keep & wanted

        if self._vcpu is not None:
            demand(batch.vcpu == self._vcpu, "--vcpu")
        if self._levels is not None:
            demand(self._at_level(batch), "--level")
        if self._ranges:
            placed = np.isin(batch.kind, _PLACED)
            inside = np.zeros(len(batch), bool)
            for low, end in self._ranges:
                inside |= (batch.pc >= np.uint64(low)) & (batch.pc < np.uint64(end))
            demand(inside | ~placed, "--only")
        return batch if keep.all() else batch.take(np.flatnonzero(keep))

    def _at_level(self, batch: Batch) -> Column:
        assert self._levels is not None
        wanted = np.zeros(len(batch), bool)
        changes = (batch.kind == Kind.CONTEXT) & (batch.what == self._privilege)
        for vcpu, now in list(self._now.items()):
            mine = np.flatnonzero(batch.vcpu == vcpu)
            changed = changes[mine]
            levels = np.append(np.array([now], np.uint64), batch.value[mine][changed])
            which = np.cumsum(changed)
            wanted[mine] = np.isin(levels, np.array(sorted(self._levels), np.uint64))[which]
            self._now[vcpu] = int(levels[-1])
        return wanted


def _levels(machine: Machine, wanted: str) -> frozenset[int]:
    """The values of the privilege's bits that have this name."""
    isa = machine.isa
    bits = privilege_bits(isa)
    if bits is None:
        raise UsageError(
            "--level needs an instruction set that shows its privilege.", f"{isa.name} does not."
        )
    mask = bits[1]
    values, value = [], mask
    while True:
        values.append(value)
        if value == 0:
            break
        value = (value - 1) & mask
    names = {each: level_name(isa, each) for each in values}
    found = frozenset(each for each, name in names.items() if name.lower() == wanted.lower())
    if not found:
        known = ", ".join(sorted({name for name in names.values() if not name.startswith("mode ")}))
        raise UsageError(f"--level takes one of {known}.", f"'{wanted}' was given.")
    return found
