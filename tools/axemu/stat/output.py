"""Where the tables go: standard output, and a picture."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, RenderableType

from axemu.errors import InputUnreadable
from axemu.stat.tables import VERY_WIDE, everything
from emu.statistics.summary import Summary


@dataclass(frozen=True, slots=True)
class Look:
    """`rows`: the most of a table, None: all. `svg`: a file that gets the tables as a picture."""

    rows: int | None
    svg: Path | None = None


def print_tables(summary: Summary, look: Look, screen: Console, title: str) -> None:
    """The tables on `screen`, and as a picture where that was asked for. Raises InputUnreadable."""
    screen.print(everything(summary, screen, look.rows))
    if look.svg is not None:
        save_svg(lambda picture: everything(summary, picture, look.rows), look.svg, title)


def save_svg(content: Callable[[Console], RenderableType], path: Path, title: str) -> None:
    """What `content` draws on a console, as a picture. Raises InputUnreadable."""
    picture = Console(
        record=True, width=VERY_WIDE, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    picture.print(content(picture))
    try:
        path.write_text(picture.export_svg(title=title), encoding="utf-8")
    except OSError as error:
        raise InputUnreadable.of(path, error, "write the picture") from error
