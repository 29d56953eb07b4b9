import random
import threading

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from axvcpu import (
    AxPerCpu,
    AxVCpu,
    BadState,
    BlockReason,
    FailEntry,
    Halt,
    Hypercall,
    InvalidInput,
    MmioRead,
    NestedVCpuOperation,
    VCpuState,
    WakeEvent,
    get_current_vcpu,
)

READY, RUNNING, BLOCKED, FREE, INVALID = (
    VCpuState[n] for n in ("READY", "RUNNING", "BLOCKED", "FREE", "INVALID")
)


def elsewhere(f):
    results = []
    thread = threading.Thread(target=lambda: results.append(f()))
    thread.start()
    thread.join()
    return results[0]


def test_new_makes_the_architecture_with_the_ids_and_the_config(arch_type):
    vcpu = AxVCpu.new(arch_type, 3, 2, "config", phys_cpu_set=0b100)
    assert vcpu.arch.identity == (3, 2, "config")
    assert (vcpu.vm_id, vcpu.id, vcpu.is_bsp, vcpu.favor_phys_cpu, vcpu.phys_cpu_set) == (
        3,
        2,
        False,
        2,
        0b100,
    )
    assert vcpu.state is VCpuState.CREATED
    assert AxVCpu.new(arch_type, 0, 0).is_bsp


@pytest.mark.parametrize("bad", [{"vm_id": -1}, {"vcpu_id": -1}, {"phys_cpu_set": 0}, {"favor_phys_cpu": -1}])
def test_impossible_identities_are_invalid(arch_type, bad):
    with pytest.raises(InvalidInput):
        AxVCpu.new(arch_type, **{"vm_id": 0, "vcpu_id": 0, **bad})


def test_the_life_of_a_vcpu_calls_the_architecture_in_order(arch_type):
    vcpu = AxVCpu.new(arch_type, 0, 0)
    vcpu.setup(0x80, 7, "config")
    assert vcpu.state is FREE
    vcpu.bind()
    assert vcpu.state is READY
    assert vcpu.run() == Halt()
    assert vcpu.state is READY
    vcpu.unbind()
    assert vcpu.state is FREE
    assert vcpu.arch.calls == [
        ("set_entry", 0x80), ("set_ept_root", 7), ("setup", "config"), ("bind",), ("run",), ("unbind",),
    ]  # fmt: skip


@pytest.mark.parametrize("operation", ["setup", "bind", "unbind", "run"])
def test_a_failing_architecture_makes_it_invalid_with_the_reason(vcpu_in, operation):
    start = {"setup": VCpuState.CREATED, "bind": FREE}.get(operation, READY)
    vcpu = vcpu_in(start)
    error = OSError("engine gone")
    vcpu.arch.fail[operation] = error
    with pytest.raises(OSError, match="engine gone") as raised:
        vcpu.setup(0, 0) if operation == "setup" else getattr(vcpu, operation)()
    assert raised.value is error
    assert (vcpu.state, vcpu.invalid_reason.operation) == (INVALID, operation)
    assert get_current_vcpu() is None


def test_it_is_current_and_running_in_the_guest_and_only_there(vcpu_in):
    vcpu = vcpu_in()
    seen = []
    vcpu.arch.guest = lambda: (
        seen.append((get_current_vcpu(), elsewhere(get_current_vcpu), vcpu.state)) or Halt()
    )
    vcpu.run()
    assert seen == [(vcpu, None, RUNNING)]
    assert get_current_vcpu() is None


def test_nested_current_vcpus_are_refused_and_the_outer_one_stays(vcpu_in):
    outer, inner = vcpu_in(vcpu_id=0), vcpu_in(vcpu_id=1)

    def nest():
        for vcpu in (outer, inner):
            with pytest.raises(NestedVCpuOperation) as refusal:
                vcpu.with_current_cpu_set(lambda: pytest.fail("called"))
            assert (refusal.value.current_vcpu_id, refusal.value.vcpu_id) == (0, vcpu.id)
            assert get_current_vcpu() is outer
        return "done"

    assert outer.with_current_cpu_set(nest) == "done"
    assert get_current_vcpu() is None
    assert (outer.state, inner.state) == (READY, READY)


