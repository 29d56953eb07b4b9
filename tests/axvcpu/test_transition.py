import gc
import random
import signal
import threading
import time

import pytest

from axvcpu import BadState, BlockReason, Halt, InvalidInput, VCpuState, WakeEvent
from axvcpu.states import WAKES
from axvcpu.waits import Waits

READY, RUNNING, BLOCKED, FREE, INVALID = (
    VCpuState[n] for n in ("READY", "RUNNING", "BLOCKED", "FREE", "INVALID")
)
REASONS = list(BlockReason)
MATCHING = {reason: event for event, reason in WAKES.items() if event is not WakeEvent.STOP}


def in_thread(f):
    errors = []

    def run():
        try:
            f()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


def test_readers_see_the_old_state_until_the_commit(vcpu_in):
    vcpu = vcpu_in(FREE)
    seen = []

    def watch():
        in_thread(lambda: seen.append((vcpu.state, vcpu.in_transition)))
        return "value"

    assert vcpu.with_state_transition(FREE, READY, watch, "bind by hand") == "value"
    assert seen == [(FREE, "bind by hand")]
    assert (vcpu.state, vcpu.in_transition) == (READY, None)


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_what_the_function_raises_goes_on_unchanged_and_makes_it_invalid(vcpu_in, error):
    vcpu = vcpu_in(FREE)

    def fail():
        raise error

    with pytest.raises(type(error)) as raised:
        vcpu.with_state_transition(FREE, READY, fail, "trial")
    assert raised.value is error
    assert vcpu.state is INVALID
    assert (vcpu.invalid_reason.operation, vcpu.invalid_reason.cause) == ("trial", error)
    assert vcpu.in_transition is None


def test_invalid_keeps_its_first_reason_and_later_refusals_tell_it(vcpu_in):
    vcpu = vcpu_in(FREE)
    vcpu.arch.fail["bind"] = OSError("no engine")
    with pytest.raises(OSError, match="no engine"):
        vcpu.bind()
    with pytest.raises(BadState, match="INVALID since bind failed: OSError: no engine"):
        vcpu.run()
    assert vcpu.invalid_reason.operation == "bind"


def test_only_set_state_leaves_invalid_and_it_forgets_the_reason(vcpu_in):
    vcpu = vcpu_in(INVALID)
    assert str(vcpu.invalid_reason) == "set_state set it"
    vcpu.set_state(READY)
    assert vcpu.invalid_reason is None
    assert vcpu.run() == Halt()


def test_a_commit_never_overwrites_invalid(vcpu_in):
    vcpu = vcpu_in(READY)
    vcpu.arch.guest = lambda: vcpu.set_state(INVALID) or Halt()
    assert vcpu.run() == Halt()
    assert vcpu.state is INVALID
    vcpu = vcpu_in(FREE)
    vcpu.with_state_transition(FREE, READY, lambda: vcpu.set_state(INVALID))
    assert vcpu.state is INVALID


@pytest.mark.parametrize(
    "operation",
    [
        lambda v: v.run(),
        lambda v: v.bind(),
        lambda v: v.unbind(),
        lambda v: v.setup(0, 0),
        lambda v: v.transition_state(READY, FREE),
        lambda v: v.set_gpr("a0", 1),
        lambda v: v.set_entry(1),
        lambda v: v.set_return_value(1),
        lambda v: v.block(BlockReason.HALT),
    ],
)
@pytest.mark.parametrize("elsewhere", [False, True])
def test_whoever_meets_a_transition_is_refused_and_changes_nothing(vcpu_in, operation, elsewhere):
    vcpu = vcpu_in(FREE)

    def meet():
        with pytest.raises(BadState) as refusal:
            operation(vcpu)
        assert refusal.value.in_progress == "trial"
        assert refusal.value.actual is FREE

    vcpu.with_state_transition(FREE, READY, (lambda: in_thread(meet)) if elsewhere else meet, "trial")
    assert vcpu.state is READY
    assert vcpu.arch.calls == []


@pytest.mark.parametrize("reason", REASONS)
def test_block_waits_for_the_matching_event_only(vcpu_in, reason):
    vcpu = vcpu_in(READY)
    assert vcpu.block(reason)
    assert (vcpu.state, vcpu.block_reason) == (BLOCKED, reason)
    for event in WakeEvent:
        if not WAKES[event] & reason:
            assert not vcpu.wake(event)
            assert vcpu.state is BLOCKED
    assert vcpu.wake(MATCHING[reason])
    assert (vcpu.state, vcpu.block_reason) == (READY, None)


