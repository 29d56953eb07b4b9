"""Faults known of the crate that the design comes from, each by its number; ours must not have them.

Those that firmware could have (8, 15, 17, 24) are tested with it: tests/emu/firmware/test_upstream_faults.py.
"""

import gc
import threading

import pytest

from axvcpu import (
    AxPerCpu,
    AxVCpu,
    BadState,
    BlockReason,
    FailEntry,
    Halt,
    InvalidInput,
    NestedPageFault,
    PerCpuState,
    SendIpi,
    VCpuState,
    WakeEvent,
    get_current_vcpu,
    phys_cpu_sets,
)
from axvcpu.exits import AccessFlags

READY, RUNNING, BLOCKED, FREE, INVALID = (
    VCpuState[n] for n in ("READY", "RUNNING", "BLOCKED", "FREE", "INVALID")
)


class ArchCpu:
    fail = False

    def __init__(self, cpu_id):
        self.cpu_id = cpu_id

    @classmethod
    def new(cls, cpu_id):
        if cls.fail:
            raise OSError("no virtualisation here")
        return cls(cpu_id)

    def is_enabled(self):
        return False


def on_threads(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("actual", [state for state in VCpuState if state is not READY])
def test_01_the_error_names_the_state_that_it_really_was_in(vcpu_in, actual):
    with pytest.raises(BadState) as refusal:
        vcpu_in(actual).run()
    assert refusal.value.actual is actual
    assert f"actual state {actual.name}" in str(refusal.value)


def test_02_the_state_can_be_read_during_a_run(vcpu_in):
    vcpu = vcpu_in()
    seen = []
    vcpu.arch.guest = lambda: (seen.append(vcpu.state), on_threads(lambda: seen.append(vcpu.state)), Halt())[
        2
    ]
    vcpu.run()
    assert seen == [RUNNING, RUNNING]


def test_03_between_check_and_action_no_second_caller_comes_in(vcpu_in):
    for _ in range(200):
        vcpu, entered, refused = vcpu_in(FREE), [], []

        def bind(vcpu=vcpu, entered=entered, refused=refused):
            try:
                vcpu.with_state_transition(FREE, READY, lambda: entered.append(1))
            except BadState as refusal:
                refused.append(refusal)

        on_threads(bind, bind)
        assert (len(entered), len(refused)) == (1, 1)


def test_04_a_nested_transition_is_refused_and_not_overwritten(vcpu_in):
    vcpu = vcpu_in(FREE)

    def nested():
        with pytest.raises(BadState) as refusal:
            vcpu.transition_state(FREE, READY)
        assert refusal.value.in_progress == "outer"
        assert vcpu.state is FREE

    vcpu.with_state_transition(FREE, READY, nested, "outer")
    assert vcpu.state is READY


@pytest.mark.parametrize("run", ["run", "run_by_steps"])
@pytest.mark.parametrize("error", [ValueError("fault"), KeyboardInterrupt()])
def test_05_what_the_guest_raises_leaves_no_current_vcpu(vcpu_in, run, error):
    vcpu = vcpu_in()
    vcpu.arch.fail["run"] = error
    with pytest.raises(type(error)):
        getattr(vcpu, run)()
    assert get_current_vcpu() is None
    assert (vcpu.state, vcpu.invalid_reason.cause) == (INVALID, error)
    assert vcpu_in(vcpu_id=1).run() == Halt()


def test_06_a_failed_init_counts_for_nothing(monkeypatch):
    cpu = AxPerCpu(ArchCpu)
    monkeypatch.setattr(ArchCpu, "fail", True)
    with pytest.raises(OSError, match="virtualisation"):
        cpu.init(4)
    assert cpu.state is PerCpuState.UNINITIALISED
    with pytest.raises(BadState):
        cpu.hardware_enable()
    monkeypatch.setattr(ArchCpu, "fail", False)
    cpu.init(4)
    assert cpu.number == 4
    cpu.close()


def test_07_an_uninitialised_cpu_is_dropped_and_closed_quietly():
    cpu = AxPerCpu(ArchCpu)
    cpu.close()
    cpu.close()
    del cpu
    gc.collect()


def test_08_a_vcpu_never_runs_in_two_tasks(vcpu_in):
    vcpu, inside, go_on = vcpu_in(), threading.Event(), threading.Event()
    vcpu.arch.guest = lambda: (inside.set(), go_on.wait(10), Halt())[2]
    first = threading.Thread(target=vcpu.run)
    first.start()
    assert inside.wait(10)
    with pytest.raises(BadState) as refusal:
        vcpu.run()
    go_on.set()
    first.join()
    assert refusal.value.in_progress == "run"
    assert (vcpu.state, vcpu.arch.calls) == (READY, [("run",)])


def test_09_a_wake_between_the_guests_check_and_its_wait_is_not_lost(vcpu_in):
    vcpu = vcpu_in()
    vcpu.arch.guest = lambda: (on_threads(lambda: vcpu.wake(WakeEvent.INTERRUPT)), Halt())[1]
    assert vcpu.run() == Halt()
    assert not vcpu.block(BlockReason.HALT)
    assert vcpu.state is READY


@pytest.mark.parametrize("reason", BlockReason)
def test_10_stop_wakes_every_waiter(vcpu_in, reason):
    vcpu = vcpu_in()
    vcpu.block(reason)
    assert vcpu.wake(WakeEvent.STOP)
    assert vcpu.state is READY


def test_11_two_vcpus_that_fail_together_fail_each_for_itself(vcpu_in):
    both, failing = threading.Barrier(2), []
    vcpus = [vcpu_in(vcpu_id=n) for n in range(2)]

    def run(vcpu):
        def guest():
            both.wait(10)
            raise RuntimeError(f"vCPU {vcpu.id} failed")

        vcpu.arch.guest = guest
        try:
            vcpu.run()
        except RuntimeError as error:
            failing.append(str(error))

    on_threads(*(lambda v=v: run(v) for v in vcpus))
    assert sorted(failing) == ["vCPU 0 failed", "vCPU 1 failed"]
    assert [str(v.invalid_reason.cause) for v in vcpus] == ["vCPU 0 failed", "vCPU 1 failed"]


def test_16_a_vcpus_id_is_not_the_physical_cpus(arch_type):
    with AxPerCpu(ArchCpu) as cpu:
        cpu.init(3)
        vcpu = AxVCpu.new(arch_type, 7, 1, phys_cpu_set=0b1000)
        vcpu.setup(0, 0)
        vcpu.bind()
        vcpu.arch.guest = lambda: SendIpi(vcpu.id, 0, False, True, 1)
        assert vcpu.run().target_cpu == 1
        assert (vcpu.id, vcpu.favor_phys_cpu, cpu.number, vcpu.arch.identity) == (1, 3, 3, (7, 1, None))


@pytest.mark.parametrize("exit", [FailEntry(7, "bad state"), NestedPageFault(0x10, AccessFlags.READ)])
def test_18_a_failed_entry_or_an_unbacked_address_is_one_exit_and_no_retry(vcpu_in, exit):
    vcpu = vcpu_in()
    vcpu.arch.guest = lambda: exit
    assert vcpu.run() == exit
    assert vcpu.arch.calls == [("run",)]
    assert vcpu.state is READY


def test_22_more_affinity_masks_than_vcpus_are_refused_by_count():
    with pytest.raises(InvalidInput, match=r"at most 2 masks.*actual 3 masks"):
        phys_cpu_sets(2, [1, 2, 4])
    with pytest.raises(InvalidInput):
        phys_cpu_sets(2, [1, 0])
    assert phys_cpu_sets(2, [1, 2]) == (1, 2)


def test_25_blocked_is_entered_and_left(vcpu_in):
    vcpu = vcpu_in()
    vcpu.arch.guest = lambda: (vcpu.block(BlockReason.HALT), Halt())[1]
    assert vcpu.run() == Halt()
    assert (vcpu.state, vcpu.block_reason) == (BLOCKED, BlockReason.HALT)
    assert vcpu.wake(WakeEvent.INTERRUPT)
    assert vcpu.state is READY
