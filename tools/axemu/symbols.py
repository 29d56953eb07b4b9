"""--symbols: more names for a debugger than the guest's own files have."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from emu.debug.debugger import Debugger

KALLSYMS: Final = "kallsyms"
"""The word for the symbols that a Linux guest has in its memory; a file of that name is `./kallsyms`."""


def apply_symbols(debugger: Debugger, texts: Iterable[str]) -> None:
    """Give `debugger` what the option's values name, in their order: FILE[@BASE] or `kallsyms`.

    Raises ConfigError and LoadError of `emu.errors` for files, NotPossible of `emu.debug.errors` where no kernel with
    symbols is in memory.
    """
    for text in texts:
        if text == KALLSYMS:
            debugger.load_kallsyms()
        else:
            debugger.load_symbols(text)


def apply_after_run(debugger: Debugger, texts: Iterable[str]) -> None:
    """`apply_symbols`; where nothing has a name then, with the symbols of the Linux in the guest's memory, if one is."""
    from emu.debug.errors import NotPossible  # noqa: PLC0415 - not for --help

    apply_symbols(debugger, texts)
    if not len(debugger.symbols):
        with suppress(NotPossible):
            debugger.load_kallsyms()
