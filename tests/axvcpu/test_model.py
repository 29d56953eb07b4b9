"""Random operations from several threads, in a known order, against a model written from the description.

Runs are begun on one thread and ended later, so that other operations also meet a vCPU that is in the guest.
"""

import queue
import threading

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from axvcpu import (
    AxError,
    AxVCpu,
    BadState,
    BlockReason,
    Halt,
    IllegalEdge,
    VCpuState,
    WakeEvent,
    get_current_vcpu,
)

INVALID, CREATED, FREE, READY, RUNNING, BLOCKED = VCpuState
BOUND = (READY, RUNNING, BLOCKED)
THREADS = 3
PATIENCE = 30.0  # seconds that only a deadlock takes, however slow the machine
OTHERS = st.integers(0, THREADS - 1)
REASONS = st.sampled_from(list(BlockReason))
ANSWERS = {"INTERRUPT": "HALT", "COMPLETION": "IO", "CPU_UP": "POWERED_OFF", "RESUME": "PARKED"}
EDGES = {
    (CREATED, FREE), (FREE, READY), (READY, FREE), (READY, RUNNING), (RUNNING, READY), (RUNNING, BLOCKED),
    (READY, BLOCKED), (BLOCKED, READY), (BLOCKED, FREE), *((state, INVALID) for state in list(VCpuState)[1:]),
}  # fmt: skip


class Worker(threading.Thread):
    """A host thread that does what it is told; `begin` does not wait for the end."""

    def __init__(self):
        super().__init__(daemon=True)
        self.tasks, self.results = queue.SimpleQueue(), queue.SimpleQueue()
        self.start()

    def run(self):
        while (task := self.tasks.get()) is not None:
            try:
                self.results.put(task())
            except (AxError, ValueError) as error:
                self.results.put(error)

    def begin(self, task):
        self.tasks.put(task)

    def end(self):
        return self.results.get(timeout=PATIENCE)

    def do(self, task):
        self.begin(task)
        return self.end()


