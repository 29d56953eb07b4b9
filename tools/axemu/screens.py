"""What the commands print on: rich where a person looks, plain full-width lines where a program reads."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

PIPE_WIDTH = 240  # columns; a pipe has none, and a table must not be folded for one


def standard_output() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def table(*columns: str) -> Table:
    """A table without a frame; the last column takes the rest of the line."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        made.add_column(name, overflow="fold")
    return made


def print_json(value: Any) -> None:  # noqa: ANN401 - any plain value
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
    sys.stdout.flush()
