"""What the panes show: plain immutable values, made on the debugger's thread, rendered on the screen's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from axemu.tracer.exitview import ExitView
from axvcpu.errors import AxError
from emu.debug.devices import DeviceView
from emu.debug.stop import Position, Stop
from emu.errors import EmuError
from emu.symbols import SymbolTable
from isa.errors import IsaError

REFUSALS: Final = (EmuError, IsaError, AxError)
"""What looking at a guest may be refused with."""


@dataclass(frozen=True, slots=True)
class Link:
    """One step of a pointer: `text` for a person; kind is code, data, string or number."""

    kind: str
    text: str


Chain = tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """`known` is False where the engine refuses the register in this state. `changed` since the last stop."""

    name: str
    bits: int
    value: int
    group: str
    general: bool
    changed: bool = False
    known: bool = True
    fields: tuple[tuple[str, str], ...] = ()
    chain: Chain = ()


@dataclass(frozen=True, slots=True)
class CodeLine:
    """An instruction. `label`: the symbol that begins there; `source`: file:line and text where a new line begins;
    `target`: where it may jump; `note`: operand values, at the pc."""

    address: int
    code: bytes
    mnemonic: str
    operands: str
    label: str = ""
    source: str = ""
    target: int | None = None
    target_name: str = ""
    point: str = ""  # B, or b where it is disabled
    current: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class SourceView:
    """Lines of one file around `line`; `note` says why there are none."""

    title: str = ""
    line: int = 0
    lines: tuple[tuple[int, str], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class StackRow:
    address: int
    value: int
    width: int
    chain: Chain = ()
    marks: str = ""  # registers that point here


@dataclass(frozen=True, slots=True)
class MemoryView:
    """`data` from `address` on, None for bytes that are not there."""

    address: int = 0
    title: str = ""
    data: tuple[int | None, ...] = ()
    changed: frozenset[int] = frozenset()
    note: str = ""


@dataclass(frozen=True, slots=True)
class FrameRow:
    level: int
    pc: int
    symbol: str
    place: str
    method: str
    selected: bool


@dataclass(frozen=True, slots=True)
class VcpuRow:
    number: int
    state: str
    waits: str
    pc: int
    symbol: str
    privilege: str
    pending: str
    retired: int
    selected: bool


@dataclass(frozen=True, slots=True)
class PointRow:
    number: int
    kind: str
    what: str
    enabled: bool
    hits: int
    details: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of one guest. While it runs only what is cheap is there: `whole` is False, and panes keep what they
    showed last. `troubles`: pane -> why it has nothing to show."""

    whole: bool
    running: bool
    stop: Stop
    position: Position  # since the last power-on
    stop_text: str
    time: int
    vcpu: int
    vcpus_count: int
    frame: int
    pc: int
    place: str
    privilege: str
    bits: int
    exits: ExitView
    symbols: SymbolTable
    registers: tuple[RegisterRow, ...] = ()
    code: tuple[CodeLine, ...] = ()
    source: SourceView = SourceView()
    stack: tuple[StackRow, ...] = ()
    memory: MemoryView = MemoryView()
    frames: tuple[FrameRow, ...] = ()
    vcpus: tuple[VcpuRow, ...] = ()
    points: tuple[PointRow, ...] = ()
    devices: tuple[DeviceView, ...] = ()
    troubles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """What of the guest the screen wants to see."""

    code: int | None = None  # address to be shown instead of the pc
    code_rows: int = 40
    stack_rows: int = 32
    memory: int | None = None  # None: the stack pointer
    memory_text: str = "$sp"
    memory_size: int = 512
    frames: int = 32
