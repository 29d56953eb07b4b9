"""TAP, gtest and kvm-unit-tests, whole and broken."""

from __future__ import annotations

from axemu.suite.console_formats import gtest, kvm_unit_tests, tap


def test_tap_points_are_checks_with_their_directives() -> None:
    checks = tap(
        "TAP version 14\n1..4\nok 1 - one\nnot ok 2 - two\nok 3 - three # SKIP no disk\nnot ok 4 - four # TODO later\n"
    )
    assert checks.problem == ""
    assert [(each.name, each.passed, each.skipped) for each in checks.results] == [
        ("one", True, False),
        ("two", False, False),
        ("three", True, True),
        ("four", True, False),
    ]


def test_nested_tap_points_bear_the_name_of_the_outer_one() -> None:
    checks = tap("1..1\n# Subtest: code\n    1..2\n    ok 1 - a\n    not ok 2 - b\nnot ok 1 - code\n")
    assert [(each.name, each.passed) for each in checks.results] == [("code/a", True), ("code/b", False)]


def test_tap_that_is_cut_short_is_no_pass() -> None:
    assert "2 tests planned, 1 reported" in tap("1..2\nok 1 - a\n").problem
    assert "no plan" in tap("ok 1 - a\n").problem
    assert "no TAP" in tap("hello\n").problem
    assert "bailed out: no memory" in tap("1..2\nok 1\nBail out! no memory\n").problem


GTEST = """[==========] Running 2 tests from 1 test suite.
[ RUN      ] Sum.Works
[       OK ] Sum.Works (0 ms)
[ RUN      ] Sum.Fails
sum.cc:4: Failure
Expected: 1
[  FAILED  ] Sum.Fails (1 ms)
[==========] 2 tests from 1 test suite ran. (1 ms total)
[  PASSED  ] 1 test.
[  FAILED  ] 1 test, listed below:
[  FAILED  ] Sum.Fails
"""


def test_gtest_tests_are_checks_with_their_explanation() -> None:
    checks = gtest(GTEST)
    assert checks.problem == ""
    assert [(each.name, each.passed, each.text) for each in checks.results] == [
        ("Sum.Works", True, ""),
        ("Sum.Fails", False, "sum.cc:4: Failure Expected: 1"),
    ]


def test_gtest_that_is_cut_short_is_no_pass() -> None:
    assert "Sum.Fails began and never ended" in gtest(GTEST[: GTEST.index("sum.cc")]).problem
    assert "no closing line" in gtest(GTEST[: GTEST.index("[==========] 2")]).problem


def test_kvm_unit_tests_say_their_verdicts_in_lines() -> None:
    checks = kvm_unit_tests(
        "PASS: sieve: x\nFAIL: apic: y\nSKIP: z\nSUMMARY: 3 tests, 1 unexpected failures\n"
    )
    assert [(each.passed, each.skipped) for each in checks.results] == [
        (True, False),
        (False, False),
        (True, True),
    ]
    assert "exit status 1" in kvm_unit_tests("PASS: a\nEXIT: STATUS=3\n").problem
    assert kvm_unit_tests("PASS: a\nEXIT: STATUS=1\n").problem == ""
    assert "no results" in kvm_unit_tests("hello\n").problem
