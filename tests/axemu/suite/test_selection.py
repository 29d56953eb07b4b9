"""Which cases run: -k, -t, --shard, the order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from axemu.errors import UsageError
from axemu.suite import selection
from axemu.suite.case import Case
from axemu.suite.history import Past
from axemu.suite.manifest import collect
from emu.guest import SkipIf

GUESTS = Path(__file__).resolve().parents[3] / "guests"


@pytest.fixture(scope="module")
def cases() -> tuple[Case, ...]:
    return collect([GUESTS / "riscv64"], None, GUESTS)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("hello", {"hello"}),
        ("hello or crash", {"hello", "crash"}),
        ("paging and not sv", {"paging"}),
        ("paging and (sv48 or sv57)", {"paging-sv48", "paging-sv57"}),
        ("'trap-loop'", {"trap-loop"}),
    ],
)
def test_words_are_combined_as_they_read(cases: tuple[Case, ...], text: str, wanted: set[str]) -> None:
    test = selection.expression(text)
    assert {case.guest.name for case in cases if test(case)} == wanted


@pytest.mark.parametrize("text", ["", "and", "hello and", "(hello", "hello)", "not"])
def test_an_expression_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        selection.expression(text)


def test_shards_are_all_of_the_cases_once(cases: tuple[Case, ...]) -> None:
    parts = [selection.sharded(cases, f"{number}/3") for number in (1, 2, 3)]
    assert sorted(case.name for part in parts for case in part) == sorted(case.name for case in cases)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "a/b"])
def test_a_shard_that_is_none_is_refused(cases: tuple[Case, ...], shard: str) -> None:
    with pytest.raises(UsageError):
        selection.sharded(cases, shard)


def test_what_failed_goes_first_and_then_what_is_slow(cases: tuple[Case, ...]) -> None:
    names = [case.name for case in cases]
    past = {names[3]: Past(False, 0.1), names[5]: Past(True, 9.0)}
    ordered = [case.name for case in selection.ordered(cases, "smart", past, 0)]
    assert ordered[:2] == [names[3], names[5]]
    assert sorted(ordered) == sorted(names)


def test_a_random_order_is_the_seeds(cases: tuple[Case, ...]) -> None:
    one, two, three = (selection.ordered(cases, "random", {}, seed) for seed in (1, 1, 2))
    assert one == two != three


def test_a_tag_that_nobody_has_is_refused(cases: tuple[Case, ...]) -> None:
    with pytest.raises(UsageError, match="no case has the tag"):
        selection.tagged(cases, ["slow"])


def test_a_reason_to_skip_is_said(cases: tuple[Case, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SET_HERE", "1")

    def reason(skip: SkipIf) -> str:
        return selection.skip_reason(replace(cases[0], guest=replace(cases[0].guest, skip_if=skip)))

    assert reason(SkipIf()) == ""
    assert "SET_HERE is set" in reason(SkipIf(env=("SET_HERE",)))
    assert "NOT_SET is not set" in reason(SkipIf(no_env=("NOT_SET",), reason="why"))
    assert "no-such-command is not installed" in reason(SkipIf(no_command=("no-such-command",)))
    assert "does not exist" in reason(SkipIf(no_file=(Path("/no/such"),)))
    assert "not on riscv64" in reason(SkipIf(isa=("riscv64",)))
