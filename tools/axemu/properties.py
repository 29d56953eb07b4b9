"""QEMU's option values of the form ``first,key=value,key=value``; a doubled comma stands for one comma."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from axemu.errors import UsageError
from emu.errors import UnknownName


def parse(text: str, option: str, first: str | None = None) -> dict[str, str]:
    """The pairs in order of writing. A leading part without "=" gets the key `first` (QEMU's implied key).

    Raises UsageError for an empty part, a part without "=" elsewhere, and a key given twice.
    """
    pairs: dict[str, str] = {}
    for position, part in enumerate(_parts(text)):
        key, equals, value = part.partition("=")
        if not equals and position == 0 and first is not None and part:
            key, value = first, part
        elif not equals or not key:
            raise UsageError(
                f"{option} expects key=value pairs with commas between them.", f"It got '{text}'."
            )
        if key in pairs:
            raise UsageError(f"{option} expects each key once.", f"It got '{key}' twice in '{text}'.")
        pairs[key] = value
    return pairs


def only(pairs: Mapping[str, str], known: Iterable[str], option: str) -> None:
    """Raises UnknownName, with the nearest one, if a key is not among `known`."""
    names = tuple(known)
    for key in pairs:
        if key not in names:
            raise UnknownName.among(f"property of {option}", key, names)


def switch(pairs: Mapping[str, str], key: str, option: str, default: bool) -> bool:
    """An on/off property. Raises UsageError for another word."""
    word = pairs.get(key)
    if word is None:
        return default
    if word in ("on", "yes", "true"):
        return True
    if word in ("off", "no", "false"):
        return False
    raise UsageError(f"{option} expects {key}=on or {key}=off.", f"It got '{key}={word}'.")


def _parts(text: str) -> list[str]:
    parts = [""]
    position = 0
    while position < len(text):
        if text.startswith(",,", position):
            parts[-1] += ","
            position += 2
        elif text[position] == ",":
            parts.append("")
            position += 1
        else:
            parts[-1] += text[position]
            position += 1
    return parts