@pytest.mark.parametrize("state", [VCpuState.CREATED, FREE, READY, RUNNING])
@pytest.mark.parametrize("reason", REASONS)
def test_an_early_wake_is_one_token_for_the_next_block_of_that_reason(vcpu_in, state, reason):
    vcpu = vcpu_in(state)
    for _ in range(3):
        assert not vcpu.wake(MATCHING[reason])
    assert vcpu.wake_tokens == reason
    vcpu.set_state(READY)
    other = REASONS[(REASONS.index(reason) + 1) % len(REASONS)]
    assert vcpu.block(other)
    vcpu.wake(MATCHING[other])
    assert not vcpu.block(reason)
    assert (vcpu.state, vcpu.wake_tokens) == (READY, BlockReason(0))
    assert vcpu.block(reason)


def test_two_reasons_need_two_answers(vcpu_in):
    vcpu = vcpu_in(READY)
    vcpu.block(BlockReason.HALT)
    vcpu.block(BlockReason.PARKED)
    assert vcpu.block_reason == BlockReason.HALT | BlockReason.PARKED
    assert not vcpu.wake(WakeEvent.INTERRUPT)
    assert vcpu.wake(WakeEvent.RESUME)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_block_during_the_run_takes_effect_at_its_end(vcpu_in, elsewhere):
    vcpu = vcpu_in(READY)
    answers = []

    def ask():
        answers.append(vcpu.block(BlockReason.IO))

    def guest():
        in_thread(ask) if elsewhere else ask()
        assert vcpu.state is RUNNING
        return Halt()

    vcpu.arch.guest = guest
    assert vcpu.run() == Halt()
    assert (vcpu.state, vcpu.block_reason, answers) == (BLOCKED, BlockReason.IO, [False])


def test_a_block_and_its_wake_during_one_run_answer_each_other(vcpu_in):
    vcpu = vcpu_in(READY)
    vcpu.arch.guest = lambda: (vcpu.wake(WakeEvent.INTERRUPT), vcpu.block(BlockReason.HALT), Halt())[2]
    vcpu.run()
    assert (vcpu.state, vcpu.wake_tokens) == (READY, BlockReason(0))


def test_a_block_in_running_without_a_run_waits_for_the_commit(vcpu_in):
    vcpu = vcpu_in(RUNNING)
    assert not vcpu.block(BlockReason.HALT)
    vcpu.transition_state(RUNNING, READY)
    assert vcpu.block_reason is BlockReason.HALT


@pytest.mark.parametrize("state", [VCpuState.CREATED, FREE, INVALID])
def test_a_block_from_another_state_is_a_failed_transition(vcpu_in, state):
    vcpu = vcpu_in(state)
    with pytest.raises(BadState) as refusal:
        vcpu.block(BlockReason.HALT)
    assert refusal.value.expected == (READY, RUNNING, BLOCKED)
    assert (refusal.value.actual, vcpu.state) == (state, INVALID)


@pytest.mark.parametrize("reason", [BlockReason(0), BlockReason(16), BlockReason.HALT | BlockReason(32)])
def test_a_block_without_a_known_reason_is_invalid(vcpu_in, reason):
    vcpu = vcpu_in(READY)
    with pytest.raises(InvalidInput):
        vcpu.block(reason)
    assert vcpu.state is READY


def test_a_blocked_vcpu_does_not_run(vcpu_in):
    vcpu = vcpu_in(READY)
    vcpu.block(BlockReason.HALT)
    with pytest.raises(BadState, match="actual state BLOCKED"):
        vcpu.run()
    assert vcpu.arch.calls == []


def test_unbind_drops_the_reason_and_keeps_the_tokens(vcpu_in):
    vcpu = vcpu_in(READY)
    vcpu.block(BlockReason.HALT)
    vcpu.wake(WakeEvent.COMPLETION)
    vcpu.unbind()
    assert (vcpu.state, vcpu.block_reason, vcpu.wake_tokens) == (FREE, None, BlockReason.IO)
    vcpu.bind()
    assert vcpu.state is READY


def test_a_saved_wait_is_restored_by_set_state(vcpu_in):
    vcpu = vcpu_in(READY)
    vcpu.wake(WakeEvent.INTERRUPT)
    vcpu.set_state(BLOCKED, block_reason=BlockReason.POWERED_OFF, wake_tokens=BlockReason.IO)
    assert (vcpu.block_reason, vcpu.wake_tokens) == (BlockReason.POWERED_OFF, BlockReason.IO)
    assert vcpu.wake(WakeEvent.CPU_UP)
    vcpu.set_state(BLOCKED)
    assert vcpu.block_reason is BlockReason.PARKED


