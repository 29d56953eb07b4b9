"""The pytest plug-in: manifests as tests, the options, what a failure says, and what it costs others."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import pytest
from _pytest.config import PytestPluginManager

import axemu.suite.pytest_collection
import axemu.suite.pytest_execution  # noqa: F401 - in this process already, so that runs inside it share the engine
from axemu.suite import execution, prefixes, pytest_plugin
from axemu.suite.determinism import Difference
from axemu.suite.pytest_plugin import PACKAGES

pytest_plugins = "pytester"

ROOT = Path(__file__).parents[3]
GUESTS = ROOT / "guests" / "riscv64"
INSTALLED = any(each.name == "axemu" for each in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "axemu.suite.pytest_plugin")
IGNORED = "ignore::pytest.PytestAssertRewriteWarning"  # this process has imported the plug-in already
CACHE = os.environ.get(
    "XDG_CACHE_HOME", str(Path.home() / ".cache")
)  # pytester has another home, without compiled code
QUIET = ("-p", "no:hypothesispytest", "-p", "no:cacheprovider", "-W", IGNORED)

SUITE = """
tags = ["quick", "timeout", "odd tag"]

[defaults]
isa = "riscv64"
machine = "bare"

[[case]]
name = "passes"
elf = "{hello}"
tags = ["greeting"]
[case.matrix]
cpu = ["any", "sifive-u54"]

[[case]]
name = "fails"
elf = "{hello}"
[case.expect]
console = ["^hello", "^good bye"]

[[case]]
name = "known"
elf = "{fail}"
[case.expect]
xfail = "a sum is wrong"

[[case]]
name = "mended"
elf = "{hello}"
[case.expect]
xfail = "used to crash"

[[case]]
name = "left-out"
elf = "{hello}"
skip-if = {{ always = true, reason = "no such board here" }}

