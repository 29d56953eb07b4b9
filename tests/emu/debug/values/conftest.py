"""The program of the tests of expressions."""

from tests.emu.debug.expression.conftest import inside, isa, program, scope

__all__ = ["inside", "isa", "program", "scope"]
