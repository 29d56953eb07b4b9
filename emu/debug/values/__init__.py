"""Values of the guest's program, and their text."""

from emu.debug.values.printing import Printer
from emu.debug.values.value import Value, place_value, variable_value

__all__ = ["Printer", "Value", "place_value", "variable_value"]
