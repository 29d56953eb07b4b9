"""One page for a browser: everything in one file, nothing from a network, nothing that a guest wrote as markup.

Three walls keep a guest's console from being more than text: in the file it is JSON in ASCII with `<`, `>` and `&`
escaped, so that no `</script>` exists outside of the template; the page's script makes text nodes of it; and the page's
Content-Security-Policy names the hashes of its one script and its one style, so that a browser runs no other.

The page holds the ends of consoles: FAILED_CONSOLE bytes of a case that failed, PASSED_CONSOLE of others, less where
very many failed (ALL_CONSOLES). It says at each console how much is not there.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from axemu.quantities import show_time
from axemu.suite.reports import consoles, summary
from axemu.suite.reports.at_end import AtEnd
from axemu.suite.reports.durations import took
from axemu.suite.reports.verdicts import counts, failures
from axemu.suite.result import Ended, Result, Sub, Verdict

FAILED_CONSOLE = 16 << 10  # bytes
PASSED_CONSOLE = 1 << 10
ALL_CONSOLES = 32 << 20  # of all failures together
WITHOUT_SCRIPT = 200  # failures that are listed where the browser runs no script
QUIET = (Verdict.PASS, Verdict.SKIP, Verdict.XFAIL)  # without registers and last exits: nobody asks for them


class Html(AtEnd):
    name = "HTML"

    def content(self, ended: Ended) -> bytes:
        return page(ended).encode("ascii")


def page(ended: Ended) -> str:
    """The page, in ASCII."""
    style, script = _part("page.css"), _part("page.js")
    found = counts(ended.results)
    order = {verdict: at for at, verdict in enumerate(found)}
    share = ALL_CONSOLES // max(1, len(failures(ended.results)))
    limit = max(PASSED_CONSOLE, min(FAILED_CONSOLE, share))
    data = {
        "verdicts": [{"word": verdict.value, "count": number} for verdict, number in found.items()],
        "rows": [_row(result, order[result.verdict]) for result in ended.results],
    }
    details = ",\n".join(_json(_detail(result, limit)) for result in ended.results)
    values = {
        "STYLE_HASH": _hash(style),
        "SCRIPT_HASH": _hash(script),
        "TITLE": _markup(f"{'passed' if ended.good else 'FAILED'}: {ended.run.title}"),
        "OUTCOME": "interrupted" if ended.interrupted else "passed" if ended.good else "failed",
        "OUTCOME_CLASS": "good" if ended.good and not ended.interrupted else "bad",
        "HEADING": _markup(ended.run.title),
        "COUNTS": _counts(ended),
        "FACTS": _facts(ended),
        "FAILURES": _list(ended),
        "NOTE": f"Consoles are cut to their last {limit >> 10} KiB where a case failed, {PASSED_CONSOLE >> 10} KiB "
        "elsewhere; registers and last exits are kept of cases that failed.",
        "STYLE": style,
        "SCRIPT": script,
        "DATA": _json(data),
        "DETAILS": f"[\n{details}\n]",
    }
    pieces = _part("page.html").split("@")  # the template has no other @; values are never looked at again
    return "".join(values[piece] if at % 2 else piece for at, piece in enumerate(pieces))


def _row(result: Result, verdict: int) -> list[object]:
    """In the order that page.js names its columns."""
    return [
        consoles.one_line(result.case),
        verdict,
        consoles.one_line(result.isa),
        consoles.one_line(result.machine),
        round(result.seconds, 4),
        result.instructions,
        sum(result.exits.values()),
        consoles.one_line(result.reason),
        consoles.one_line(result.suite),
        [consoles.one_line(each) for each in result.tags],
    ]


def _detail(result: Result, failed_console: int) -> dict[str, Any]:
    limit = PASSED_CONSOLE if result.verdict.good else failed_console
    console, cut = consoles.last(result.console, limit, result.console_bytes)
    where = result.where
    told = where is not None and result.verdict not in QUIET
    return {
        "summary": consoles.clean(result.summary),
        "missed": [consoles.clean(each) for each in result.details],
        "replay": consoles.one_line(result.replay),
        "place": summary.place(where) if where is not None else "",
        "registers": [[consoles.one_line(name), f"{value:#x}"] for name, value in where.registers.items()]
        if where is not None and told
        else [],
        "last_exits": [consoles.one_line(each) for each in where.exits] if where is not None and told else [],
        "exits": [[consoles.one_line(name), number] for name, number in _ranked(result)],
        "subs": [
            [_word(sub), consoles.one_line(sub.name), consoles.clean(sub.text)] for sub in result.subresults
        ],
        "console": consoles.coloured(console),
        "cut": cut,
        "facts": [[name, consoles.one_line(value)] for name, value in _case_facts(result) if value],
    }


def _ranked(result: Result) -> list[tuple[str, int]]:
    return sorted(result.exits.items(), key=lambda each: -each[1])


def _word(sub: Sub) -> str:
    return "skip" if sub.skipped else "pass" if sub.passed else "fail"


def _case_facts(result: Result) -> Iterable[tuple[str, str]]:
    return (
        ("manifest", result.suite),
        ("cpu", result.cpu),
        ("tags", ", ".join(result.tags)),
        *((name, value) for name, value in result.parameters.items()),
        ("ending", result.ending),
        ("exit code", "" if result.exit_code is None else str(result.exit_code)),
        ("guest time", show_time(result.guest_ns)),
        ("overhead", took(result.overhead)),
        ("seed", str(result.seed)),
        ("coverage", coverage(result)),
        ("worker", result.worker),
        ("attempt", str(result.attempt) if result.attempt > 1 else ""),
        ("state", result.state_hash),
        ("bundle", result.bundle),
    )


def coverage(result: Result) -> str:
    """Lines and functions that the case executed, "" where that was not measured."""
    if not result.coverage:
        return ""
    kinds = ("lines", "functions", "branches")
    return ", ".join(
        f"{result.coverage[f'{each}_hit']:,} of {result.coverage[each]:,} {each}"
        for each in kinds
        if each in result.coverage
    )


def _counts(ended: Ended) -> str:
    spans = (
        f'<span class="v-{verdict.value}">{number:,} {verdict.value}</span>'
        for verdict, number in counts(ended.results).items()
    )
    return "".join(spans) + f"<span>{len(ended.results):,} of {ended.run.total:,} cases</span>"


def _facts(ended: Ended) -> str:
    run = ended.run
    facts = {
        "Command": run.command,
        "Began": datetime.fromtimestamp(run.begun, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        "Took": took(ended.seconds) + f", {took(sum(each.seconds for each in ended.results))} of guests",
        "Seed": str(run.seed),
        "Workers": str(run.workers),
        "Host": run.host,
        "axemu": run.axemu,
    }
    return "".join(f"<div><dt>{name}</dt><dd>{_markup(value)}</dd></div>" for name, value in facts.items())


def _list(ended: Ended) -> str:
    failed = failures(ended.results)
    items = [
        f"<li><b>{each.verdict.value}</b> {_markup(each.case)} {_markup(each.reason)}</li>"
        for each in failed[:WITHOUT_SCRIPT]
    ]
    if len(failed) > WITHOUT_SCRIPT:
        items.append(f"<li>and {len(failed) - WITHOUT_SCRIPT:,} more</li>")
    return f"<ul>{''.join(items)}</ul>" if items else "<p>nothing</p>"


def _markup(text: str) -> str:
    escaped = html.escape(consoles.one_line(text))
    return escaped.encode("ascii", "xmlcharrefreplace").decode()


def _json(value: object) -> str:
    """JSON that cannot end, or begin, anything in HTML."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _part(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="ascii")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
