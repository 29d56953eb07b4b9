"""Unicorn's C library, and its refusals as errors."""

from __future__ import annotations

from typing import Any, Final

import unicorn.unicorn_const as uc_const
import unicorn.unicorn_py3.unicorn as binding

from emu.errors import EngineFailure

lib: Final[Any] = binding.uclib


def behind(isa: str, name: str) -> Any | None:  # noqa: ANN401
    """A function behind the interface, which the library has once for each target; None where it is not exported."""
    target = {"i386": "x86_64"}.get(isa, isa)
    return getattr(lib, f"{name}_{target}", None)


def error_text(number: int) -> str:
    """Unicorn's own words for one of its error numbers."""
    return str(lib.uc_strerror(number).decode())


def check(number: int, what: str) -> None:
    """Raises EngineFailure: the engine could not do `what`."""
    if number != uc_const.UC_ERR_OK:
        raise EngineFailure(what, number, error_text(number))
