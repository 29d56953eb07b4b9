"""Hooks made into functions that the engine calls. Importing this imports numba: only a run with hooks does."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numba
from numba.core.errors import NumbaError, NumbaWarning

import emu.hook.native_marks  # noqa: F401 - what compiled hooks call
from emu.hook import native_calls, native_contexts, native_storage
from emu.hook.declaration import Declarations, Declared
from emu.hook.errors import HookError
from emu.hook.loading import words_of
from emu.hook.native_contexts import TYPES, ContextType, fields_text
from emu.hook.registers import Registers

_kept: Final[list[Any]] = []  # compiled code lives as long as the process: an engine may hold its address
_MARKUP: Final = re.compile(r"\x1b\[[0-9;]*m")
_NOISE: Final = re.compile(
    r"^(def |Failed in \w+ mode pipeline|During: |File \"|Internal error|There are \d+ candidate|- Of which|Overload |"
    r"Overload of|<source|\s*\^|raised from|Enable logging|Compilation is falling back|This error may have|"
    r"This is usually not|If you think|To resolve|To see|https?:|Use of |-+$|Below is|Please report|Known signatures)"
)
_RAISED: Final = re.compile(r"raised a specific error:\s+TypingError: (.+)")
_PLACE: Final = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')
_LONGEST: Final = 300
_serials: Final = itertools.count()


class Compiler:
    """Of the hooks of one file, for one engine."""

    def __init__(
        self,
        path: Path,
        declared: Declarations,
        address: int,
        registers: Registers,
        stops: list[tuple[str, int]],
    ) -> None:
        self._path, self._hooks, self._address = path, declared.hooks, address
        self._registers, self._stops = registers, stops
        self._serial = next(_serials)
        for each in declared.storage:
            native_storage.hooks_of[each.address] = address

    def one(self, hook: Declared) -> int:
        """Host address of the callback for one hook. Raises HookError."""
        kind = self._type(hook.kind)
        make = native_contexts.make_context(kind)
        call = native_calls.caller(
            [(self._hooks.index(hook), self._compiled(hook, kind), None)], self._address
        )
        return self._callback(hook, make, call)

    def exits(self, hooks: list[tuple[Declared, tuple[int, ...] | None]]) -> int:
        """Host address of the callback for all hooks of exits, each with the windows that it asks for."""
        kind = self._type("exit")
        make = native_contexts.make_context(kind)
        parts = [(self._hooks.index(each), self._compiled(each, kind), only) for each, only in hooks]
        call = native_calls.caller(parts, self._address, of_window=True)
        return self._kept(native_calls.exit_callback(make, call, self._address))

    def _callback(self, hook: Declared, make: Any, call: Any) -> int:
        if hook.kind == "insn":
            return self._kept(native_calls.instruction_callback(make, call, self._address))
        if hook.kind == "block":
            return self._kept(native_calls.block_callback(make, call, self._address))
        return self._kept(native_calls.access_callback(make, call, self._address))

    def _kept(self, callback: Any) -> int:
        _kept.append(callback)
        return int(callback.address)

    def _type(self, kind: str) -> ContextType:
        return TYPES[kind](kind, self._address, self._registers, self._stops, self._serial)

    def _compiled(self, hook: Declared, kind: ContextType) -> Any:
        """What numba makes of the function."""
        function: Callable[..., Any] = hook.function
        if hasattr(function, "py_func"):  # its user has decorated it too
            function = function.py_func
        dispatcher = numba.njit(forceinline=True, boundscheck=True, error_model="python", nogil=True)(
            function
        )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NumbaWarning)
                dispatcher.compile((kind,))
        except NumbaError as error:
            raise self._explained(hook, error) from error
        except Exception as error:
            text = f"numba cannot compile {hook.name}: {type(error).__name__}: {words_of(error)[:_LONGEST]}"
            raise HookError(self._path, hook.line, text) from error
        return dispatcher.overloads[(kind,)]

    def _line(self, text: str, hook: Declared) -> int:
        """The last line of the file that a message of numba's names."""
        lines = [int(each["line"]) for each in _PLACE.finditer(text) if self._is_ours(each["file"])]
        return lines[-1] if lines else hook.line

    def _is_ours(self, name: str) -> bool:
        return Path(name).name == self._path.name

    def _explained(self, hook: Declared, error: NumbaError) -> HookError:
        """One paragraph of what numba says on a page."""
        whole = _MARKUP.sub("", str(error))
        place = getattr(error, "loc", None)
        line = self._line(whole, hook)
        if place is not None and self._is_ours(place.filename) and line == hook.line:
            line = place.line
        return HookError(self._path, line, f"numba cannot compile {hook.name}: {_reason(whole, hook)}")


def _reason(whole: str, hook: Declared) -> str:
    own = _RAISED.search(whole)
    if own is not None:
        return own[1].strip(" .")
    lines = [each.strip() for each in whole.splitlines()]
    told = [each for each in lines if each and not _NOISE.match(each)]
    reason = words_of(" ".join(told[:2])) if told else words_of(whole)
    reason = reason[:_LONGEST].rstrip(" .:")
    if "Unknown attribute" in reason and "context of on_" in reason:
        name = re.search(r"attribute '(\w+)'", reason)
        return f"there is no ctx.{name[1] if name else '?'}; {fields_text(hook.kind)}"
    if "Cannot determine Numba type of <class 'function'>" in reason:
        return f"{reason}; put @numba.njit before a function that hooks call"
    return reason
