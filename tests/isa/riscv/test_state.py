"""A saved CPU state by register name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isa.riscv.layout import Slot
from isa.riscv.registers import FLOAT_NAMES, GENERAL_NAMES
from isa.riscv.state import PMP_ENTRIES, State


def state_of(wide: bool) -> State:
    """A layout of our own, with room around each slot."""
    layout = [0] * len(Slot)
    at = 64
    for slot in Slot:
        layout[slot] = at
        at += 32 * 8 if slot in (Slot.X0, Slot.F0) else 16
    layout[Slot.PMP] = at
    layout[Slot.PMP_RULES] = at + PMP_ENTRIES * 32
    return State(layout, wide)


@pytest.mark.parametrize("wide", [True, False])
@given(st.data())
def test_what_is_put_is_got_and_nothing_else_changes(wide: bool, data: st.DataObject) -> None:
    view = state_of(wide)
    name = data.draw(st.sampled_from([each for each in view.places if each != "pmp_table"]))
    at, size = view.places[name]
    value = data.draw(st.integers(0, (1 << 8 * size) - 1))
    memory = bytearray(data.draw(st.binary(min_size=1, max_size=16)) * 4096)
    before = bytes(memory)
    view.put(memory, name, value)
    assert view.get(memory, name) == value
    assert memory[:at] == before[:at]
    assert memory[at + size :] == before[at + size :]


@pytest.mark.parametrize(("wide", "word"), [(True, 8), (False, 4)])
def test_registers_are_as_wide_as_the_isa_and_floats_always_64_bits(wide: bool, word: int) -> None:
    view = state_of(wide)
    assert {view.places[name][1] for name in GENERAL_NAMES[1:]} == {word}
    assert {view.places[name][1] for name in FLOAT_NAMES} == {8}
    assert "zero" not in view.places


@pytest.mark.parametrize("wide", [True, False])
def test_a_value_is_cut_to_the_register(wide: bool) -> None:
    view, memory = state_of(wide), bytearray(4096)
    view.put(memory, "ra", (1 << 70) + 5)
    assert view.get(memory, "ra") == 5
    view.put(memory, "ra", -1)
    assert view.get(memory, "ra") == (1 << (64 if wide else 32)) - 1


@pytest.mark.parametrize("wide", [True, False])
def test_a_whole_state_written_elsewhere_reads_the_same(wide: bool) -> None:
    view = state_of(wide)
    memory, other = bytearray(bytes(range(256)) * 16), bytearray(4096)
    view.write(other, view.read(memory))
    assert view.read(other) == view.read(memory)


def test_a_register_that_the_state_lacks_is_passed_over() -> None:
    view, memory = state_of(True), bytearray(4096)
    view.write(memory, {"fflags": 1, "no such": 2})
    assert memory == bytearray(4096)
