"""The PMU extension, its calls made by the host. What a guest sees of it is in guests/riscv64/sbi."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from axvcpu.exits import Hypercall, SendIpi
from isa.riscv.sbi import Eid, SbiError

CONFIGURE, START, STOP, READ = 2, 3, 4, 5
CLEAR_AND_START = 6
INSTRUCTIONS = 2
FIRMWARE = 15 << 16
U64 = (1 << 64) - 1
Make = Callable[..., Any]


def ask(machine: Any, function: int, *arguments: int, hart: int = 0) -> tuple[int, int]:
    """(error, value) of a call by a hart."""
    caller = machine.vcpus[hart]
    machine.firmware.call(
        Hypercall(function, (*arguments, *[0] * (6 - len(arguments))), Eid.PMU),  # type: ignore[arg-type]
        caller,
    )
    error, value = caller.read_register("a0"), caller.read_register("a1")
    return error - (1 << 64) if error >> 63 else error, value


@pytest.fixture
def machine(supervisor: Make) -> Any:
    made = supervisor("1: j 1b", smp=2)
    made.settle()
    return made


@pytest.mark.parametrize(
    ("event", "extension", "function", "arguments", "seen"),
    [
        (5, Eid.TIME, 0, (U64,), (1, 0)),
        (5, Eid.LEGACY_SET_TIMER, 0, (U64,), (1, 0)),
        (8, Eid.RFENCE, 0, (3, 0), (1, 0)),
        (9, Eid.RFENCE, 0, (3, 0), (1, 1)),
        (10, Eid.RFENCE, 1, (2, 0), (1, 0)),
        (11, Eid.RFENCE, 1, (2, 0), (0, 1)),
        (12, Eid.RFENCE, 2, (0, U64), (1, 0)),
        (13, Eid.LEGACY_SFENCE_VMA_ASID, 0, (0,), (1, 1)),
    ],
)
def test_a_firmware_counter_counts_what_the_firmware_does_for_its_hart(
    machine: Any, event: int, extension: int, function: int, arguments: tuple[int, ...], seen: tuple[int, int]
) -> None:
    for hart in (0, 1):
        assert ask(machine, CONFIGURE, 3, 0xFF, CLEAR_AND_START, FIRMWARE | event, hart=hart) == (0, 3)
    call = Hypercall(function, (*arguments, *[0] * (6 - len(arguments))), extension)  # type: ignore[arg-type]
    for _ in range(3):
        machine.firmware.call(call, machine.vcpus[0])
    assert tuple(ask(machine, READ, 3, hart=hart)[1] for hart in (0, 1)) == tuple(3 * each for each in seen)


def test_ipis_are_counted_where_they_are_sent_and_where_they_come(machine: Any) -> None:
    for hart in (0, 1):
        ask(machine, CONFIGURE, 3, 1, CLEAR_AND_START, FIRMWARE | 6, hart=hart)
        ask(machine, CONFIGURE, 4, 1, CLEAR_AND_START, FIRMWARE | 7, hart=hart)
    machine.firmware.send_ipi(SendIpi(0, 3, False, False, 1), machine.vcpus[0])
    machine.firmware.send_ipi(SendIpi(9, 1, False, False, 1), machine.vcpus[0])  # to nobody
    counted = [ask(machine, READ, counter, hart=hart)[1] for hart in (0, 1) for counter in (3, 4)]
    assert counted == [1, 1, 0, 1]


def test_each_hart_has_counters_of_its_own(machine: Any) -> None:
    assert ask(machine, CONFIGURE, 0, 7, 0, INSTRUCTIONS, hart=0) == (0, 2)
    assert ask(machine, CONFIGURE, 0, 7, 0, INSTRUCTIONS, hart=1) == (0, 2)
    assert ask(machine, START, 2, 1, 1, 500, hart=1)[0] == SbiError.SUCCESS
    machine.run(max_insns=100)
    assert machine.vcpus[0].read_register("instret") == 0
    assert machine.vcpus[1].read_register("instret") == 500


def test_counters_are_saved_hashed_and_reset_with_the_machine(supervisor: Make) -> None:
    machine, other = supervisor("1: j 1b"), supervisor("1: j 1b")
    machine.settle()
    ask(machine, CONFIGURE, 0, 7, CLEAR_AND_START, INSTRUCTIONS)
    ask(machine, CONFIGURE, 3, 3, CLEAR_AND_START, FIRMWARE | 5)
    machine.firmware.call(Hypercall(0, (U64, 0, 0, 0, 0, 0), Eid.TIME), machine.vcpus[0])
    machine.run(max_insns=1000)
    other.restore(machine.save())
    assert other.state_hash() == machine.state_hash()
    for each in (machine, other):
        each.run(max_insns=234)
        assert each.vcpus[0].read_register("instret") == each.vcpus[0].arch.retired
        assert ask(each, READ, 3)[1] == 1
    ask(other, STOP, 2, 1)
    assert other.state_hash() != machine.state_hash()
    before = other.vcpus[0].read_register("instret")
    other.run(max_insns=50)
    assert other.vcpus[0].read_register("instret") == before
    other.reset()
    other.settle()
    assert ask(other, STOP, 2, 1)[0] == SbiError.ALREADY_STOPPED
    other.run(max_insns=77)
    assert other.vcpus[0].read_register("instret") == 77


def test_a_counter_goes_round_at_two_to_the_64(machine: Any) -> None:
    ask(machine, CONFIGURE, 0, 7, 0, INSTRUCTIONS)
    ask(machine, START, 2, 1, 1, U64)
    before = machine.vcpus[0].read_register("instret")
    machine.run(max_insns=10)
    assert (before, machine.vcpus[0].read_register("instret")) == (U64, 9)


SMALL = st.one_of(st.integers(0, 20), st.sampled_from((1 << 18, (1 << 19) - 1, 1 << 63, U64)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 7),
            SMALL,
            SMALL,
            st.one_of(st.integers(0, 7), SMALL),
            st.one_of(SMALL, st.sampled_from((FIRMWARE | 5, FIRMWARE | 0, 3 << 16, 1 << 20))),
            st.integers(0, U64),
        ),
        max_size=20,
    )
)
def test_no_sequence_of_calls_breaks_the_rules(machine: Any, calls: list[tuple[int, ...]]) -> None:
    machine.reset()
    machine.settle()
    for function, *arguments in calls:
        error, value = ask(machine, function, *arguments)
        assert error in list(SbiError)
        if function == CONFIGURE and error == 0:
            assert value in (0, *range(2, 19))
        shown = [machine.vcpus[0].read_register(name) for name in ("cycle", "instret")]
        assert all(0 <= each <= U64 for each in shown)
    counters = machine.firmware.state.counters.harts[0]
    assert all(counter.event is not None for counter in counters if counter.running)
