"""What a disk is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

SECTOR: Final = 512
"""Bytes; the unit of a disk's size and of every access to it."""


class Disk(Protocol):
    """`size` bytes of content, a multiple of SECTOR, that stays as large as it was when it was opened.

    Offsets and sizes are in bytes, multiples of SECTOR, and inside the disk: whoever calls has checked that. Each call
    is complete when it returns. Raises OSError, and nothing else, for what the host cannot do.
    """

    @property
    def size(self) -> int: ...

    @property
    def read_only(self) -> bool:
        """Nothing can be written; nobody calls what writes."""
        ...

    @property
    def lasting(self) -> bool:
        """What is written stays on the host after the run, and no saved state has it."""
        ...

    def read(self, offset: int, views: Sequence[memoryview]) -> None:
        """Fill the views, in order, with what begins at `offset`."""
        ...

    def write(self, offset: int, views: Sequence[memoryview]) -> None: ...

    def zero(self, offset: int, size: int) -> None:
        """Write zeros; room on the host may be given back."""
        ...

    def discard(self, offset: int, size: int) -> None:
        """This content is of no use any more: it may be anything from now on."""
        ...

    def flush(self) -> None:
        """What was written is safe when this returns."""
        ...

    @property
    def state(self) -> Any:  # noqa: ANN401
        """What of the content is in this process's memory, as plain values; None where nothing is."""
        ...

    def load(self, state: Any) -> None:  # noqa: ANN401
        """Take over what `state` once returned."""
        ...

    def close(self) -> None: ...
