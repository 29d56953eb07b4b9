"""A file of hooks at work in a machine: what the engine calls, what Python does for it, and what came of it."""

from __future__ import annotations

import ctypes
import pickle
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import unicorn.unicorn_const as uc_const

from emu.engine.instrument import HookCall
from emu.hook import places
from emu.hook.declaration import Declarations, Declared
from emu.hook.errors import HookError
from emu.hook.loading import Marks, failure, load
from emu.hook.registers import Registers
from emu.hook.results import Results
from emu.hook.storage import MOST_ROWS, Ring
from isa.records import HOOK_DRAIN, HOOK_STOP, HOOKS

if TYPE_CHECKING:
    from emu.engine.engine import Engine
    from emu.machine import Machine

PATIENCE: Final = 0.3
FAILED: Final = 2
"""Exit code of a run that a hook's failure has ended."""
_KINDS: Final = {
    "insn": uc_const.UC_HOOK_CODE,
    "block": uc_const.UC_HOOK_BLOCK,
    "read": uc_const.UC_HOOK_MEM_READ,
    "write": uc_const.UC_HOOK_MEM_WRITE,
}
T = TypeVar("T")


class Instrumentation:
    """`emu.engine.instrument.Hooks` of one file for one machine."""

    def __init__(self, path: Path | str) -> None:
        """Raises HookError, and OSError where the file cannot be read."""
        self.path: Final = Path(path)
        self._record = np.zeros(1, HOOKS)
        self._stops: list[tuple[str, int]] = []
        self._machine: Machine | None = None
        self._failure: HookError | None = None
        self._waiting: threading.Timer | None = None
        self.declared: Final[Declarations] = load(self.path, Marks(self.address))

    @property
    def address(self) -> int:
        return int(self._record.ctypes.data)

    def join(self, machine: Machine) -> None:
        """Have the machine call the hooks from here on. Raises HookError where they cannot be compiled for it, or name
        what it has not."""
        self._machine = machine
        machine.instrument(self)

    # -- what the engine asks for --------------------------------------------------------------------------------------

    def calls(self, engine: Engine) -> Sequence[HookCall]:
        from emu.hook.compilation import Compiler  # noqa: PLC0415 - imports numba

        machine = self._machine
        assert machine is not None
        compiler = Compiler(self.path, self.declared, self.address, Registers(engine), self._stops)
        found: list[HookCall] = []
        for hook in self.declared.hooks:
            if hook.kind == "exit":
                continue
            ranges = self._placed(hook, lambda hook=hook: self._ranges(machine, hook))  # type: ignore[misc]
            callback = compiler.one(hook)
            kind = _KINDS[hook.kind]
            found += [HookCall(kind, callback, first, last) for first, last in ranges]
            if not ranges:
                found.append(HookCall(kind, callback))
        exits = [
            (hook, self._placed(hook, lambda hook=hook: self._windows(machine, hook)))  # type: ignore[misc]
            for hook in self.declared.hooks
            if hook.kind == "exit"
        ]
        self._record[0]["on_exit"] = compiler.exits(exits) if exits else 0
        return found

    @staticmethod
    def _ranges(machine: Machine, hook: Declared) -> list[tuple[int, int]]:
        if hook.kind in ("insn", "block"):
            return places.code_ranges(machine, hook)
        return places.data_ranges(machine, hook.within, hook.kind == "write")

    @staticmethod
    def _windows(machine: Machine, hook: Declared) -> tuple[int, ...] | None:
        return None if hook.device is None else places.windows(machine, hook.device)

    def _placed(self, hook: Declared, find: Callable[[], T]) -> T:
        try:
            return find()
        except places.NoPlace as error:
            raise HookError(self.path, hook.line, f"{hook.name}: {error}") from None

    def attend(self) -> bool:
        record = self._record[0]
        asks = int(record["asks"])
        if asks & HOOK_DRAIN:
            self._drain()
        record["asks"] = 0
        if record["failed"] and self._failure is None:
            self._failure = self._raised()
        return self._failure is not None or bool(asks & HOOK_STOP)

    def _drain(self) -> None:
        for ring in self._rings():
            try:
                ring.drain()
            except Exception as error:
                self._failure = self._failure or failure(self.path, error)
                ring.takes = None
            if ring.full:
                text = f"the ring {ring.name!r} holds {MOST_ROWS:,} rows; give it a @drain function, or less to hold"
                self._failure = self._failure or HookError(self.path, None, text)

    def _rings(self) -> list[Ring]:
        return [each for each in self.declared.storage if isinstance(each, Ring)]

    def _raised(self) -> HookError:
        """What a hook has raised, in which line."""
        record = self._record[0]
        hook = self.declared.hooks[int(record["failed"]) - 1]
        kind, text = _exception(int(record["exception"]))
        line = int(record["line"])
        if kind == "Interrupted":
            return HookError(self.path, line, f"{hook.name} was looping when the run was stopped")
        return HookError(
            self.path, line or hook.line, f"{hook.name}: {kind}: {text}" if text else f"{hook.name}: {kind}"
        )

    @property
    def ending(self) -> tuple[str, int]:
        if self._failure is not None:
            return f"a hook has failed: {self._failure}", FAILED
        text, code = self._stops[int(self._record[0]["stop"])]
        return f"a hook has stopped it: {text}", code

    def interrupt(self) -> None:
        """A hook that goes on for PATIENCE seconds is ended in its loop; others end by themselves."""
        self._waiting = threading.Timer(PATIENCE, self._interrupt_loops)
        self._waiting.daemon = True
        self._waiting.start()

    def _interrupt_loops(self) -> None:
        self._record[0]["interrupt"] = 1

    def release(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._record[0]["interrupt"] = 0

    # -- after the run -------------------------------------------------------------------------------------------------

    @property
    def failure(self) -> HookError | None:
        """Why a hook has ended the run, where it has failed."""
        return self._failure

    def results(self) -> Results:
        """All that the hooks have kept. Raises HookError where a @drain function fails."""
        assert self._machine is not None
        for ring in self._rings():
            try:
                ring.drain()
            except Exception as error:
                ring.takes = None
                raise failure(self.path, error) from error
        return Results({each.name: each for each in self.declared.storage}, self._machine)

    def finish(self, results: Results) -> bool:
        """Call the file's @finish, if it has one. Raises HookError."""
        function = self.declared.finish
        if function is None:
            return False
        try:
            function(results)
        except (Exception, SystemExit) as error:
            raise failure(self.path, error) from error
        return True


class _Excinfo(ctypes.Structure):
    """What numba's compiled code gives for an exception (numba.core.callconv.excinfo_t)."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_int32),
        ("hash", ctypes.c_void_p),
        ("function", ctypes.c_void_p),
        ("allocated", ctypes.c_int32),
    )


def _exception(address: int) -> tuple[str, str]:
    """Class and text."""
    if not address:
        return "an error", ""
    found = _Excinfo.from_address(address)
    if not found.data or found.allocated > 0:
        return "an error", "of values that only the run knows"
    kind, arguments, _ = pickle.loads(ctypes.string_at(found.data, found.size))  # numba's own
    return kind.__name__, ", ".join(str(each) for each in arguments or ())
