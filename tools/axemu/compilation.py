"""The first run on a computer compiles the native hooks; the user is told what takes so long, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from rich.console import Console

TEXT = "compiling native hooks, once"


@contextmanager
def announced(screen: Console) -> Iterator[None]:
    """Say so as soon as anything is compiled in the body; what is in the cache is not."""
    with ExitStack() as stack:

        def announce() -> None:
            if screen.is_terminal:
                stack.enter_context(screen.status(f"[dim]axemu:[/] {TEXT}"))
            else:
                screen.print(f"[dim]axemu:[/] {TEXT}")

        stack.enter_context(told(announce))
        yield


@contextmanager
def told(announce: Callable[[], None]) -> Iterator[None]:
    """`announce` is called once, when the first thing is compiled in the body."""
    from isa import objects  # noqa: PLC0415 - imports LLVM

    done = False

    def once() -> None:
        nonlocal done
        if not done:
            done = True
            announce()

    objects.on_compile.append(once)
    try:
        yield
    finally:
        objects.on_compile.remove(once)