def test_running_another_vcpu_inside_a_run_fails_that_one_only(vcpu_in):
    for run in ("run", "run_by_steps"):
        outer, inner = vcpu_in(vcpu_id=0), vcpu_in(vcpu_id=1)

        def guest(inner=inner, run=run):
            with pytest.raises(NestedVCpuOperation):
                getattr(inner, run)()
            return Halt()

        outer.arch.guest = guest
        getattr(outer, run)()
        assert (outer.state, inner.state, inner.arch.calls) == (READY, INVALID, [])


def test_running_itself_inside_a_run_is_refused_and_nothing_changes(vcpu_in):
    vcpu = vcpu_in()

    def guest():
        with pytest.raises(BadState) as refusal:
            vcpu.run()
        assert (refusal.value.in_progress, refusal.value.actual) == ("run", RUNNING)
        return Halt()

    vcpu.arch.guest = guest
    assert vcpu.run() == Halt()
    assert vcpu.state is READY


def test_manipulate_hands_over_the_architecture_as_current(vcpu_in):
    vcpu = vcpu_in(FREE)
    seen = vcpu.manipulate_arch_vcpu(FREE, READY, lambda arch: (arch, get_current_vcpu(), vcpu.state))
    assert seen == (vcpu.arch, vcpu, FREE)
    assert vcpu.state is READY


@pytest.mark.parametrize("number", [0, 1])
def test_bind_keeps_to_the_mask_of_physical_cpus(vcpu_in, number):
    class ArchCpu:
        @classmethod
        def new(cls, cpu_id):
            return cls()

        def is_enabled(self):
            return False

    vcpu = vcpu_in(FREE, phys_cpu_set=0b10)
    with AxPerCpu(ArchCpu) as cpu:
        cpu.init(number)
        if number == 1:
            vcpu.bind()
            assert vcpu.state is READY
        else:
            with pytest.raises(InvalidInput, match="one of \\(1,\\)"):
                vcpu.bind()
            assert (vcpu.state, vcpu.arch.calls) == (FREE, [])


def test_the_deadline_is_the_architectures(vcpu_in):
    vcpu = vcpu_in()
    assert vcpu.deadline is None
    vcpu.deadline = 1000
    assert vcpu.arch.deadline == 1000
    with pytest.raises(InvalidInput):
        vcpu.deadline = -1
    assert vcpu.deadline == 1000
    vcpu.deadline = None
    assert vcpu.arch.deadline is None


WRITES = {
    "set_entry": (0x80,),
    "set_gpr": ("a0", 5),
    "set_return_value": (7,),
    "write_register": ("pc", 4),
}


@pytest.mark.parametrize("state", [READY, BLOCKED])
@pytest.mark.parametrize("write", WRITES)
def test_writes_reach_the_architecture_where_they_are_legal(vcpu_in, state, write):
    vcpu = vcpu_in(state)
    getattr(vcpu, write)(*WRITES[write])
    assert vcpu.arch.calls == [(write, *WRITES[write])]
    assert vcpu.state is state


@pytest.mark.parametrize("state", [VCpuState.CREATED, RUNNING, INVALID])
@pytest.mark.parametrize("write", WRITES)
def test_writes_elsewhere_are_refused_and_change_nothing(vcpu_in, state, write):
    vcpu = vcpu_in(state)
    with pytest.raises(BadState) as refusal:
        getattr(vcpu, write)(*WRITES[write])
    assert (refusal.value.expected, refusal.value.actual) == ((FREE, READY, BLOCKED), state)
    assert (vcpu.state, vcpu.arch.calls) == (state, [])


def test_writes_while_free_are_kept_and_applied_after_the_load_last_one_wins(vcpu_in):
    vcpu = vcpu_in(FREE)
    vcpu.set_gpr("a0", 1)
    vcpu.set_entry(0x80)
    vcpu.set_gpr("a1", 2)
    vcpu.set_gpr("a0", 3)
    assert vcpu.arch.calls == []
    vcpu.bind()
    assert vcpu.arch.calls == [("bind",), ("set_entry", 0x80), ("set_gpr", "a1", 2), ("set_gpr", "a0", 3)]
    vcpu.unbind()
    vcpu.bind()
    assert vcpu.arch.calls[4:] == [("unbind",), ("bind",)]


