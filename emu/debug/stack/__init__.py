"""Call stacks: `backtrace`, from registers, memory and what files say about both."""

from emu.debug.stack.backtrace import backtrace
from emu.debug.stack.callframes import CallFrames
from emu.debug.stack.frame import Frame, Method

__all__ = ["CallFrames", "Frame", "Method", "backtrace"]
