"""What an engine needs of a user's hooks (`emu.hook`): compiled functions, and somebody to attend to what they ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from emu.engine.engine import Engine


@dataclass(frozen=True, slots=True)
class HookCall:
    """A compiled callback for the engine's hook of this `kind` (UC_HOOK_*), which gets the engine block as its user
    data, at addresses `first` to `last`: of code, guest-virtual, or of accesses, guest-physical. Everywhere where `last`
    is less."""

    kind: int
    callback: int
    first: int = 1
    last: int = 0


class Hooks(Protocol):
    @property
    def address(self) -> int:
        """Of a HOOKS record, which stays."""
        ...

    def calls(self, engine: Engine) -> Sequence[HookCall]:
        """Compiled for the ISA of this engine, again where it is another engine."""
        ...

    def attend(self) -> bool:
        """Take what is in full rings. Whether the run is to end."""
        ...

    @property
    def ending(self) -> tuple[str, int]:
        """How they have ended it, for a person, and the exit code."""
        ...

    def interrupt(self) -> None:
        """From any thread: the run is to end. Soon end the loop that a hook is in."""
        ...

    def release(self) -> None:
        """The run has ended."""
        ...
