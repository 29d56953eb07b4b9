"""JUnit XML, in the dialect that all CI systems take: the one that Jenkins' xUnit plugin checks by a schema (junit-10).

A manifest is a testsuite, a case a testcase, and each check inside a guest (`Sub`) a testcase of its own, `case/check`,
so that a CI system follows every check over time; the numbers of tests are therefore those of cases and checks. A check
that failed inside a case that nobody is stopped by (xfail, quarantined) is skipped like its case.

    fail               failure  type="fail"                xfail        skipped  "xfail: ..."
    error              error    type="error"               quarantined  skipped  "quarantined: ..."
    timeout            failure  type="timeout"             skip         skipped  the reason
    nondeterministic   failure  type="nondeterministic"    xpass        failure  type="xpass"

The schema has properties for a testsuite only. What all cases of a manifest share is there; what differs is in the
case's system-out as lines [[PROPERTY|name=value]], which several systems read, before its console.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import PurePosixPath

from axemu.suite.reports import consoles, summary
from axemu.suite.reports.at_end import AtEnd
from axemu.suite.result import Ended, Result, Run, Sub, Verdict

CONSOLE_LIMIT = 64 << 10  # bytes of a case's console, the last ones
FAILURES = (Verdict.FAIL, Verdict.TIMEOUT, Verdict.NONDETERMINISTIC, Verdict.XPASS)
UNNAMED = "suite"  # testsuite of cases that come from no manifest


class JUnit(AtEnd):
    name = "JUnit"

    def content(self, ended: Ended) -> bytes:
        return document(ended)


def document(ended: Ended) -> bytes:
    """The file. UTF-8, XML 1.0 whatever the guests wrote."""
    root = ET.Element("testsuites", name=_attribute(ended.run.title))
    root.set("time", _seconds(ended.seconds))
    suites: dict[str, list[Result]] = {}
    for result in ended.results:
        suites.setdefault(result.suite, []).append(result)
    for name, results in suites.items():
        root.append(_testsuite(ended.run, name, results))
    for attribute in ("tests", "failures", "errors"):
        root.set(attribute, str(sum(int(each.get(attribute, "0")) for each in root)))
    ET.indent(root, " ")
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return body + b"\n"


def classname(suite: str) -> str:
    """A manifest's path as the dotted name that viewers make a tree of: guests/riscv64/hello/guest.toml is
    guests.riscv64.hello."""
    path = PurePosixPath(suite)
    if path.suffix == ".toml":
        path = path.parent if path.stem in ("suite", "guest") and path.parent.parts else path.with_suffix("")
    parts = (part.replace(".", "_") for part in path.parts if part not in ("/", ".", ".."))
    return consoles.one_line(".".join(parts)) or UNNAMED


def _testsuite(run: Run, name: str, results: list[Result]) -> ET.Element:
    suite = ET.Element("testsuite", name=_attribute(name) or UNNAMED)
    begun = min((each.begun for each in results if each.begun), default=run.begun)
    suite.set("timestamp", datetime.fromtimestamp(begun, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    suite.set("hostname", _attribute(run.host))
    suite.set("time", _seconds(sum(each.seconds for each in results)))
    shared = {
        key: value
        for key, value in _facts(results[0]).items()
        if all(_facts(each).get(key) == value for each in results)
    }
    properties = ET.SubElement(suite, "properties")
    for key, value in {**shared, "command": run.command, "axemu": run.axemu, "seed": str(run.seed)}.items():
        ET.SubElement(properties, "property", name=key, value=_attribute(value))
    cases = [each for result in results for each in _testcases(result, shared)]
    suite.extend(cases)
    suite.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(each.find(tag) is not None for each in cases)))
    return suite


def _testcases(result: Result, shared: Iterable[str]) -> list[ET.Element]:
    own = ET.Element("testcase", name=_attribute(result.case), classname=classname(result.suite))
    own.set("time", _seconds(result.seconds))
    _outcome(own, result)
    lines = [f"[[PROPERTY|{key}={value}]]" for key, value in _facts(result).items() if key not in shared]
    lines.append(f"[[PROPERTY|instructions={result.instructions}]]")
    lines += [f"[[PROPERTY|coverage.{key}={value}]]" for key, value in result.coverage.items()]
    console, cut = consoles.last(result.console, CONSOLE_LIMIT, result.console_bytes)
    head = consoles.clean("".join(consoles.one_line(each) + "\n" for each in lines))
    ET.SubElement(own, "system-out").text = head + consoles.cut_note(cut) + consoles.plain(console)
    return [own, *_checks(result)]


def _checks(result: Result) -> list[ET.Element]:
    """The checks inside the guest. Names that come again get a number: a viewer would take them for one."""
    made: list[ET.Element] = []
    seen: Counter[str] = Counter()
    for sub in result.subresults:
        name = _attribute(f"{result.case}/{sub.name}")
        seen[name] += 1
        numbered = name if seen[name] == 1 else f"{name} ({seen[name]})"
        element = ET.Element("testcase", name=numbered, classname=classname(result.suite), time=_seconds(0))
        if sub.skipped:
            ET.SubElement(element, "skipped", message=_attribute(sub.text) or "skipped by the guest")
        elif not sub.passed and result.verdict in (Verdict.XFAIL, Verdict.QUARANTINED):
            ET.SubElement(element, "skipped", message=_attribute(_because(result.verdict.value, sub.text)))
        elif not sub.passed:
            ET.SubElement(element, "failure", type="check", message=_message(sub)).text = consoles.clean(
                sub.text
            )
        made.append(element)
    return made


def _outcome(element: ET.Element, result: Result) -> None:
    verdict = result.verdict
    if verdict is Verdict.PASS:
        return
    if verdict is Verdict.SKIP:
        ET.SubElement(element, "skipped", message=_attribute(result.reason) or "skipped")
    elif verdict in (Verdict.XFAIL, Verdict.QUARANTINED):
        message = _attribute(_because(verdict.value, result.reason))
        ET.SubElement(element, "skipped", message=message).text = _text(result)
    else:
        tag = "failure" if verdict in FAILURES else "error"
        message = _attribute(result.reason) or verdict.value
        ET.SubElement(element, tag, type=verdict.value, message=message).text = _text(result)


def _text(result: Result) -> str:
    """What a person reads under the failure: as the summary on the screen tells it, without the heading."""
    _, *lines = summary.failure(result)
    return "".join(line.plain + "\n" for line in lines)


def _facts(result: Result) -> dict[str, str]:
    values = {
        "isa": result.isa,
        "machine": result.machine,
        "cpu": result.cpu,
        "seed": str(result.seed),
        "tags": " ".join(result.tags),
        **{f"parameter.{key}": value for key, value in result.parameters.items()},
    }
    return {_attribute(key): value for key, value in values.items() if value}


def _because(verdict: str, reason: str) -> str:
    return f"{verdict}: {reason}" if reason else verdict


def _message(sub: Sub) -> str:
    return _attribute(sub.text) or "failed"


def _attribute(text: str) -> str:
    return consoles.one_line(text)


def _seconds(value: float) -> str:
    return f"{max(0.0, value):.3f}"
