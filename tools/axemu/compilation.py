"""The first run on a computer compiles the native hooks; the user is told what takes so long, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from rich.console import Console

TEXT = "compiling native hooks, once"


@contextmanager
def announced(screen: Console) -> Iterator[None]:
    """Say so as soon as numba compiles anything in the body; code from its cache is no compilation. Imports
    numba."""
    from numba.core import event  # noqa: PLC0415

    with ExitStack() as stack:

        class Announcement(event.Listener):  # type: ignore[misc]
            told = False

            def on_start(self, started: Any) -> None:  # noqa: ANN401 - numba's own
                if self.told:
                    return
                self.told = True
                if screen.is_terminal:
                    stack.enter_context(screen.status(f"[dim]axemu:[/] {TEXT}"))
                else:
                    screen.print(f"[dim]axemu:[/] {TEXT}")

            def on_end(self, ended: Any) -> None:  # noqa: ANN401
                pass

        stack.enter_context(event.install_listener("numba:compile", Announcement()))
        yield
