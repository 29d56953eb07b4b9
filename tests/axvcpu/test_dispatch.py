from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axvcpu import Action, InvalidInput, OverlappingRows
from axvcpu.dispatch import ROW, Row, build, lookup, words


def row(lo: int, hi: int, kind: int = 1, **fields) -> Row:
    return Row(kind, Action.LATCH, 0, lo, hi, **fields)


def test_rows_are_sorted_by_kind_and_address():
    table = build([row(0x30, 0x3F), row(0x10, 0x1F, kind=2), row(0x10, 0x1F)])
    assert [(int(r["kind"]), int(r["lo"])) for r in table] == [(1, 0x10), (1, 0x30), (2, 0x10)]


def test_an_access_must_lie_inside_one_row():
    table = build([row(0x10, 0x17), row(0x18, 0x1F)])
    assert lookup(table, 2, 1, 0x10, 8) == 0
    assert lookup(table, 2, 1, 0x18, 1) == 1
    assert lookup(table, 2, 1, 0x14, 8) == -1
    assert lookup(table, 2, 1, 0x0F, 1) == -1
    assert lookup(table, 2, 1, 0x20, 1) == -1
    assert lookup(table, 2, 2, 0x10, 1) == -1
    assert lookup(table, 1, 1, 0x18, 1) == -1
    assert lookup(table, 2, 1, 0x10, 0) == -1


def test_a_row_may_end_with_the_address_space_and_no_access_wraps():
    table = build([row(2**64 - 8, 2**64 - 1)])
    assert lookup(table, 1, 1, 2**64 - 8, 8) == 0
    assert lookup(table, 1, 1, 2**64 - 4, 8) == -1


@pytest.mark.parametrize("second", [(0x10, 0x10), (0x1F, 0x2F), (0x00, 0x10), (0x00, 0x40), (0x10, 0x1F)])
def test_overlapping_rows_of_one_kind_are_refused_with_both_ranges(second):
    with pytest.raises(OverlappingRows, match="0x1f") as refusal:
        build([row(0x10, 0x1F), row(*second)])
    assert f"{second[0]:#x}" in str(refusal.value)
    assert len(build([row(0x10, 0x1F), row(*second, kind=2)])) == 2


@pytest.mark.parametrize(
    "bad",
    [row(2, 1), row(-1, 1), row(0, 2**64), row(0, 1, kind=256), row(0, 1, period=0), row(0, 1, value=2**64)],
)
def test_rows_that_cannot_be_meant_are_refused(bad):
    with pytest.raises(InvalidInput):
        build([bad])


def test_a_table_without_rows_finds_nothing():
    assert lookup(build([]), 0, 1, 0, 1) == -1


def test_the_words_of_a_row_are_shared_with_the_table():
    table = build([row(0x10, 0x1F, value=5, enabled=False), row(0x00, 0x0F)])
    shared = words(table, 1)
    assert list(shared) == [0, 5]
    shared[0], shared[1] = 1, 0x55
    assert (int(table[1]["enabled"]), int(table[1]["value"])) == (1, 0x55)
    assert list(words(table, 0)) == [1, 0]


def test_the_record_is_packed_in_words_as_native_code_reads_it():
    assert ROW.itemsize == 48
    names = ("kind", "action", "pad", "window", "lo", "hi", "period", "enabled", "value")
    assert ROW.names == names
    assert [ROW.fields[name][1] for name in names] == [0, 1, 2, 4, 8, 16, 24, 32, 40]


@given(
    cuts=st.lists(st.integers(0, 60), min_size=2, max_size=10, unique=True).map(sorted),
    kind=st.integers(0, 2),
    address=st.integers(0, 70),
    width=st.sampled_from([1, 2, 4, 8, 16]),
)
def test_lookup_finds_what_a_linear_search_finds(cuts, kind, address, width):
    rows = [row(lo, hi - 1, kind=1 + i % 2) for i, (lo, hi) in enumerate(pairwise(cuts))]
    table = build(reversed(rows))
    found = lookup(table, len(table), kind, address, width)
    wanted = [r for r in rows if r.kind == kind and r.lo <= address and address + width - 1 <= r.hi]
    assert [int(table[found]["lo"])] * (found >= 0) == [r.lo for r in wanted]
