"""TAP version 14 (testanything.org/tap-version-14-specification.html): a test point a case, a subtest where a guest
reports checks of its own.

xfail and quarantined are `not ok ... # TODO`, which stops nobody; an xpass is a plain `not ok`, since to a harness
`ok ... # TODO` would be good news. Diagnostics are YAML of the kinds that old readers (Perl's YAMLish) know too: quoted
strings, numbers and literal blocks. A block is indented, so that nothing that a guest writes can end it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from axemu.suite.reports import consoles, summary
from axemu.suite.reports.at_end import AtEnd
from axemu.suite.result import Ended, Result, Sub, Verdict

CONSOLE_LINES = 40  # of a failure's console, the last ones


class Tap(AtEnd):
    name = "TAP"

    def content(self, ended: Ended) -> bytes:
        return document(ended).encode()


def document(ended: Ended) -> str:
    """The file. A run that ended early keeps its plan of all cases, and says Bail out!"""
    lines = ["TAP version 14", f"1..{max(len(ended.results), ended.run.total if ended.interrupted else 0)}"]
    if not ended.results and not ended.interrupted:
        lines[-1] += " # SKIP no case was selected"
    lines.append(f"# {escaped(ended.run.command)}, seed {ended.run.seed}")
    for number, result in enumerate(ended.results, 1):
        lines += _point(number, result)
    if ended.interrupted:
        lines.append(f"Bail out! Ended early: {ended.run.total - len(ended.results)} cases did not run")
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text in a test point: one line, `#` and `\\` escaped."""
    return consoles.one_line(text).replace("\\", "\\\\").replace("#", "\\#")


def _point(number: int, result: Result) -> Iterator[str]:
    tolerated = result.verdict in (Verdict.XFAIL, Verdict.QUARANTINED)
    if result.subresults:
        yield f"# Subtest: {escaped(result.case)}"
        yield f"    1..{len(result.subresults)}"
        for index, sub in enumerate(result.subresults, 1):
            for line in _check(index, sub, result.verdict.value if tolerated else ""):
                yield "    " + line
    passed = result.verdict in (Verdict.PASS, Verdict.SKIP)
    point = f"{'ok' if passed else 'not ok'} {number} - {escaped(result.case)}"
    if result.verdict is Verdict.SKIP:
        yield f"{point} # SKIP {escaped(result.reason)}".rstrip()
        return
    if tolerated:
        point += f" # TODO {result.verdict.value}: {escaped(result.reason)}".rstrip(": ")
    yield point
    if not passed:
        yield from _diagnostics(_facts(result))


def _check(number: int, sub: Sub, tolerated: str) -> Iterator[str]:
    name = escaped(sub.name)
    if sub.skipped:
        yield f"ok {number} - {name} # SKIP {escaped(sub.text)}".rstrip()
    elif sub.passed:
        yield f"ok {number} - {name}"
    else:
        yield f"not ok {number} - {name}" + (f" # TODO {tolerated}" if tolerated else "")
        if sub.text:
            yield from _diagnostics({"message": consoles.one_line(sub.text)})


def _facts(result: Result) -> dict[str, object]:
    console = consoles.plain(result.console).rstrip().split("\n")[-CONSOLE_LINES:]
    facts: dict[str, object] = {
        "message": consoles.one_line(result.reason) or result.verdict.value,
        "severity": result.verdict.value,
        "missed": _block(result.details),
        "at": summary.place(result.where) if result.where is not None else "",
        "isa": consoles.one_line(result.isa),
        "machine": consoles.one_line(result.machine),
        "seconds": round(result.seconds, 3),
        "instructions": result.instructions,
        "seed": result.seed,
        "replay": consoles.one_line(result.replay),
        "bundle": consoles.one_line(result.bundle),
        "console": _block(console),
    }
    return {key: value for key, value in facts.items() if value not in ("", [])}


def _block(lines: Iterable[str]) -> list[str]:
    """Lines for a literal block. Its first one gives the indentation, so it begins with a letter; what YAML 1.1 takes
    for a line's end inside of one becomes a space."""
    text = (
        consoles.clean("\n".join(lines)).replace("\u2028", " ").replace("\u2029", " ").replace("\t", "    ")
    )
    return text.strip().split("\n") if text.strip() else []


def _diagnostics(facts: Mapping[str, object]) -> Iterator[str]:
    yield "  ---"
    for key, value in facts.items():
        if isinstance(value, list):
            yield f"  {key}: |"
            yield from (f"    {each}".rstrip() for each in value)
        else:  # JSON is YAML, but for characters as pairs of surrogates: they stay as they are
            yield f"  {key}: {json.dumps(value, ensure_ascii=False)}"
    yield "  ..."
