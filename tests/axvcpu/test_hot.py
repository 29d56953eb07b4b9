import subprocess
import sys
from array import array

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from axvcpu import Action, dispatch, hot, percpu
from axvcpu.dispatch import Row, build

U64 = np.uint64
ROW = dispatch.ROW
EDGES = st.sampled_from([0, 1, 7, 8, 2**32, 2**63 - 1, 2**63, 2**64 - 9, 2**64 - 8, 2**64 - 1])
ADDRESSES = st.one_of(EDGES, st.integers(0, 2**64 - 1))


@st.composite
def tables(draw):
    rows = []
    for kind in range(draw(st.integers(0, 3))):
        cuts = sorted(draw(st.sets(ADDRESSES, max_size=8)))
        for lo, hi in zip(cuts[::2], cuts[1::2], strict=False):
            rows.append(Row(kind, draw(st.sampled_from(Action)), draw(st.integers(0, 9)), lo, hi))
    return build(draw(st.permutations(rows)))


@settings(max_examples=300, deadline=None)
@given(tables(), st.integers(0, 3), ADDRESSES, st.sampled_from([0, 1, 2, 4, 8, 16]), st.data())
def test_the_compiled_lookup_agrees_with_its_plain_twin(table, kind, address, width, data):
    near = [int(v) + d for r in table for v in (r["lo"], r["hi"]) for d in (-8, -1, 0, 1)] or [0]
    for at in (address, data.draw(st.sampled_from(near)) % 2**64):
        for count in {len(table), len(table) // 2}:
            plain = dispatch.lookup(table, count, kind, at, width)
            assert hot.lookup(table, count, kind, U64(at), width) == plain
            assert hot.lookup.py_func(table, count, kind, U64(at), width) == plain


def test_unsigned_counts_kinds_and_widths_make_no_floats():
    table = build([Row(1, Action.LATCH, 0, 2**63 + 1, 2**63 + 8)])
    assert hot.lookup(table, U64(1), np.uint8(1), U64(2**63 + 1), U64(8)) == 0
    assert hot.lookup(table, U64(1), np.uint8(1), U64(2**63 + 2), U64(8)) == -1
    assert hot.lookup(table, np.int32(1), np.int64(1), U64(2**63), np.uint32(1)) == -1


@numba.cfunc("int64(voidptr, int64, int64, int64, uint64, int64)")
def native(pointer, size, count, kind, address, width):
    rows = numba.carray(pointer, size, dtype=ROW)
    return hot.lookup(rows, count, kind, address, width)


def test_compiled_code_looks_up_in_a_table_that_it_has_by_pointer():
    table = build([Row(1, Action.LATCH, 0, 0x10, 0x1F), Row(2, Action.CLOCK, 0, 0x10, 0x17)])
    for kind, address, width in ((1, 0x10, 8), (1, 0x1F, 2), (2, 0x10, 8), (2, 0x18, 1), (3, 0x10, 1)):
        wanted = dispatch.lookup(table, 2, kind, address, width)
        assert native.ctypes(table.ctypes.data, 2, 2, kind, address, width) == wanted


@given(st.lists(st.integers(0, 2**64 - 1), max_size=8), st.integers(-3, 12))
@settings(deadline=None)
def test_the_compiled_per_cpu_lookup_agrees_with_its_plain_twin(entries, cpu):
    plain = percpu.current_control(array("Q", entries), cpu)
    assert hot.current_control(np.array(entries, dtype=U64), cpu) == plain


def test_the_native_table_is_the_memory_that_python_publishes_into():
    assert hot.table.ctypes.data == percpu.TABLE.buffer_info()[0]
    assert hot.table.size == percpu.MAX_CPUS


@pytest.mark.parametrize("statement", ["import axvcpu", "import axvcpu.vcpu, axvcpu.states, axvcpu.__main__"])
def test_the_core_imports_neither_numba_nor_numpy_nor_an_engine(statement):
    check = (
        f"{statement}; import sys; print(*{{'numba', 'numpy', 'unicorn', 'isa', 'emu'}} & set(sys.modules))"
    )
    assert (
        subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout
        == "\n"
    )
