"""What apt does, on standard error: a bar where a person looks, a line a step elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from axemu.debian import archive


@contextmanager
def shown() -> Iterator[archive.Progress]:
    """A function to be called with the step and its percentage; the bar is gone afterwards."""
    screen = Console(stderr=True, highlight=False)
    if not screen.is_terminal:

        def say(step: str, percent: float) -> None:
            if percent == 0:
                screen.print(f"{escape(step)} ...", soft_wrap=True)

        yield say
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=screen, transient=True) as bars:
        bar = bars.add_task("", total=100, visible=False)

        def show(step: str, percent: float) -> None:
            bars.update(bar, description=step, completed=percent, visible=percent < 100)

        yield show
