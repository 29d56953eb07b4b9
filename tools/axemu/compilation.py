"""The first run on a computer compiles the native hooks; the user is told what takes so long, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from rich.console import Console

TEXT = "compiling native hooks, once"


@contextmanager
def announced(screen: Console) -> Iterator[None]:
    """Say so as soon as anything is compiled in the body; what is in the cache is not."""
    from isa import objects  # noqa: PLC0415 - imports LLVM

    with ExitStack() as stack:
        told = False

        def announce() -> None:
            nonlocal told
            if told:
                return
            told = True
            if screen.is_terminal:
                stack.enter_context(screen.status(f"[dim]axemu:[/] {TEXT}"))
            else:
                screen.print(f"[dim]axemu:[/] {TEXT}")

        objects.on_compile.append(announce)
        stack.callback(objects.on_compile.remove, announce)
        yield
