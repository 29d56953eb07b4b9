"""Text to bytes, by the assembler that the descriptor names: a plug-in's own, else Keystone."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from isa.contract import Isa, LibraryTarget
from isa.errors import AssemblyError, NoSuchAbility


def assembler_name(isa: Isa) -> str | None:
    """What `axemu isa list` shows; None where the ISA has no assembler."""
    if isa.assembler is not None:
        return isa.assembler.name
    return "keystone" if isa.keystone is not None else None


def assemble(isa: Isa, text: str, address: int = 0) -> bytes:
    """The bytes of `text` as placed at `address`.

    Raises AssemblyError with line and column of the first fault, NoSuchAbility where the ISA has no
    assembler.
    """
    if isa.assembler is not None:
        return _own(isa.assembler.entry)(text, address)
    if isa.keystone is not None:
        return _keystone(isa, isa.keystone, text, address)
    reason = dict(isa.missing).get("assembly", "neither Keystone nor its plug-in has one")
    raise NoSuchAbility(isa.name, "assembler", reason)


def _own(entry: str) -> Callable[[str, int], bytes]:
    module, _, attribute = entry.partition(":")
    found: Callable[[str, int], bytes] = getattr(importlib.import_module(module), attribute)
    return found


def _keystone(isa: Isa, target: LibraryTarget, text: str, address: int) -> bytes:
    """Keystone reports no position: the first line whose prefix of the text does not assemble is named."""
    import keystone  # noqa: PLC0415  loaded only when somebody assembles

    mode = 0
    for name in target.modes:
        mode |= getattr(keystone, name)
    engine = keystone.Ks(getattr(keystone, target.arch), mode)
    try:
        code, _ = engine.asm(text, address, as_bytes=True)
    except keystone.KsError as error:
        line, source = _culprit(engine, text, address)
        raise AssemblyError(isa.name, line, 0, source, str(error)) from None
    if code is None:  # Keystone's answer to text that holds no instruction, and to some that it cannot place
        if any(line.strip() for line in text.splitlines()):
            raise AssemblyError(isa.name, 1, 0, text.splitlines()[0], "Keystone assembled nothing")
        return b""
    return bytes(code)


def _culprit(engine: object, text: str, address: int) -> tuple[int, str]:
    import keystone  # noqa: PLC0415

    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        try:
            engine.asm(line, address, as_bytes=True)  # type: ignore[attr-defined]
        except keystone.KsError as error:
            if (
                error.errno != keystone.KS_ERR_ASM_SYMBOL_MISSING
            ):  # a label of another line is no fault of this one
                return number, line
    return 1, lines[0] if lines else ""
