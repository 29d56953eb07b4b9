"""Expressions of C as users of gdb type them: parsed once, evaluated often."""

from emu.debug.errors import ExpressionError
from emu.debug.expression.expression import Expression, assign
from emu.debug.expression.scope import Scope

__all__ = ["Expression", "ExpressionError", "Scope", "assign"]
