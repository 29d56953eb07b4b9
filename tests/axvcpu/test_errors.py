import pickle
from dataclasses import fields

import pytest

from axvcpu import AxError, AxErrorKind, VCpuState, errors

ALL = [
    errors.BadState(VCpuState.READY, VCpuState.FREE, "run", 1, 2),
    errors.BadState(
        (VCpuState.FREE, VCpuState.READY), VCpuState.INVALID, "set_gpr", 1, 2, reason="bind failed"
    ),
    errors.BadState(VCpuState.READY, VCpuState.RUNNING, "run", vm_id=1, vcpu_id=2, in_progress="run"),
    errors.NestedVCpuOperation(1, 2, 3, 4),
    errors.InvalidInput("deadline", "a count", "-1"),
    errors.IllegalEdge("run from FREE", "READY", "RUNNING"),
    errors.OverlappingRows("row", "after 0xf", "0xe"),
    errors.Unsupported("port I/O", "riscv64", instead="MMIO"),
]


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_errors_survive_pickling_with_their_facts(error):
    error.add_note("seen by the suite")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert [getattr(again, f.name) for f in fields(again)] == [getattr(error, f.name) for f in fields(error)]
    assert str(again) == str(error)
    assert again.__notes__ == ["seen by the suite"]


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_every_error_is_an_ax_error_with_a_kind_that_its_text_names(error):
    assert isinstance(error, AxError)
    assert isinstance(error.kind, AxErrorKind)
    assert str(error).startswith(f"{error.kind.value}: ")
    assert type(error).__name__ in (errors.__doc__ or "")


def test_bad_state_says_expected_and_actual_and_who():
    assert str(ALL[0]) == "BadState: run of vCPU 2 of VM 1: expected state READY, actual state FREE"
    assert "FREE or READY, actual state INVALID since bind failed" in str(ALL[1])


def test_bad_state_in_transition_says_what_is_in_progress():
    assert "actual run (state RUNNING)" in str(ALL[2])


def test_two_equal_refusals_are_two_errors():
    one, other = (errors.InvalidInput("a", "b", "c") for _ in range(2))
    assert one != other
    assert len({one, other}) == 2
