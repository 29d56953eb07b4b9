"""Instruction sets as plug-ins: one frozen `Isa` value each, found by name."""

from __future__ import annotations

from isa.contract import Isa, Register, Role
from isa.registry import find, names

__all__ = ["Isa", "Register", "Role", "find", "names"]
