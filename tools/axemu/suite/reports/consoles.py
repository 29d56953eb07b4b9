"""Guest bytes and other people's text, made into text that cannot hurt its reader.

A console may hold anything: terminal escapes that clear the reader's screen or retitle the window, NULs that XML cannot
carry, halves of characters. What leaves this file has none of that: escapes are dropped (`coloured` keeps those that
only set colours), other control characters are shown as pictures (U+2400..), bytes that are no UTF-8 as U+FFFD.
"""

from __future__ import annotations

import re

# ECMA-48: CSI sequences (5.4), control strings (5.6) with BEL as xterm's terminator, other escapes (5.3).
# A string that is never terminated ends with its line: a guest that died in one must not take the rest with it.
_ESCAPE = re.compile(
    r"\x1b(?:\[(?P<colours>[0-9;:]*)m"
    r"|\[[0-?]*[ -/]*[@-~]"
    r"|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\|(?=[\n\x1b])|\Z)"
    r"|[ -/]*[0-Z\\^-~])"
)
_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
_LINE_END = re.compile(r"\r+\n|\r(?!\Z)")
# C0 without tab and line feed, DEL, C1; what XML 1.0 (2.2 Char) has not: surrogates, U+FFFE, U+FFFF; and the marks
# that reorder or hide text.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_CONTROL_KEEPING_ESCAPE = re.compile(_CONTROL.pattern.replace("\x1f", "\x1a\x1c-\x1f"))
_SEPARATORS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+ *")


def plain(console: bytes) -> str:
    """A console as text of letters and line feeds."""
    return clean(_ESCAPE.sub("", _decoded(console)))


def coloured(console: bytes) -> str:
    """The same with its colour escapes (ESC [ ... m) left in; no other use of ESC remains."""
    kept = _ESCAPE.sub(lambda match: match[0] if match["colours"] is not None else "", _decoded(console))
    pieces: list[str] = []
    at = 0
    for match in _COLOURS.finditer(kept):
        pieces += (clean(kept[at : match.start()]), match[0])
        at = match.end()
    return "".join((*pieces, clean(kept[at:])))


def clean(text: str) -> str:
    """Text without control characters other than tab and line feed; each is shown instead."""
    return _CONTROL.sub(_picture, text)


def one_line(text: str) -> str:
    """Text as one line, for a place that holds no more: a table's cell, an XML attribute, a TAP test point."""
    return clean(_SEPARATORS.sub(" ", _ESCAPE.sub("", text)).strip())


def last(console: bytes, limit: int, written: int = 0) -> tuple[bytes, int]:
    """The last `limit` bytes, begun at a line where one begins soon, and how many of all `written` they lack."""
    kept = console[-limit:] if limit > 0 else b""
    if len(kept) < len(console):
        line_end = kept.find(b"\n", 0, min(len(kept), 512))
        kept = kept[line_end + 1 :] if line_end >= 0 else kept.lstrip(bytes(range(0x80, 0xC0)))
    return kept, max(written, len(console)) - len(kept)


def cut_note(cut: int) -> str:
    """The line that stands in for what was cut; "" for nothing."""
    return f"[{cut:,} bytes before this are not shown]\n" if cut else ""


def _decoded(console: bytes) -> str:
    return _LINE_END.sub("\n", console.decode(errors="replace")).removesuffix("\r")


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"