[[case]]
name = "shaky"
elf = "{fail}"
quarantine = "issue 7"
"""


def written(folder: Path, text: str, name: str = "suite.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    paths = {"hello": GUESTS / "hello" / "hello.elf", "fail": GUESTS / "must-fail" / "must-fail.elf"}
    (folder / name).write_text(text.format(**paths))
    return folder / name


def run(pytester: pytest.Pytester, *arguments: str | Path) -> pytest.RunResult:
    return pytester.runpytest_inprocess(*PLUGIN, *QUIET, "-q", *arguments)


def run_apart(pytester: pytest.Pytester, *arguments: str | Path) -> pytest.RunResult:
    pytester.plugins = []
    return pytester.runpytest_subprocess(*PLUGIN, *QUIET, "-q", *arguments, timeout=100)


@pytest.fixture(autouse=True)
def warm(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", CACHE)


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Path:
    pytester.makeini("[pytest]\naddopts = --strict-markers\nmarkers =\n    greeting: says hello\n")
    return written(pytester.path / "guests", SUITE)


def test_every_verdict_is_what_pytest_calls_it(pytester: pytest.Pytester, suite: Path) -> None:
    result = run(pytester, "guests", "-rA")
    result.assert_outcomes(passed=2, failed=2, skipped=1, xfailed=2)
    result.stdout.fnmatch_lines_random(
        [
            "PASSED guests/suite.toml::passes[[]cpu=any[]]",
            "PASSED guests/suite.toml::passes[[]cpu=sifive-u54[]]",
            "FAILED guests/suite.toml::fails - fail: console: expected a match*",
            "FAILED guests/suite.toml::mended - [[]XPASS(strict)[]] used to crash",
            "XFAIL guests/suite.toml::known - a sum is wrong",
            "XFAIL guests/suite.toml::shaky - *issue 7*",
            "SKIPPED * no such board here",
        ]
    )


def test_a_failure_speaks_of_the_guest_and_shows_no_python(pytester: pytest.Pytester, suite: Path) -> None:
    result = run(pytester, "guests", "-k", "fails")
    result.stdout.fnmatch_lines(
        [
            "fail: console: expected a match of '^good bye' in *",
            "at pc 0x80000604 <exit+0xc> (*), after 352 instructions",
            "*sp 80002000*",
            "last exits, the latest last:",
            "  MmioWrite(*",
            "console:",
            "  | hello from riscv64 on bare",
            "replay: axemu suite run guests/suite.toml -k 'guests/fails' --seed 0",
            "*Captured guest console call*",
            "hello from riscv64 on bare",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*.py:*")


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("-m", "greeting"), ["passes[cpu=any]", "passes[cpu=sifive-u54]"]),
        (("-m", "quick", "-k", "known or mended"), ["known", "mended"]),
        (("-k", "sifive"), ["passes[cpu=sifive-u54]"]),
        (("-k", "timeout and known"), ["known"]),
        (("-m", "timeout"), []),
    ],
)
def test_tags_are_markers_except_those_that_mean_something_to_pytest(
    pytester: pytest.Pytester, suite: Path, options: tuple[str, ...], names: list[str]
) -> None:
    result = run(pytester, "guests", "--co", *options)
    assert [line.partition("::")[2] for line in result.outlines if "::" in line] == names


def test_one_case_of_a_matrix_is_run_by_its_id(pytester: pytest.Pytester, suite: Path) -> None:
    run(pytester, "guests/suite.toml::passes[cpu=any]").assert_outcomes(passed=1)


def test_x_stops_and_lf_runs_what_failed(pytester: pytest.Pytester) -> None:
    matrix = '[case.matrix]\ncpu = ["any", "sifive-u54"]\n[case.expect]\nexit_code = 3\n'
    head = '[defaults]\nisa = "riscv64"\nmachine = "bare"\n[[case]]\nname = "good"\nelf = "{hello}"\n'
    written(pytester.path, head + '[[case]]\nname = "bad"\nelf = "{hello}"\n' + matrix)
    cached = [*PLUGIN, "-p", "no:hypothesispytest", "-q"]
    pytester.runpytest_inprocess(*cached, "-x").assert_outcomes(passed=1, failed=1)
    pytester.runpytest_inprocess(*cached).assert_outcomes(passed=1, failed=2)
    result = pytester.runpytest_inprocess(*cached, "--lf", "--co")
    names = [line.partition("::")[2] for line in result.outlines if "::" in line]
    assert names == ["bad[cpu=any]", "bad[cpu=sifive-u54]"]


def test_a_wrong_manifest_is_one_collection_error_in_its_own_words(pytester: pytest.Pytester) -> None:
    written(
        pytester.path / "bad", 'summary = "x"\nisa = "riscv64"\nmachine = "bare"\nmemroy = 3\n', "guest.toml"
    )
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR collecting bad/guest.toml*", "bad/guest.toml:4: expected memroy *Did you mean 'memory'?"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    run(pytester, "--no-guests").assert_outcomes()


def test_other_peoples_files_of_that_name_are_left_alone_unless_they_are_named(
    pytester: pytest.Pytester,
) -> None:
    written(pytester.path / "music", 'title = "Suite No. 1"\n')
    written(pytester.path / "hotel", 'guest = "Smith"\n', "guest.toml")
    run(pytester).assert_outcomes()
    result = run(pytester, "music/suite.toml")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["music/suite.toml:1: expected title to be a key of the manifest*"])


def test_a_guest_folder_that_a_suite_takes_runs_once_and_by_name_still_alone(
    pytester: pytest.Pytester,
) -> None:
    text = 'summary = "x"\nisa = "riscv64"\nmachine = "bare"\nelf = "{hello}"\n'
    written(pytester.path / "all" / "one", text, "guest.toml")
    written(pytester.path / "all" / "two", text, "guest.toml")
    written(pytester.path / "all", '[[case]]\nguests = "one"\n')
    result = run(pytester, "--co")
    assert sorted(line for line in result.outlines if "::" in line) == [
        "all/suite.toml::one",
        "all/two/guest.toml::two",
    ]
    run(pytester, "all/one/guest.toml").assert_outcomes(passed=1)


def test_two_runs_of_a_case_are_compared_where_that_is_asked_for(
    pytester: pytest.Pytester, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = execution.verified
    differs = lambda *given, **options: (verified(*given, **options)[0], Difference(1, 2, "they differ"))
    monkeypatch.setattr(execution, "verified", differs)
    name = "guests/suite.toml::passes[cpu=any]"
    run(pytester, name).assert_outcomes(passed=1)
    result = run(pytester, name, "--axemu-verify-determinism")
    result.stdout.fnmatch_lines(["nondeterministic: they differ"])


def test_limits_and_seed_reach_the_case(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    spin = GUESTS / "spin" / "spin.elf"
    written(pytester.path, f'[[case]]\nname = "spin"\nelf = "{spin}"\nmachine = "bare"\n')
    result = run(pytester, "--axemu-timeout", "200ms", "--axemu-seed", "9")
    result.stdout.fnmatch_lines(["timeout: 0.* s of host time are over*", "replay: *--seed 9"])
    result = run(pytester, "--axemu-timeout", "soon")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--axemu-timeout expects a time*"])


def test_junit_carries_the_reason_and_the_guests_numbers(pytester: pytest.Pytester, suite: Path) -> None:
    run(pytester, "guests", "-k", "fails", "--junitxml", "report.xml")
    case = ElementTree.parse(pytester.path / "report.xml").find(".//testcase")
    assert case is not None and case.get("name") == "fails"
    failure = case.find("failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("fail: console: expected a match of '^good bye'")
    assert ("instructions", "352") in [
        (each.get("name"), each.get("value")) for each in case.iter("property")
    ]


def test_a_build_command_runs_once_and_its_failure_is_told(pytester: pytest.Pytester) -> None:
    command = json.dumps(
        [sys.executable, "-c", "open('log', 'a').write('x'); raise SystemExit('no compiler')"]
    )
    case = '[[case]]\nname = "{}"\nelf = "{{hello}}"\nmachine = "bare"\n[case.build]\ncommand = {}\n'
    written(pytester.path, case.format("a", command) + case.format("b", command))
    result = run(pytester)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["error: build: *no compiler"])
    assert (pytester.path / "log").read_text() == "x"


def test_cases_go_on_from_one_prefix_that_is_run_once(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    boots: list[str] = []
    boot = prefixes._boot
    monkeypatch.setattr(
        prefixes,
        "_boot",
        lambda prefix, *rest, **how: boots.append(prefix.name) or boot(prefix, *rest, **how),
    )
    echo = GUESTS / "uart-echo" / "uart-echo.elf"
    head = (
        f'[defaults]\nmachine = "bare"\n[prefix.asks]\nelf = "{echo}"\nuntil = {{{{ console = "line: " }}}}\n'
    )
    case = '[[case]]\nname = "{0}"\nafter = "asks"\ninput = "{0}\\n"\n[case.expect]\nconsole = ["typed . bytes: {0}"]\n'
    written(pytester.path, head + case.format("a") + case.format("bb"))
    run(pytester).assert_outcomes(passed=2)
    assert boots == ["asks"]


DYING = """
import os
import {module} as module