class Core(RuleBasedStateMachine):
    arch_type = None

    @initialize()
    def make(self):
        self.workers = [Worker() for _ in range(THREADS)]
        self.arch = self.arch_type()
        self.vcpu = AxVCpu(0, 0, self.arch)
        self.entered, self.leave = queue.SimpleQueue(), queue.SimpleQueue()
        self.arch.guest = self.guest
        self.state, self.waits, self.tokens, self.wanted = CREATED, set(), set(), set()
        self.queued, self.shadow, self.calls = [], {}, []
        self.home, self.runner = None, None

    def teardown(self):
        if getattr(self, "runner", None) is not None:
            self.leave.put(Halt())
            self.workers[self.runner].end()
        for worker in getattr(self, "workers", ()):
            worker.tasks.put(None)

    def guest(self):
        self.entered.put(get_current_vcpu())
        leave = self.leave.get(timeout=PATIENCE)
        if isinstance(leave, Exception):
            raise leave
        return leave

    def free(self, who):
        """A thread that is not in the guest."""
        return who if who != self.runner else (who + 1) % THREADS

    def refused(self, result, actual):
        """Whether the model expects a refusal by a run in progress; checks it."""
        if self.runner is None:
            return False
        assert isinstance(result, BadState)
        assert (result.in_progress, result.actual) == ("run", actual)
        return True

    def transition(self, result, froms, to, effect=lambda: None):
        if self.refused(result, self.state):
            return
        if self.state in froms:
            assert not isinstance(result, Exception), result
            effect()
            self.state = to
            self.waits = set()
            if to is FREE:
                self.home = None
            if to is BLOCKED:
                self.wanted.add("PARKED")
            if to in (READY, BLOCKED):
                self.commit()
        else:
            assert isinstance(result, BadState)
            assert result.actual is self.state
            self.fail()

    def fail(self):
        self.state, self.waits = INVALID, set()

    def commit(self):
        waits = self.wanted - self.tokens
        self.tokens -= self.wanted
        self.wanted = set()
        self.waits, self.state = waits, BLOCKED if waits else READY

    @rule(who=OTHERS)
    def setup(self, who):
        who = self.free(who)

        def effect():
            self.calls += [("set_entry", 1), ("set_ept_root", 2), ("setup", 3)]

        self.transition(self.workers[who].do(lambda: self.vcpu.setup(1, 2, 3)), {CREATED}, FREE, effect)

    @rule(who=OTHERS)
    def bind(self, who):
        who = self.free(who)

        def effect():
            self.calls += [("bind",), *(("set_gpr", reg, value) for reg, value in self.shadow.items())]
            self.shadow, self.home = {}, who

        self.transition(self.workers[who].do(self.vcpu.bind), {FREE}, READY, effect)

    @rule(who=OTHERS)
    def unbind(self, who):
        who = self.free(who)

        def effect():
            self.calls.append(("unbind",))

        self.transition(self.workers[who].do(self.vcpu.unbind), {READY, BLOCKED}, FREE, effect)

    @rule(who=OTHERS, from_=st.sampled_from(VCpuState), to=st.sampled_from(VCpuState))
    def by_hand(self, who, from_, to):
        who = self.free(who)
        result = self.workers[who].do(lambda: self.vcpu.transition_state(from_, to))
        if (from_, to) not in EDGES:
            assert isinstance(result, IllegalEdge)
            return
        self.transition(result, {from_}, to)

    @rule(who=OTHERS)
    def failing_transition(self, who):
        who = self.free(who)

        def fail():
            raise ValueError

        result = self.workers[who].do(lambda: self.vcpu.with_state_transition(READY, FREE, fail))
        if not self.refused(result, self.state):
            assert isinstance(result, ValueError if self.state is READY else BadState)
            self.fail()

    @precondition(lambda self: self.runner is None)
    @rule(who=OTHERS, flat=st.booleans())
    def begin_run(self, who, flat):
        who = self.free(who)
        worker = self.workers[who]
        run = self.vcpu.run if flat else self.vcpu.run_by_steps
        if self.state is READY:
            worker.begin(run)
            assert self.entered.get(timeout=PATIENCE) is self.vcpu
            self.calls += [*(("inject_interrupt", vector) for vector in self.queued), ("run",)]
            self.queued, self.state, self.runner = [], RUNNING, who
        else:
            result = worker.do(run)
            assert isinstance(result, BadState)
            assert result.actual is self.state
            self.fail()

    @precondition(lambda self: self.runner is not None)
    @rule(who=OTHERS)
    def run_again(self, who):
        assert self.refused(self.workers[self.free(who)].do(self.vcpu.run), RUNNING)

    @precondition(lambda self: self.runner is not None)
    @rule(fail=st.booleans())
    def end_run(self, fail):
        self.leave.put(ValueError("guest") if fail else Halt())
        result = self.workers[self.runner].end()
        self.runner = None
        if fail:
            assert isinstance(result, ValueError)
            self.fail()
        else:
            assert result == Halt()
            self.commit()

    @rule(who=OTHERS, reason=REASONS)
    def block(self, who, reason):
        who = self.free(who)
        result = self.workers[who].do(lambda: self.vcpu.block(reason))
        if self.state is RUNNING:
            self.wanted.add(reason.name)
            assert result is False
        elif self.state in (READY, BLOCKED):
            self.wanted = self.waits | {reason.name}
            self.commit()
            assert result is (self.state is BLOCKED)
        else:
            assert isinstance(result, BadState)
            self.fail()

    @rule(who=OTHERS, event=st.sampled_from(WakeEvent))
    def wake(self, who, event):
        who = self.free(who)
        result = self.workers[who].do(lambda: self.vcpu.wake(event))
        answered = set(ANSWERS.values()) if event is WakeEvent.STOP else {ANSWERS[event.name]}
        before = self.state
        if self.state is BLOCKED:
            self.tokens |= answered - self.waits
            self.waits -= answered
            if not self.waits:
                self.state = READY
        else:
            self.tokens |= answered
        assert result is (before is BLOCKED and self.state is READY)

    @rule(who=OTHERS, value=st.integers(0, 3))
    def set_gpr(self, who, value):
        who = self.free(who)
        result = self.workers[who].do(lambda: self.vcpu.set_gpr("a0", value))
        if self.refused(result, RUNNING):
            return
        if self.state is FREE:
            self.shadow["a0"] = value
        elif self.state in (READY, BLOCKED):
            self.calls.append(("set_gpr", "a0", value))
        else:
            assert isinstance(result, BadState)

    @rule(who=OTHERS, vector=st.integers(0, 2))
    def inject(self, who, vector):
        who = self.free(who)
        result = self.workers[who].do(lambda: self.vcpu.inject_interrupt(vector))
        if self.state in (INVALID, CREATED):
            assert isinstance(result, BadState)
            return
        assert result is None
        if vector not in self.queued:
            self.queued.append(vector)
        if self.state in (READY, BLOCKED) and who == self.home:
            self.calls += [("inject_interrupt", queued) for queued in self.queued]
            self.queued = []

    @precondition(lambda self: self.runner is None)
    @rule(state=st.sampled_from(VCpuState))
    def set_state(self, state):
        self.vcpu.set_state(state)
        if self.state not in BOUND or state not in BOUND:
            self.home = None
        self.state, self.wanted = state, set()
        self.waits = {"PARKED"} if state is BLOCKED else set()
        self.tokens -= self.waits

    @invariant()
    def agrees(self):
        assert self.vcpu.state is self.state
        assert self.vcpu.in_transition == (None if self.runner is None else "run")
        waits = self.vcpu.block_reason
        assert (set() if waits is None else {reason.name for reason in waits}) == self.waits
        assert (waits is None) == (self.state is not BLOCKED)
        if self.state is not RUNNING:
            assert {reason.name for reason in self.vcpu.wake_tokens} == self.tokens
        assert (self.vcpu.invalid_reason is None) == (self.state is not INVALID)
        assert self.arch.calls == self.calls
        for number, worker in enumerate(self.workers):
            if number != self.runner:
                assert worker.do(get_current_vcpu) is None


def test_any_order_of_operations_from_several_threads_agrees_with_the_model(arch_type):
    bound = type("Core", (Core,), {"arch_type": arch_type})
    run_state_machine_as_test(
        bound, settings=settings(max_examples=60, stateful_step_count=40, deadline=None)
    )
