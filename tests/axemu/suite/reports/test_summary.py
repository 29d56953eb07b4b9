"""How a run ends on a screen."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from axemu.suite.reports import summary
from axemu.suite.reports.rendering import Rendering
from axemu.suite.result import Ended, Result, Sub, Verdict, Where


def shown(ended: Ended, verbose: bool = False) -> str:
    stream = io.StringIO()
    Rendering(stream).print(*summary.summary(ended, verbose))
    return stream.getvalue()


def test_a_failure_has_all_that_is_needed_to_look_at_it(run_of: Callable[..., Ended]) -> None:
    text = shown(
        run_of(
            Result(
                "riscv64/timer", Verdict.FAIL, "exit code 1, expected 0", ("console: no 'passed'", "two\nlines"),
                where=Where(0x80000A1C, "trap", "trap.c:118"), bundle="failures/timer", replay="axemu suite x --seed 7",
                subresults=(Sub("ticks", False, text="lost 3"), Sub("starts", True)),
            ),
            Result("riscv64/hello", Verdict.PASS, "never shown"),
        )
    )  # fmt: skip
    assert text.startswith(
        "\nfail  riscv64/timer\n"
        "  exit code 1, expected 0\n"
        "    console: no 'passed'\n"
        "    two\n    lines\n"
        "    check ticks failed  lost 3\n"
        "  at pc 0x80000a1c trap (trap.c:118)\n"
        "  bundle: failures/timer\n"
        "  replay: axemu suite x --seed 7\n\n"
    )
    assert "never shown" not in text


def test_the_counts_and_the_time_come_last(run_of: Callable[..., Ended]) -> None:
    results = [Result(str(each), Verdict.PASS, seconds=2.0, instructions=1_000_000) for each in range(3)]
    lines = shown(run_of(*results, Result("s", Verdict.SKIP))).splitlines()
    assert re.fullmatch(r"pass +3 +6\.00 s +3,000,000 *", lines[-2])
    assert lines[-1] == "4 cases in 2.50 s, 2 workers, seed 7"


def test_a_run_that_ended_early_says_how_much_is_missing(
    run_of: Callable[..., Ended], every_verdict: Ended
) -> None:
    run = run_of(*every_verdict.results[:2], run=every_verdict.run, interrupted=True)
    assert shown(run).rstrip().endswith("; ended early: 7 did not run")


def test_a_command_is_never_folded(run_of: Callable[..., Ended]) -> None:
    command = "axemu suite " + "long/" * 60 + " --seed 7"
    assert f"  replay: {command}\n" in shown(run_of(Result("a", Verdict.ERROR, replay=command)))


def test_a_guest_cannot_write_escapes_or_markup_to_the_screen(
    run_of: Callable[..., Ended], nasty: bytes
) -> None:
    text = nasty.decode(errors="replace")
    result = Result(
        text, Verdict.FAIL, text, (text, "[red]x[/red] [/]"), bundle=text, replay=text, console=nasty
    )
    out = shown(run_of(result), verbose=True)
    assert not re.search("[^\n\x20-\x7e\xa0-\uffff]", out)
    assert "[red]x[/red] [/]" in out


def test_a_verbose_end_has_the_end_of_each_console(run_of: Callable[..., Ended]) -> None:
    console = b"".join(b"line %d\n" % each for each in range(30))
    run = run_of(Result("a", Verdict.FAIL, console=console))
    assert "| line 29" in shown(run, verbose=True) and "| line 19\n" not in shown(run, verbose=True)
    assert "line 29" not in shown(run)


def test_thousands_of_failures_do_not_bury_the_counts(run_of: Callable[..., Ended]) -> None:
    text = shown(run_of(*(Result(f"case-{each}", Verdict.FAIL) for each in range(summary.SHOWN + 5))))
    assert text.count("fail  case-") == summary.SHOWN
    assert "and 5 more that failed" in text


def test_hundreds_of_missed_expectations_are_bounded(run_of: Callable[..., Ended]) -> None:
    text = shown(run_of(Result("a", Verdict.FAIL, details=tuple(map(str, range(summary.DETAILS + 5))))))
    assert "and 5 more\n" in text and "    24\n" not in text


def test_the_vcpu_is_named_where_it_is_not_the_first() -> None:
    assert summary.place(Where(16)) == "pc 0x10"
    assert summary.place(Where(16, "f", vcpu=2)) == "pc 0x10 f, cpu2"
