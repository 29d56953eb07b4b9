"""The state machine of a vCPU, safe against other threads, failures and signals.

Theory. A vCPU is *in transition* from the check of its state to the commit of the next one. The slot `_idle`
is that fact: it is set while nobody is in transition, and `del self._idle` claims it. Deleting a slot is one
bytecode that either takes it or raises: of two threads one wins, and no signal handler runs between the claim
and the `try` that gives it back. (With a lock, a KeyboardInterrupt between acquire() and `try` would leave
the vCPU in transition for ever; a test shoots at that gap. A lock also costs 0.15 us more an exit.) Readers
never claim.

Two kinds of operation claim. Transitions (setup, bind, unbind, run, with_state_transition) may last; who
meets one is refused with BadState(in_progress). Brief operations (set_gpr and its like, block, wake) hold
`_brief` besides; who meets one waits for it.

Wakes, block requests and interrupts are posted first, atomically, and taken in by whoever holds the claim.
Who cannot claim leaves the post: the holder looks again after it has let go. So none is lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from axvcpu.errors import BadState, IllegalEdge, InvalidInput
from axvcpu.percpu import HostCpu
from axvcpu.states import ALL_REASONS, WAKES, BlockReason, VCpuState, WakeEvent, is_legal, targets
from axvcpu.waits import Waits

R = TypeVar("R")

INVALID: Final = VCpuState.INVALID
CREATED: Final = VCpuState.CREATED
FREE: Final = VCpuState.FREE
READY: Final = VCpuState.READY
RUNNING: Final = VCpuState.RUNNING
BLOCKED: Final = VCpuState.BLOCKED

_BOUND: Final = (READY, RUNNING, BLOCKED)


@dataclass(frozen=True, slots=True)
class InvalidReason:
    """Why a vCPU became INVALID: the operation, and what it raised (None: set by hand)."""

    operation: str
    cause: BaseException | None

    def __str__(self) -> str:
        if self.cause is None:
            return f"{self.operation} set it"
        return f"{self.operation} failed: {type(self.cause).__name__}: {self.cause}"


class StateMachine:
    """State, transitions, block and wake of the vCPU `vcpu_id` of VM `vm_id`; it begins in CREATED.

    Raises InvalidInput for a negative id.
    """

    __slots__ = (
        "_brief", "_home", "_idle", "_invalid", "_operation", "_posts", "_state", "_waits", "id", "vm_id",
    )  # fmt: skip

    def __init__(self, vm_id: int, vcpu_id: int) -> None:
        for name, number in (("vm_id", vm_id), ("vcpu_id", vcpu_id)):
            if number < 0:
                raise InvalidInput(name, "0 or more", str(number))
        self.vm_id: Final = vm_id
        self.id: Final = vcpu_id
        self._state = CREATED
        self._operation = ""
        self._invalid: InvalidReason | None = None
        self._home: HostCpu | None = None  # where it is bound; nowhere once it was FREE
        self._brief = threading.RLock()  # reentrant: a signal handler may wake amid a brief operation
        self._waits = Waits()
        self._posts = self._waits.posts
        self._idle: bool = True

    @property
    def state(self) -> VCpuState:
        return self._state

    @property
    def in_transition(self) -> str | None:
        """The operation in transition, None where there is none."""
        return None if hasattr(self, "_idle") else self._operation

    @property
    def invalid_reason(self) -> InvalidReason | None:
        """Why it is INVALID; None in every other state."""
        return self._invalid

    @property
    def block_reason(self) -> BlockReason | None:
        """What it waits for (several bits where several), None unless BLOCKED."""
        reasons = self._waits.reasons
        return BlockReason(reasons) if self._state is BLOCKED else None

    @property
    def wake_tokens(self) -> BlockReason:
        """The reasons whose next block is answered already."""
        return self._waits.all_tokens

    def with_state_transition(
        self, from_: VCpuState, to: VCpuState, f: Callable[[], R], operation: str = "with_state_transition"
    ) -> R:
        """Check that the state is `from_`, run `f`, commit `to`; what `f` returns.

        Readers see `from_` until the commit. Another state makes the vCPU INVALID and raises BadState, `f`
        not called; an exception of `f` makes it INVALID and goes on unchanged. While another operation is in
        transition: BadState(in_progress), nothing changed. An edge that is not in the table: IllegalEdge,
        nothing changed. A commit never overwrites INVALID. BLOCKED entered this way is PARKED, and
        READY at once where a token answers that.
        """
        return self._transit((from_,), to, f, operation)

    def transition_state(self, from_: VCpuState, to: VCpuState) -> None:
        """`with_state_transition` with nothing between."""
        self._transit((from_,), to, nothing, "transition_state")

    def block(self, reason: BlockReason) -> bool:
        """READY to BLOCKED until a matching `wake`; whether it is BLOCKED now.

        A wake that came before answers it at once. During a run, from any thread, it is a request: the run in
        progress ends in BLOCKED. In BLOCKED it adds a reason. In any other state it is a failed transition.
        """
        if not reason or int(reason) & ~int(ALL_REASONS):
            raise InvalidInput("block reason", f"one or more of {ALL_REASONS!r}", repr(reason))
        try:
            self._briefly("block", tuple(VCpuState), partial(self._block, reason))
        except BadState as refusal:
            if refusal.in_progress != "run" and refusal.actual is not RUNNING:
                raise
            self._waits.post_block(reason)
            self._settle()
        return self._state is BLOCKED

    def wake(self, event: WakeEvent) -> bool:
        """Answer the reasons that `event` answers (`WAKES`); whether this made it READY.

        From any thread, in any state. A reason that it does not wait for now gets a token, at most one, that
        the next block of that reason consumes.
        """
        self._waits.post_wake(WAKES[event])
        return self._settle()

    def set_state(
        self,
        state: VCpuState,
        *,
        block_reason: BlockReason | None = None,
        wake_tokens: BlockReason | None = None,
    ) -> None:
        """UNSAFE: set the state unchecked, whatever is in progress; to restore a saved vCPU or leave INVALID.

        BLOCKED without a reason is PARKED. `wake_tokens` None keeps the tokens of other reasons. The
        architecture is not told. A run in progress ends in READY, or in what `block` asks for after this;
        INVALID stays. Where it is bound is forgotten, unless both the old and the new state are one of READY,
        RUNNING and BLOCKED: interrupts are queued then until the next entry.
        """
        waits = self._waits
        if wake_tokens is not None:
            waits.posts.clear()
            waits.tokens = int(wake_tokens)
        waits.enter((block_reason or BlockReason.PARKED) if state is BLOCKED else BlockReason(0))
        self._invalid = InvalidReason("set_state", None) if state is INVALID else None
        if state not in _BOUND or self._state not in _BOUND:
            self._home = None
        self._state = state

    def _claimed(self, operation: str, expected: tuple[VCpuState, ...], f: Callable[[], R]) -> R:
        try:
            del self._idle
        except AttributeError:
            self._claim(operation, expected)
        try:
            self._operation = operation
            return f()
        finally:
            self._idle = True
            if self._posts:
                self._settle()

    def _claim(self, operation: str, expected: tuple[VCpuState, ...]) -> None:
        """Claim after a first attempt failed: wait for a brief operation, refuse a transition."""
        with self._brief:
            try:
                del self._idle
            except AttributeError:
                raise self._bad_state(operation, expected, self._operation) from None

    def _transit(self, from_: tuple[VCpuState, ...], to: VCpuState, f: Callable[[], R], operation: str) -> R:
        for state in from_:
            if not is_legal(state, to):
                legal = " or ".join(target.name for target in targets(state)) or "no transition"
                raise IllegalEdge(f"{operation} from {state.name}", legal, to.name)
        return self._claimed(operation, from_, partial(self._step, from_, to, f, operation))

    def _step(self, from_: tuple[VCpuState, ...], to: VCpuState, f: Callable[[], R], operation: str) -> R:
        """One edge, under the claim."""
        try:
            if self._state not in from_:
                raise self._bad_state(operation, from_)
            value = f()
            self._commit(to, operation)
        except BaseException as error:
            first, self._state = self._state is not INVALID, INVALID  # before any call that a signal may end
            if first:
                self._invalid = InvalidReason(operation, error)
            raise
        return value

    def _commit(self, to: VCpuState, operation: str) -> None:
        """Leave the old state, with what it waited for, for `to`, or for what the posts make of it."""
        waits = self._waits
        waits.reasons = 0
        if to is BLOCKED:
            waits.post_block(BlockReason.PARKED)
        if to is BLOCKED or (to is READY and self._posts):
            to = BLOCKED if waits.settle() else READY
        if to is FREE:
            self._home = None
        if to is INVALID:
            self._invalidate(operation, None)
        elif self._state is not INVALID:
            self._state = to

    def _briefly(self, operation: str, allowed: tuple[VCpuState, ...], f: Callable[[], None]) -> None:
        try:
            with self._brief:
                try:
                    del self._idle
                except AttributeError:
                    raise self._bad_state(operation, allowed, self._operation) from None
                try:
                    self._operation = operation
                    if self._state not in allowed:
                        raise self._bad_state(operation, allowed)
                    f()
                finally:
                    self._idle = True
        finally:
            if self._posts:
                self._settle()

    def _settle(self) -> bool:
        """Let posts take effect where they can now; whether a wake made it READY.

        Never waits for a transition: whoever is in one comes here after it.
        """
        woke = False
        while self._posts and (self._state is BLOCKED or (self._state is READY and self._waits.block_posted)):
            with self._brief:
                try:
                    del self._idle
                except AttributeError:
                    break
                try:
                    self._operation = "wake"
                    if self._state is BLOCKED or self._state is READY:
                        before, waits = self._state, self._waits.settle()
                        self._state = BLOCKED if waits else READY
                        woke |= before is BLOCKED and not waits
                finally:
                    self._idle = True
        return woke

    def _block(self, reason: BlockReason) -> None:
        if self._state in (READY, BLOCKED):
            self._waits.post_block(reason)
            self._state = BLOCKED if self._waits.settle() else READY
        elif self._state is RUNNING:
            self._waits.post_block(reason)
        else:
            refusal = self._bad_state("block", (READY, RUNNING, BLOCKED))
            self._invalidate("block", refusal)
            raise refusal

    def _invalidate(self, operation: str, cause: BaseException | None) -> None:
        """The first reason stays."""
        if self._state is not INVALID:
            self._invalid = InvalidReason(operation, cause)
            self._state = INVALID

    def _bad_state(
        self, operation: str, expected: tuple[VCpuState, ...], in_progress: str | None = None
    ) -> BadState:
        wanted = expected[0] if len(expected) == 1 else expected
        reason = None if self._invalid is None else str(self._invalid)
        return BadState(wanted, self._state, operation, self.vm_id, self.id, in_progress, reason)


def nothing() -> None:
    """The function of a transition that does nothing but change the state."""
