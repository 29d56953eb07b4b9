"""What an expression is evaluated in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from emu.debug.info import DebugInfos, Frame
from emu.symbols import SymbolTable
from isa.contract import Isa


class Scope(Protocol):
    """A stopped guest, seen from one frame. Addresses are guest-virtual."""

    @property
    def symbols(self) -> SymbolTable: ...
    @property
    def info(self) -> DebugInfos: ...
    @property
    def frame(self) -> Frame | None: ...
    @property
    def isa(self) -> Isa: ...
    @property
    def facts(self) -> Mapping[str, int]:
        """What is known under names as `$_value` besides registers."""
        ...

    def register(self, name: str) -> int:
        """Raises UnknownRegister."""
        ...

    def write_register(self, name: str, value: int) -> None: ...

    def read(self, address: int, size: int) -> bytes:
        """Raises Unreadable."""
        ...

    def write(self, address: int, data: bytes) -> None:
        """Raises Unreadable."""
        ...
