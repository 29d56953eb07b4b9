"""SPARC: registers of callers that are still in the CPU.

GDB looks for a caller's registers on its stack only, where they come when the windows are flushed. What it reads there
is therefore shown as a flush would leave it; the guest's memory stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from axvcpu.errors import AxError
from emu.debug.stack.layout import LAYOUTS
from emu.debug.stack.windows import resident
from emu.errors import EmuError
from isa.contract import Isa
from isa.errors import IsaError

if TYPE_CHECKING:
    from axvcpu.arch import AxArchVCpu

WINDOWED: Final = frozenset({"sparc", "sparc64"})


@dataclass(frozen=True, slots=True)
class _Vcpu:
    isa: Isa
    arch: AxArchVCpu

    def register(self, name: str) -> int | None:
        try:
            return self.arch.read_register(name)
        except (AxError, EmuError, IsaError):
            return None


def flushed(isa: Isa, arch: AxArchVCpu, address: int, data: bytes) -> bytes:
    """`data` of `address`, with the windows of a SPARC vCPU where they would be stored."""
    if isa.name not in WINDOWED:
        return data
    shown, word = bytearray(data), isa.bits // 8
    for sp, values in resident(_Vcpu(isa, arch)):
        stored = b"".join(value.to_bytes(word, "big") for value in values)
        begin = sp + LAYOUTS[isa.name].bias - address
        low, high = max(begin, 0), min(begin + len(stored), len(data))
        if low < high:
            shown[low:high] = stored[low - begin : high - begin]
    return bytes(shown)