def test_a_refused_write_leaves_the_vcpu_as_it_was(vcpu_in):
    vcpu = vcpu_in()
    vcpu.arch.fail["set_gpr"] = InvalidInput("register", "a RISC-V register", "rax")
    with pytest.raises(InvalidInput):
        vcpu.set_gpr("rax", 1)
    assert (vcpu.state, vcpu.in_transition) == (READY, None)


def test_an_interrupt_reaches_the_architecture_at_once_on_the_thread_that_bound_it(vcpu_in):
    vcpu = vcpu_in()
    vcpu.inject_interrupt(5)
    vcpu.block(BlockReason.HALT)
    vcpu.inject_interrupt(6)
    assert vcpu.arch.calls == [("inject_interrupt", 5), ("inject_interrupt", 6)]


def test_interrupts_from_another_thread_while_running_are_seen_before_the_next_entry(vcpu_in):
    vcpu = vcpu_in()

    def guest():
        elsewhere(lambda: [vcpu.inject_interrupt(v) for v in (5, 6, 5)])
        vcpu.inject_interrupt(7)
        assert vcpu.arch.calls == [("run",)]
        vcpu.arch.guest = Halt
        return Halt()

    vcpu.arch.guest = guest
    vcpu.run()
    vcpu.run()
    assert vcpu.arch.calls == [("run",), *(("inject_interrupt", v) for v in (5, 6, 7)), ("run",)]


def test_interrupts_for_a_free_vcpu_wait_for_its_first_entry(vcpu_in):
    vcpu = vcpu_in(FREE)
    vcpu.inject_interrupt(5)
    vcpu.bind()
    vcpu.run()
    assert vcpu.arch.calls == [("bind",), ("inject_interrupt", 5), ("run",)]


def unbind_by_hand(vcpu):
    vcpu.transition_state(READY, FREE)


def set_up_anew(vcpu):
    vcpu.set_state(VCpuState.CREATED)
    vcpu.setup(0, 0)


def fail_and_revive(vcpu):
    with pytest.raises(BadState):
        vcpu.transition_state(FREE, READY)
    vcpu.set_state(READY)


@pytest.mark.parametrize(
    ("lose", "state"),
    [
        (unbind_by_hand, FREE),
        (set_up_anew, FREE),
        (lambda vcpu: vcpu.set_state(FREE), FREE),
        (fail_and_revive, READY),
    ],
    ids=["transition_state", "created", "free", "invalid"],
)
def test_interrupts_wait_for_the_next_entry_where_the_binding_is_lost(vcpu_in, lose, state):
    vcpu = vcpu_in()
    lose(vcpu)
    vcpu.arch.calls.clear()
    vcpu.inject_interrupt(5)
    assert (vcpu.state, vcpu.arch.calls) == (state, [])
    vcpu.set_state(READY)
    vcpu.inject_interrupt(6)
    assert vcpu.arch.calls == []
    vcpu.run()
    assert vcpu.arch.calls == [("inject_interrupt", 5), ("inject_interrupt", 6), ("run",)]


def test_set_state_among_bound_states_keeps_the_binding(vcpu_in):
    vcpu = vcpu_in()
    vcpu.set_state(BLOCKED)
    vcpu.inject_interrupt(5)
    vcpu.set_state(READY)
    vcpu.inject_interrupt(6)
    assert vcpu.arch.calls == [("inject_interrupt", 5), ("inject_interrupt", 6)]


@pytest.mark.parametrize("run", ["run", "run_by_steps"])
@pytest.mark.parametrize("asked", [None, BlockReason.HALT])
def test_a_run_forgets_what_set_state_waited_for_meanwhile(vcpu_in, run, asked):
    vcpu = vcpu_in()

    def guest():
        vcpu.set_state(BLOCKED)
        if asked is not None:
            vcpu.block(asked)
        return Halt()

    vcpu.arch.guest = guest
    getattr(vcpu, run)()
    assert (vcpu.state, vcpu.block_reason) == (READY if asked is None else BLOCKED, asked)
    vcpu.block(BlockReason.HALT)
    assert vcpu.block_reason is BlockReason.HALT


@pytest.mark.parametrize("state", [VCpuState.CREATED, INVALID])
def test_no_interrupt_for_a_vcpu_that_cannot_run(vcpu_in, state):
    with pytest.raises(BadState):
        vcpu_in(state).inject_interrupt(1)


