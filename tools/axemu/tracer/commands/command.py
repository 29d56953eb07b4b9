"""What a command is, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from axemu.tracer.model import View

if TYPE_CHECKING:
    from emu.debug.debugger import Debugger
    from emu.debug.stop import Stop


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` for the output pane; `view` changes what the panes show, `shows` names the pane to bring to the front."""

    text: str = ""
    echo: str = ""
    bad: bool = False
    view: Callable[[View], View] | None = None
    shows: str = ""

    @classmethod
    def refused(cls, error: BaseException) -> Answer:
        from axemu.cli import paragraph  # noqa: PLC0415 - which offers this verb

        return cls(paragraph(error) if isinstance(error, Exception) else str(error), bad=True)


@dataclass(frozen=True, slots=True)
class Command:
    """One of: `run` runs the guest, `look` asks or changes it while it stands, `screen` is the screen's own."""

    names: tuple[str, ...]
    usage: str
    help: str
    run: Callable[[Debugger, str], Stop] | None = None
    look: Callable[[Debugger, str], Answer] | None = None
    screen: Callable[[Any, str], None] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    command: Command
    argument: str
    text: str