first = module.{attribute}

def dies({parameters}):
    if case.name.endswith("fails"):
        {death}
    return first({parameters})

module.{attribute} = dies
"""


def test_under_xdist_a_guest_that_kills_its_process_costs_one_test(
    pytester: pytest.Pytester, suite: Path
) -> None:
    death = dict(module="axemu.suite.pytest_execution", attribute="execute", death="os.abort()")
    pytester.makeconftest(DYING.format(parameters="case, *more", **death))
    result = run_apart(pytester, "guests", "-n1", "-rfE")
    result.assert_outcomes(passed=2, failed=2, skipped=1, xfailed=2)
    result.stdout.fnmatch_lines(["*worker 'gw0' crashed while running 'guests/suite.toml::fails'*"])
    result.stdout.fnmatch_lines(["FAILED guests/suite.toml::mended - [[]XPASS(strict)[]] used to crash"])


def test_isolated_a_guest_that_kills_its_process_costs_one_test(
    pytester: pytest.Pytester, suite: Path
) -> None:
    death = "first(self, case); os.kill(self._process.pid, 9); return"
    names = dict(module="axemu.suite.worker", attribute="Worker.give", death=death)
    pytester.makeconftest(DYING.format(parameters="self, case", **names))
    result = run_apart(pytester, "guests", "--axemu-isolated", "-k", "fails or known or any")
    result.assert_outcomes(passed=1, failed=1, xfailed=1)
    result.stdout.fnmatch_lines(["error: the worker process was killed by SIGKILL under this guest"])


def test_the_fixture_runs_a_guest_for_a_test_in_python(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        f"""
        def test_echo(guest):
            one = guest({str(GUESTS / "uart-echo")!r})
            one.expect("type a line: ")
            one.send("hi\\n")
            assert one.expect(r"typed (\\d+) bytes")[1] == "2"

        def test_missing(guest):
            guest("hello").expect("good bye")
        """
    )
    (pytester.path / "hello").symlink_to(GUESTS / "hello")
    result = run(pytester, "--no-guests")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            '*guest("hello").expect("good bye")',
            "E*GuestFailure: the console does not show 'good bye': powered off: the guest powered off",
            "E*at pc 0x80000604 <exit+0xc>, *",
            "*Captured guest console call*",
            "hello from riscv64 on bare",
        ]
    )
    result.stdout.no_fnmatch_line("*def _fail*")


def test_the_plug_in_imports_nothing_before_there_is_a_guest() -> None:
    script = (
        "import sys, json, pytest, argparse; before = set(sys.modules)\n"
        "import axemu.suite.pytest_plugin; print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["axemu", "axemu.suite", "axemu.suite.pytest_plugin"]


def test_collecting_guests_imports_no_engine(pytester: pytest.Pytester, suite: Path) -> None:
    pytester.makeconftest(
        "import sys\ndef pytest_unconfigure():\n"
        "    print('heavy:', sorted({'numba', 'llvmlite', 'typer', 'emu.machine'} & set(sys.modules)))"
    )
    result = run_apart(pytester, "guests", "--co")
    result.stdout.fnmatch_lines(["heavy: [[][]]"])


def test_asserts_of_our_packages_are_not_rewritten() -> None:
    manager = PytestPluginManager()
    hook = manager.rewrite_hook = type("Hook", (), {"_must_rewrite": {*PACKAGES, "theirs"}})()  # type: ignore[assignment]
    pytest_plugin._leave_asserts_alone(manager)
    assert hook._must_rewrite == {"theirs"}  # type: ignore[attr-defined]


def test_the_entry_point_is_the_plug_in() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module = importlib.import_module(project["entry-points"]["pytest11"]["axemu"])
    assert callable(module.pytest_collect_file)
