"""JUnit XML: its schema, what verdicts become, and text that XML cannot carry."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axemu.errors import InputUnreadable
from axemu.suite.reports import junit
from axemu.suite.result import Ended, Result, Run, Sub, Verdict

# What the dialect of Jenkins' xUnit plugin (junit-10.xsd) allows: attributes that must be there, that may be there, and
# the elements inside. `time` has a pattern there.
SCHEMA: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": (
        {"name"},
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}
TEXTS = {"failure", "error", "skipped", "system-out"}


def validate(element: ET.Element) -> None:
    required, optional, inside = SCHEMA[element.tag]
    assert required <= set(element.attrib) <= required | optional, element.attrib
    assert element.tag in TEXTS or not (element.text or "").strip()
    assert re.fullmatch(r"[0-9]+\.[0-9]{3}", element.get("time", "0.000"))
    for each in element:
        assert each.tag in inside, f"{each.tag} in {element.tag}"
        assert not (each.tail or "").strip()
        validate(each)


def written(ended: Ended) -> ET.Element:
    root = ET.fromstring(junit.document(ended))
    assert root.tag == "testsuites"
    validate(root)
    return root


def case(root: ET.Element, name: str) -> ET.Element:
    (found,) = (each for each in root.iter("testcase") if each.get("name") == name)
    return found


def test_every_verdict_becomes_what_viewers_know(every_verdict: Ended) -> None:
    root = written(every_verdict)

    def outcome(verdict: Verdict) -> tuple[str, str | None, str | None]:
        (found, *more) = (each for each in case(root, f"riscv64/{verdict.value}") if each.tag != "system-out")
        assert not more
        return found.tag, found.get("type"), found.get("message")

    reason = "exit code 1, expected 0"
    assert {each.value: outcome(each) for each in Verdict if each is not Verdict.PASS} == {
        "fail": ("failure", "fail", reason),
        "error": ("error", "error", reason),
        "timeout": ("failure", "timeout", reason),
        "nondeterministic": ("failure", "nondeterministic", reason),
        "xpass": ("failure", "xpass", reason),
        "xfail": ("skipped", None, f"xfail: {reason}"),
        "quarantined": ("skipped", None, f"quarantined: {reason}"),
        "skip": ("skipped", None, reason),
    }
    assert [each.tag for each in case(root, "riscv64/pass")] == ["system-out"]


def test_a_failure_has_what_is_needed_to_look_at_it(every_verdict: Ended) -> None:
    text = case(written(every_verdict), "riscv64/fail").findtext("failure") or ""
    for part in (
        "console: no line matches",
        "pc 0x80000a1c handle_trap (trap.c:118)",
        "replay: axemu suite -k all",
    ):
        assert part in text


def test_a_verdict_without_a_reason_has_a_message_all_the_same(run_of: Callable[..., Ended]) -> None:
    root = written(run_of(*(Result(each.value, each) for each in Verdict)))
    for element in root.iter():
        if element.tag in ("failure", "error", "skipped"):
            assert element.get("message")


def test_checks_inside_a_guest_are_cases_of_their_own(run_of: Callable[..., Ended]) -> None:
    subs = (
        Sub("maps", True),
        Sub("faults", False, text="cause 13"),
        Sub("huge", True, True, "no"),
        Sub("maps", True),
    )
    root = written(run_of(Result("mmu", Verdict.FAIL, "a check failed", subresults=subs)))
    assert [each.get("name") for each in root.iter("testcase")] == [
        "mmu", "mmu/maps", "mmu/faults", "mmu/huge", "mmu/maps (2)",
    ]  # fmt: skip
    failure = case(root, "mmu/faults").find("failure")
    assert failure is not None and (failure.get("type"), failure.get("message")) == ("check", "cause 13")
    assert case(root, "mmu/huge").find("skipped") is not None
    assert (root.get("tests"), root.get("failures")) == ("5", "2")


@pytest.mark.parametrize("verdict", [Verdict.XFAIL, Verdict.QUARANTINED])
def test_a_check_fails_nobody_whose_case_fails_nobody(run_of: Callable[..., Ended], verdict: Verdict) -> None:
    root = written(run_of(Result("mmu", verdict, subresults=(Sub("faults", False, text="cause 13"),))))
    assert (root.get("failures"), root.get("errors")) == ("0", "0")
    skipped = case(root, "mmu/faults").find("skipped")
    assert skipped is not None and skipped.get("message") == f"{verdict.value}: cause 13"


def test_a_manifest_is_a_testsuite_and_its_counts_are_right(run_of: Callable[..., Ended]) -> None:
    root = written(
        run_of(
            Result("a", Verdict.PASS, suite="x/suite.toml", seconds=1.5),
            Result("b", Verdict.FAIL, suite="y/suite.toml"),
            Result("c", Verdict.ERROR, suite="x/suite.toml", seconds=2.0),
            Result("d", Verdict.SKIP),
        )
    )
    assert [
        [each.get(key) for key in ("name", "tests", "failures", "errors", "skipped", "time")] for each in root
    ] == [
        ["x/suite.toml", "2", "0", "1", "0", "3.500"],
        ["y/suite.toml", "1", "1", "0", "0", "0.000"],
        ["suite", "1", "0", "0", "1", "0.000"],
    ]
    assert [root.get(key) for key in ("tests", "failures", "errors", "time")] == ["4", "1", "1", "2.500"]


@pytest.mark.parametrize(
    ("suite", "name"),
    [
        ("guests/riscv64/hello/guest.toml", "guests.riscv64.hello"),
        ("guests/suite.toml", "guests"),
        ("suite.toml", "suite"),
        ("a/nightly.toml", "a.nightly"),
        ("/abs/v1.2/suite.toml", "abs.v1_2"),
        ("../up/suite.toml", "up"),
        ("", "suite"),
    ],
)
def test_a_manifest_gives_a_dotted_name(suite: str, name: str) -> None:
    assert junit.classname(suite) == name


def test_shared_facts_are_properties_and_others_are_in_the_output(run_of: Callable[..., Ended]) -> None:
    root = written(
        run_of(
            Result("a", Verdict.PASS, isa="arm", machine="virt", instructions=12, seed=7),
            Result(
                "b", Verdict.PASS, isa="arm", machine="bare", instructions=34, seed=7, parameters={"smp": "2"}
            ),
        )
    )
    shared = {each.get("name"): each.get("value") for each in root.iter("property")}
    assert shared == {"isa": "arm", "seed": "7", "command": "axemu suite guests -j 2", "axemu": "0.1.0"}
    assert (case(root, "b").findtext("system-out") or "").splitlines() == [
        "[[PROPERTY|machine=bare]]", "[[PROPERTY|parameter.smp=2]]", "[[PROPERTY|instructions=34]]",
    ]  # fmt: skip


def test_a_console_is_there_in_its_last_part_and_the_rest_is_counted(run_of: Callable[..., Ended]) -> None:
    console = b"".join(b"line %d\n" % each for each in range(20_000))
    output = (
        case(written(run_of(Result("a", Verdict.PASS, console=console))), "a").findtext("system-out") or ""
    )
    note, *lines = output.splitlines()[1:]
    kept = "\n".join(lines) + "\n"
    assert lines[-1] == "line 19999" and len(kept) <= junit.CONSOLE_LIMIT
    assert note == f"[{len(console) - len(kept):,} bytes before this are not shown]"


def test_another_reader_reads_it_back(every_verdict: Ended, tmp_path: Path) -> None:
    path = tmp_path / "r.xml"
    watcher = junit.JUnit(path)
    watcher.begin(every_verdict.run)
    watcher.started("0", "riscv64/pass")
    watcher.finished(every_verdict.results[0])
    watcher.end(every_verdict)
    xml = junitparser.JUnitXml.fromfile(str(path))
    (suite,) = xml
    cases = {each.name: each for each in suite}
    assert len(cases) == 4 * len(Verdict)
    assert cases["riscv64/pass"].is_passed and cases["riscv64/skip"].is_skipped
    assert cases["riscv64/timeout"].result[0].type == "timeout"
    assert cases["riscv64/fail"].time == 1.25
    counts = suite.tests, suite.failures, suite.errors, suite.skipped
    suite.update_statistics()
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == counts


def test_a_console_of_anything_is_text(every_verdict: Ended, nasty: bytes) -> None:
    output = case(written(every_verdict), "riscv64/fail").findtext("system-out") or ""
    assert "</script><script>document.title='hurt'</script>" in output and " ]]> " in output
    assert "\u2400\u2401\u2407\u2421 red " in output


@given(st.binary(max_size=100), st.text(alphabet=st.characters(), max_size=50))
def test_any_console_and_any_text_are_xml(console: bytes, text: str) -> None:
    result = Result(
        text, Verdict.FAIL, text, (text,), suite=text, isa=text, machine=text, tags=(text,), parameters={text: text},
        console=console, subresults=(Sub(text, False, text=text),), replay=text, bundle=text,
    )  # fmt: skip
    written(Ended(Run(text, text, text, text, 0.0, 7, 1), (result,), 1.0))


def test_a_run_without_cases_is_a_document(run_of: Callable[..., Ended]) -> None:
    assert written(run_of()).get("tests") == "0"


def test_a_file_that_cannot_be_written_is_told_at_the_end(every_verdict: Ended, tmp_path: Path) -> None:
    watcher = junit.JUnit(tmp_path / "none" / "r.xml")
    watcher.begin(every_verdict.run)
    with pytest.raises(InputUnreadable, match="Cannot write the JUnit report"):
        watcher.end(every_verdict)
