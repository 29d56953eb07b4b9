from itertools import product
from pathlib import Path

import pytest

from axvcpu import AxVCpu, BadState, BlockReason, IllegalEdge, InvalidInput, VCpuState, WakeEvent
from axvcpu.states import ALL_REASONS, EDGES, WAKES, diagram, in_page, is_legal, targets

PAGE = Path(__file__).parents[2] / "docs" / "axvcpu.md"
PAIRS = list(product(VCpuState, VCpuState))


def test_the_states_have_the_numbers_of_the_design():
    names = ("INVALID", "CREATED", "FREE", "READY", "RUNNING", "BLOCKED")
    assert [(state.name, int(state)) for state in VCpuState] == list(zip(names, range(6), strict=True))


@pytest.mark.parametrize(("from_", "to"), PAIRS)
def test_every_pair_of_states_is_walked_or_refused_as_the_table_says(vcpu_in, from_, to):
    vcpu: AxVCpu = vcpu_in(from_)
    if is_legal(from_, to):
        assert vcpu.with_state_transition(from_, to, lambda: 42) == 42
        assert vcpu.state is to
    else:
        called = []
        with pytest.raises(IllegalEdge) as refusal:
            vcpu.with_state_transition(from_, to, lambda: called.append(1))
        assert (vcpu.state, called) == (from_, [])
        assert from_.name in str(refusal.value)
        assert to.name in str(refusal.value)


@pytest.mark.parametrize(("actual", "edge"), [(s, e) for s in VCpuState for e in EDGES if e[0] is not s])
def test_an_edge_from_another_state_makes_it_invalid_and_says_the_true_state(vcpu_in, actual, edge):
    vcpu: AxVCpu = vcpu_in(actual)
    with pytest.raises(BadState) as refusal:
        vcpu.transition_state(*edge)
    assert (refusal.value.expected, refusal.value.actual) == (edge[0], actual)
    assert vcpu.state is VCpuState.INVALID


def test_no_edge_leaves_invalid_and_every_other_state_may_fail():
    assert targets(VCpuState.INVALID) == ()
    for state in VCpuState:
        assert is_legal(state, VCpuState.INVALID) == (state is not VCpuState.INVALID)


def test_each_reason_has_an_event_of_its_own_and_stop_answers_all():
    single = [WAKES[event] for event in WakeEvent if event is not WakeEvent.STOP]
    assert sorted(single) == [BlockReason.HALT, BlockReason.IO, BlockReason.POWERED_OFF, BlockReason.PARKED]
    assert WAKES[WakeEvent.STOP] == ALL_REASONS


def test_the_diagram_shows_every_edge_once():
    lines = [line.strip() for line in diagram().splitlines()]
    for (from_, to), label in EDGES.items():
        assert lines.count(f"{from_.name} --> {to.name}: {label}") == 1
    assert len(lines) == len(EDGES) + 2


def test_the_page_shows_the_diagram_of_the_table():
    text = PAGE.read_text(encoding="utf-8")
    assert in_page(text) == text, "regenerate it: python -m axvcpu docs/axvcpu.md"


def test_a_page_without_a_diagram_is_refused():
    with pytest.raises(InvalidInput, match="mermaid"):
        in_page("no diagram here")