@pytest.mark.parametrize("run", ["run", "run_by_steps"])
def test_of_eight_racing_runs_one_runs_and_seven_are_refused(vcpu_in, run):
    for _ in range(30):
        vcpu = vcpu_in()
        start, all_tried = threading.Barrier(8), threading.Barrier(8)
        outcomes = []

        def guest(all_tried=all_tried):
            all_tried.wait(10)
            return Halt()

        def race(vcpu=vcpu, start=start, all_tried=all_tried, outcomes=outcomes):
            start.wait(10)
            try:
                outcomes.append(getattr(vcpu, run)())
            except BadState as refusal:
                outcomes.append(refusal.in_progress)
                all_tried.wait(10)

        vcpu.arch.guest = guest
        threads = [threading.Thread(target=race) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(map(str, outcomes)) == [str(Halt())] + ["run"] * 7
        assert vcpu.state is READY


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("block"), st.sampled_from(list(BlockReason))),
        st.tuples(st.just("wake"), st.sampled_from(WakeEvent)),
        st.tuples(st.just("inject_interrupt"), st.integers(0, 3)),
        st.tuples(st.just("set_gpr"), st.just("a0"), st.integers(0, 9)),
        st.tuples(st.just("set_state"), st.sampled_from(VCpuState)),
        st.tuples(st.just("run"), st.integers(0, 3)),
        st.tuples(st.just("unbind")),
        st.tuples(st.just("bind")),
    ),
    max_size=12,
)
EXITS = [Halt(), MmioRead(1, 4, 0), Hypercall(1, (0, 1, 2, 3, 4, 5)), FailEntry(1, "refused")]


def play(vcpu, run, script, inside):
    """Everything that can be seen of a script: results, errors, states, calls."""
    seen = []

    def guest():
        for step in inside:
            act(step)
        if len(inside) % 5 == 4:
            raise ValueError("the guest's fault")
        return EXITS[len(seen) % 4]

    def act(step):
        name, *arguments = step
        try:
            result = getattr(vcpu, run)() if name == "run" else getattr(vcpu, name)(*arguments)
        except (BadState, ValueError) as error:
            result = f"{type(error).__name__}: {error}"
        seen.append((name, result, vcpu.state, vcpu.block_reason, vcpu.wake_tokens, vcpu.in_transition))

    vcpu.arch.guest = guest
    for step in script:
        act(step)
    return seen, vcpu.arch.calls, str(vcpu.invalid_reason)


@settings(max_examples=300, deadline=None)
@given(script=STEPS, inside=STEPS)
@example(script=[("run", 0)], inside=[("set_state", BLOCKED), ("block", BlockReason.HALT)])
@example(script=[("run", 0), ("block", BlockReason.HALT)], inside=[("set_state", BLOCKED)])
def test_the_flat_run_does_what_the_composed_one_does(vcpu_in, script, inside):
    flat = play(vcpu_in(), "run", script, inside)
    composed = play(vcpu_in(), "run_by_steps", script, inside)
    assert flat == composed


def test_threads_that_do_everything_at_once_leave_a_sound_vcpu(vcpu_in):
    vcpu, busy, chance = vcpu_in(), [], random.Random(3)
    overlaps = []

    def guest():
        busy.append(1)
        overlaps.append(len(busy))
        busy.pop()
        return Halt()

    vcpu.arch.guest = guest
    operations = [
        vcpu.run, vcpu.run, vcpu.unbind, vcpu.bind,
        lambda: vcpu.set_gpr("a0", 1), lambda: vcpu.inject_interrupt(1),
        lambda: vcpu.block(BlockReason.HALT), lambda: vcpu.wake(WakeEvent.INTERRUPT),
    ]  # fmt: skip

    def work(seed):
        chance = random.Random(seed)
        for _ in range(600):
            try:
                chance.choice(operations)()
            except BadState:
                if vcpu.state is INVALID:
                    vcpu.set_state(chance.choice([FREE, READY]))

    threads = [threading.Thread(target=work, args=(chance.random(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert vcpu.in_transition is None
    assert set(overlaps) == {1}
    vcpu.set_state(READY)
    vcpu.wake(WakeEvent.STOP)
    assert vcpu.run() == Halt()
