"""One widget per pane; each renders from the snapshot."""

from __future__ import annotations

from typing import Final

from axemu.tracer.pane import Pane
from axemu.tracer.panes.code import Code
from axemu.tracer.panes.console import Console
from axemu.tracer.panes.devices import Devices
from axemu.tracer.panes.exits import Exits
from axemu.tracer.panes.frames import Frames
from axemu.tracer.panes.memory import Memory
from axemu.tracer.panes.output import Output
from axemu.tracer.panes.points import Points
from axemu.tracer.panes.registers import Registers
from axemu.tracer.panes.source import Source
from axemu.tracer.panes.stack import Stack
from axemu.tracer.panes.timeline import Timeline
from axemu.tracer.panes.vcpus import Vcpus

PANES: Final[dict[str, type[Pane]]] = {
    "registers": Registers,
    "code": Code,
    "stack": Stack,
    "exits": Exits,
    "console": Console,
    "frames": Frames,
    "memory": Memory,
    "source": Source,
    "points": Points,
    "vcpus": Vcpus,
    "devices": Devices,
    "timeline": Timeline,
    "output": Output,
}
"""By name, in the order of the keys 1 to 9 and 0."""
