"""The words of the command line."""

from axemu.tracer.commands.command import Answer, Call, Command
from axemu.tracer.commands.table import CommandTable

__all__ = ["Answer", "Call", "Command", "CommandTable"]
