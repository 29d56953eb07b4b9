"""The format jsonl: an object for each row, one a line; the first has the metadata, the last one how it ended.

Addresses and values are hexadecimal text, since many readers keep numbers as floating point.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from axemu.traces.lines import Code, Row, Words
from emu.trace.rows import Batch, Kind


class Jsonl:
    """Lines into `put`."""

    def __init__(
        self,
        put: Callable[[str], None],
        header: dict[str, Any],
        code: Code,
        words: Words,
        lines: Sequence[str],
    ) -> None:
        self._put, self._code, self._words, self._lines = put, code, words, lines
        put(json.dumps({"kind": "header", **header}) + "\n")

    def write(self, batch: Batch) -> None:
        self._put("".join(json.dumps(self._object(row)) + "\n" for row in batch.rows()))  # type: ignore[arg-type]

    def flush(self) -> None:
        """Every row is complete."""

    def end(self, summary: dict[str, Any]) -> None:
        self._put(json.dumps({"kind": "end", **summary}) + "\n")

    def _object(self, row: Row) -> dict[str, Any]:
        insn, vcpu, number, pc, address, value, size, what = row
        kind = Kind(number)
        common = {"insn": insn, "vcpu": vcpu, "kind": kind.text, "pc": hex(pc)}
        match kind:
            case Kind.INSN:
                code, text, symbol = self._code.of(row)
                own: dict[str, Any] = {"code": code.hex(), "text": text, "symbol": symbol}
            case Kind.REG:
                own = {"register": self._words.register(address), "value": hex(value)}
            case Kind.READ | Kind.WRITE:
                own = {"address": hex(address), "value": hex(value), "size": size}
            case Kind.BRANCH:
                own = {"target": hex(address)}
            case Kind.EXIT:
                own = {
                    "what": self._words.what(what),
                    "address": hex(address),
                    "value": hex(value),
                    "size": size,
                }
            case Kind.EXCEPTION | Kind.INTERRUPT:
                own = {"what": self._words.what(what), "cause": address, "value": hex(value), "level": size}
            case Kind.CONTEXT:
                own = {"what": self._words.what(what), "from": hex(address), "to": hex(value)}
            case Kind.CONSOLE:
                own = {"text": self._lines[value]}
            case Kind.BLOCK:
                own = {"count": value, "size": size}
        return {**common, **own}
