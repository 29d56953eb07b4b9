"""Keystone for MIPS64, with the register names that Capstone prints: Keystone calls register 12 t0, as n64 does."""

from __future__ import annotations

import re
from dataclasses import replace

import isa
from isa.assembly import assemble

_FIRST = 8
_TEMPORARY = re.compile(r"\$(?:t([0-7])|a([4-7]))\b")


def assemble_mips64(text: str, address: int) -> bytes:
    return _assemble("mips64", text, address)


def assemble_mips64el(text: str, address: int) -> bytes:
    return _assemble("mips64el", text, address)


def _assemble(name: str, text: str, address: int) -> bytes:
    return assemble(replace(isa.find(name), assembler=None), _TEMPORARY.sub(_number, text), address)


def _number(match: re.Match[str]) -> str:
    temporary, argument = match.groups()
    return f"${_FIRST + int(temporary)}" if temporary else f"${_FIRST + int(argument) - 4}"