def test_a_transition_meets_a_brief_operation_and_waits_for_it(vcpu_in):
    vcpu = vcpu_in(READY)
    inside, go_on = threading.Event(), threading.Event()

    def slow(reg, value):
        inside.set()
        assert go_on.wait(10)

    vcpu.arch.set_gpr = slow
    setter = threading.Thread(target=vcpu.set_gpr, args=("a0", 1))
    setter.start()
    assert inside.wait(10)
    threading.Timer(0.05, go_on.set).start()
    assert vcpu.run() == Halt()
    setter.join()


def test_a_wake_in_the_middle_of_a_brief_operation_takes_effect_after_it(vcpu_in):
    vcpu = vcpu_in(READY)
    vcpu.block(BlockReason.HALT)
    seen = []
    vcpu.arch.set_gpr = lambda reg, value: seen.append((vcpu.wake(WakeEvent.INTERRUPT), vcpu.state))
    vcpu.set_gpr("a0", 1)
    assert (seen, vcpu.state) == ([(False, BLOCKED)], READY)


class Shot(BaseException):
    pass


@pytest.mark.parametrize("operation", ["run", "run_by_steps"])
def test_a_signal_never_leaves_it_in_transition(vcpu_in, operation):
    vcpu = vcpu_in(READY)
    run = getattr(vcpu, operation)
    chance = random.Random(7)

    def shoot(number, frame):
        raise Shot

    hits, old = 0, signal.signal(signal.SIGVTALRM, shoot)
    gc.disable()  # a shot that falls into a gc callback is swallowed
    try:
        for _ in range(100):
            vcpu.arch.calls.clear()
            try:
                signal.setitimer(signal.ITIMER_VIRTUAL, chance.uniform(1e-5, 4e-3))
                limit = time.monotonic() + 0.1
                while time.monotonic() < limit:
                    run()
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            except Shot:
                hits += 1
            assert vcpu.in_transition is None
            assert vcpu.state in (READY, INVALID)
            vcpu.set_state(READY)
    finally:
        gc.enable()
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, old)
    assert hits > 50


def test_a_signal_in_the_middle_of_a_failure_leaves_it_invalid(vcpu_in):
    class Vicious(Exception):
        def __str__(self):
            raise Shot

    vcpu = vcpu_in(READY)
    vcpu.arch.fail["run"] = Vicious()
    with pytest.raises(Vicious):
        vcpu.run()
    assert (vcpu.state, vcpu.in_transition) == (INVALID, None)


class LateWake(Waits):
    """A wake that comes between the commit's look at the posts and the release."""

    def settle(self):
        waiting = super().settle()
        self.late(waiting)
        return waiting

    def late(self, waiting):
        if waiting and self.wake is not None:
            wake, self.wake = self.wake, None
            in_thread(wake)


@pytest.mark.parametrize(
    "operation",
    [
        lambda vcpu: vcpu.run(),
        lambda vcpu: vcpu.run_by_steps(),
        lambda vcpu: vcpu.block(BlockReason.HALT),
        lambda vcpu: vcpu.transition_state(READY, BLOCKED),
    ],
    ids=["run", "run_by_steps", "block", "transition_state"],
)
def test_a_wake_after_the_last_look_is_seen_after_the_release(vcpu_in, operation):
    vcpu = vcpu_in(READY)
    vcpu._waits = waits = LateWake()
    vcpu._posts = waits.posts
    met = []
    waits.wake = lambda: met.append((vcpu.in_transition is not None, vcpu.wake(WakeEvent.STOP)))
    vcpu.arch.guest = lambda: (vcpu.block(BlockReason.HALT), Halt())[1]
    operation(vcpu)
    assert met == [(True, False)]
    assert (vcpu.state, vcpu.block_reason) == (READY, None)


@pytest.mark.parametrize("through_run", [False, True])
def test_a_wake_is_never_lost_between_the_check_and_the_wait(vcpu_in, through_run):
    vcpu = vcpu_in(READY)
    rounds, turn = 2000, threading.Semaphore(0)

    def wake():
        for _ in range(rounds):
            turn.acquire()
            vcpu.wake(WakeEvent.INTERRUPT)

    def guest():
        vcpu.block(BlockReason.HALT)
        return Halt()

    vcpu.arch.guest = guest
    waker = threading.Thread(target=wake, daemon=True)
    waker.start()
    for number in range(rounds):
        turn.release()
        if through_run:
            vcpu.run()
        else:
            vcpu.block(BlockReason.HALT)
        limit = time.monotonic() + 5
        while vcpu.state is not READY:
            assert time.monotonic() < limit, f"the wake of round {number} is lost"
            time.sleep(0)
    waker.join()
    assert vcpu.wake_tokens == 0
