"""Commit logs against each other: what is equal, what has a name, and what is a difference."""

from __future__ import annotations

import pytest

from conformance.commits import commit, compare, program

BOOT = "core   0: 3 0x0000000000001000 (0x00000297) x5  0x0000000000001000\n"
FIRST = "core   0: 3 0x0000000080000000 (0x00100093) x1  0x0000000000000001\n"
LAST = "core   0: 3 0x0000000080000004 (0xfc3f2223) mem 0x0000000080001000 0x00000001\n"
SPIN = "core   0: 3 0x0000000080000008 (0x0000006f)\n"


def named(their: str, our: str) -> list[str] | None:
    """The names of the differences, None where the lines differ."""
    result = compare([commit(their)], [commit(our)])
    return sorted(result.named) if result.equal else None


def test_a_program_is_from_its_entry_to_its_last_word() -> None:
    other = "core   0: >>>>  _start\n"
    found = program([BOOT, other, FIRST, LAST, SPIN], 0x8000_0000, 0x8000_1000)
    assert [each.pc for each in found] == [0x8000_0000, 0x8000_0004]


def test_equal_lines_have_no_names() -> None:
    assert named(FIRST, FIRST) == []


@pytest.mark.parametrize(
    "our",
    [
        FIRST.replace("0000001\n", "0000002\n"),
        FIRST.replace("x1 ", "x2 "),
        FIRST.replace(" 3 ", " 1 "),
        FIRST.replace("80000000", "80000004"),
        LAST,
    ],
)
def test_other_lines_differ(our: str) -> None:
    assert named(FIRST, our) is None


def test_memory_is_compared() -> None:
    assert named(LAST, LAST.replace("0x00000001", "0x00000003")) is None


@pytest.mark.parametrize(
    ("their", "our", "name"),
    [
        (
            "core   0: 3 0x80000000 (0xc0002573) x10 0x00000005",
            "core   0: 3 0x80000000 (0xc0002573) x10 0x00000009",
            "counters",
        ),
        (
            "core   0: 3 0x80000000 (0xf1202573) x10 0x00000005",
            "core   0: 3 0x80000000 (0xf1202573) x10 0x00000000",
            "identities",
        ),
        (
            "core   0: 3 0x0000000080000000 (0x30031073) c768_mstatus 0x0000000a00000000",
            "core   0: 3 0x0000000080000000 (0x30031073) c768_mstatus 0x0000000000000000",
            "mstatus",
        ),
        (
            "core   0: 0 0x0000000080000000 (0x00b576d3) f13 0xffffffff3f800000",
            "core   0: 0 0x0000000080000000 (0x00b576d3) f13 0x000000003f800000",
            "a result of single precision",
        ),
    ],
)
def test_what_may_differ_has_a_name(their: str, our: str, name: str) -> None:
    found = named(their, our)
    assert found is not None
    assert [each.startswith(name) for each in found] == [True]


def test_flags_may_be_written_again_and_only_with_their_value() -> None:
    set_once = "core   0: 0 0x80000000 (0x00b576d3) c1_fflags 0x00000001 f13 0x3f800000"
    again, silent = set_once, "core   0: 0 0x80000000 (0x00b576d3) f13 0x3f800000"
    result = compare([commit(set_once), commit(again)], [commit(set_once), commit(silent)])
    assert (result.equal, result.named.total()) == (True, 1)
    assert named(again, silent) is None


def test_the_first_difference_is_shown_with_lines_around_it() -> None:
    lines = [FIRST] * 5
    result = compare(
        [commit(each) for each in [*lines, LAST, SPIN]], [commit(each) for each in [*lines, SPIN, SPIN]]
    )
    assert (result.lines, result.equal) == (5, False)
    assert [line for line in result.difference.splitlines() if line.startswith(">")] == [
        f"> spike      5 {LAST.strip()}",
        f"> axemu      5 {SPIN.strip()}",
    ]


def test_a_log_that_ends_early_differs() -> None:
    result = compare([commit(FIRST), commit(SPIN)], [commit(FIRST)])
    assert (result.lines, result.equal) == (1, False)
    assert "the log has ended" in result.difference


def test_another_file_is_refused() -> None:
    with pytest.raises(ValueError, match="no line of a commit log"):
        commit("hello")
