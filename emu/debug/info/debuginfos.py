"""The debugging information of several files: what a guest is made of (firmware, kernel, program)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from emu.debug.info.debuginfo import DebugInfo
from emu.debug.info.functions import Function, InlinedCall
from emu.debug.info.types import Type
from emu.debug.info.variables import Variable
from emu.symbols import SourceLine

_Each = TypeVar("_Each")


class DebugInfos:
    """The queries of DebugInfo over several; the first that answers wins, in the order given."""

    def __init__(self, infos: Iterable[DebugInfo] = ()) -> None:
        self._infos = list(infos)

    def __iter__(self) -> Iterator[DebugInfo]:
        return iter(self._infos)

    def __len__(self) -> int:
        return len(self._infos)

    @property
    def troubles(self) -> list[str]:
        """Those of all, with the file's name before each."""
        return [f"{info.path or 'program'}: {text}" for info in self._infos for text in info.troubles]

    def add(self, info: DebugInfo) -> None:
        """One more file, asked after the others."""
        self._infos.append(info)

    def holder(self, address: int) -> DebugInfo | None:
        """The file that has a function or a line at `address`."""
        for info in self._infos:
            if info.function(address) is not None or info.line(address) is not None:
                return info
        return None

    def function(self, address: int) -> Function | None:
        """DebugInfo.function of the first that knows."""
        return next((each for info in self._infos if (each := info.function(address)) is not None), None)

    def functions(self, name: str) -> list[Function]:
        """DebugInfo.functions of the first that has any."""
        return _first(info.functions(name) for info in self._infos)

    def line(self, address: int) -> SourceLine | None:
        """DebugInfo.line of the first that knows."""
        return next((each for info in self._infos if (each := info.line(address)) is not None), None)

    def addresses(self, file: str, line: int) -> list[int]:
        """DebugInfo.addresses of the first that has any."""
        return _first(info.addresses(file, line) for info in self._infos)

    def body(self, function: Function) -> int:
        """DebugInfo.body by the file that has the function."""
        for info in self._infos:
            if info.function(function.low) == function:
                return info.body(function)
        return function.low

    def signature(self, function: Function) -> Type | None:
        """DebugInfo.signature by the file that has the function."""
        for info in self._infos:
            if info.function(function.low) == function:
                return info.signature(function)
        return None

    def inlined(self, address: int) -> list[InlinedCall]:
        """DebugInfo.inlined of the first that has any."""
        return _first(info.inlined(address) for info in self._infos)

    def variables(self, address: int) -> list[Variable]:
        """DebugInfo.variables of the first that has any."""
        return _first(info.variables(address) for info in self._infos)

    def file_globals(self, address: int) -> list[Variable]:
        """DebugInfo.file_globals of the first that has any."""
        return _first(info.file_globals(address) for info in self._infos)

    def globals(self, name: str) -> list[Variable]:
        """DebugInfo.globals of the first that has any."""
        return _first(info.globals(name) for info in self._infos)

    def type(self, name: str) -> Type | None:
        """DebugInfo.type of the first that has it."""
        return next((each for info in self._infos if (each := info.type(name)) is not None), None)


def _first(answers: Iterable[list[_Each]]) -> list[_Each]:
    for answer in answers:
        if answer:
            return answer
    return []
