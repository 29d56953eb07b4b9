"""PowerPC text to bytes by Keystone, with the names that registers have in listings: Keystone knows numbers only.

An engine of Keystone's that has refused a text may end the process at the next one: each text gets its own.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from isa.errors import AssemblyError

_STATEMENT: Final = re.compile(r"^(\s*(?:\w+:\s*)?[\w.+-]+\s+)(.*)$")
_REGISTER: Final = re.compile(r"\b(?:r|f|vs|v|cr)(\d{1,2})\b")


def _numbered(line: str) -> str:
    """The line with numbers for the names of registers."""
    found = _STATEMENT.match(line)
    return line if found is None else found[1] + _REGISTER.sub(r"\1", found[2])


def _keystone(mode: str, text: str, address: int) -> bytes | None:
    """None where Keystone makes nothing of it. Raises keystone.KsError."""
    import keystone  # noqa: PLC0415  loaded only when somebody assembles

    engine = keystone.Ks(keystone.KS_ARCH_PPC, getattr(keystone, mode) | keystone.KS_MODE_BIG_ENDIAN)
    code, _ = engine.asm(text, address, as_bytes=True)
    return None if code is None else bytes(code)


def _assemble(isa: str, mode: str, text: str, address: int) -> bytes:
    import keystone  # noqa: PLC0415

    lines = text.splitlines()
    numbered = [_numbered(line) for line in lines]
    message = "Keystone assembled nothing"
    try:
        code = _keystone(mode, "\n".join(numbered), address)
        if code is not None or not text.strip():
            return code or b""
    except keystone.KsError as error:
        message = str(error)
    for number, line in enumerate(numbered, 1):
        try:
            if _keystone(mode, line, address) is None and line.strip():
                raise AssemblyError(isa, number, 0, lines[number - 1], "Keystone assembled nothing")
        except keystone.KsError as error:
            if (
                error.errno != keystone.KS_ERR_ASM_SYMBOL_MISSING
            ):  # a label of another line is no fault of this one
                raise AssemblyError(isa, number, 0, lines[number - 1], str(error)) from None
    raise AssemblyError(isa, 1, 0, lines[0], message)


assemble32 = partial(_assemble, "ppc", "KS_MODE_PPC32")
assemble64 = partial(_assemble, "ppc64", "KS_MODE_PPC64")
