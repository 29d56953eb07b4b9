"""A vCPU: a state machine (`axvcpu.transition`, read its theory first) around one architecture object."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final, Generic, Self, TypeVar

from axvcpu.affinity import allows, cpu_numbers, favoured
from axvcpu.arch import AxArchVCpu, Config
from axvcpu.errors import BadState, InvalidInput, NestedVCpuOperation
from axvcpu.exits import AxVCpuExitReason
from axvcpu.percpu import this
from axvcpu.states import VCpuState
from axvcpu.transition import (
    BLOCKED,
    CREATED,
    FREE,
    INVALID,
    READY,
    RUNNING,
    InvalidReason,
    StateMachine,
    nothing,
)

ArchT = TypeVar("ArchT", bound=AxArchVCpu)
R = TypeVar("R")

_SETTABLE: Final = (FREE, READY, BLOCKED)
_INJECTABLE: Final = (FREE, READY, RUNNING, BLOCKED)


class AxVCpu(StateMachine, Generic[ArchT]):
    """The vCPU `vcpu_id` of VM `vm_id`, in state CREATED.

    `phys_cpu_set` is a bit mask of the physical CPUs that may run it, None any; `favor_phys_cpu` the one
    preferred, by default the lowest allowed. Raises InvalidInput for an empty mask, a negative id, or a
    favourite outside the mask.
    """

    __slots__ = ("_address", "_injected", "_shadow", "arch", "favor_phys_cpu", "phys_cpu_set")

    def __init__(
        self,
        vm_id: int,
        vcpu_id: int,
        arch: ArchT,
        *,
        favor_phys_cpu: int | None = None,
        phys_cpu_set: int | None = None,
    ) -> None:
        super().__init__(vm_id, vcpu_id)
        self.arch: Final[ArchT] = arch
        self.phys_cpu_set: Final = phys_cpu_set
        self.favor_phys_cpu: Final = favoured(favor_phys_cpu, phys_cpu_set)
        self._injected: deque[int] = deque()
        self._shadow: dict[tuple[str, int | str], Callable[[], None]] = {}
        self._address = 0  # of the control block, for native readers

    @classmethod
    def new(
        cls,
        arch_type: type[ArchT],
        vm_id: int,
        vcpu_id: int,
        config: Config = None,
        *,
        favor_phys_cpu: int | None = None,
        phys_cpu_set: int | None = None,
    ) -> Self:
        """A vCPU with an architecture object of its own, made of `config`."""
        arch = arch_type.new(vm_id, vcpu_id, config)
        return cls(vm_id, vcpu_id, arch, favor_phys_cpu=favor_phys_cpu, phys_cpu_set=phys_cpu_set)

    def __repr__(self) -> str:
        return f"AxVCpu(vm_id={self.vm_id}, id={self.id}, state={self._state.name})"

    @property
    def is_bsp(self) -> bool:
        """Whether this is the VM's boot processor."""
        return self.id == 0

    @property
    def deadline(self) -> int | None:
        """Absolute count of retired instructions at which run returns PreemptionTimer; None: no bound."""
        return self.arch.deadline

    @deadline.setter
    def deadline(self, retired: int | None) -> None:
        if retired is not None and retired < 0:
            raise InvalidInput("deadline", "a count of retired instructions, or None", str(retired))
        self.arch.deadline = retired

    def with_current_cpu_set(self, f: Callable[[], R]) -> R:
        """Run `f` with this vCPU current on the calling thread.

        Raises NestedVCpuOperation, with nothing changed, where any vCPU, this one too, is current already.
        """
        cpu = this.cpu
        if cpu.vcpu is not None:
            raise NestedVCpuOperation(cpu.vcpu.vm_id, cpu.vcpu.id, self.vm_id, self.id)
        cpu.vcpu = self
        cpu.cell[0] = self._address
        try:
            return f()
        finally:
            cpu.vcpu = None
            cpu.cell[0] = 0

    def manipulate_arch_vcpu(
        self,
        from_: VCpuState,
        to: VCpuState,
        f: Callable[[ArchT], R],
        operation: str = "manipulate_arch_vcpu",
    ) -> R:
        """`with_state_transition` around `with_current_cpu_set` around `f(arch)`."""
        return self._transit((from_,), to, self._on_arch(f), operation)

    def _on_arch(self, f: Callable[[ArchT], R]) -> Callable[[], R]:
        return partial(self.with_current_cpu_set, partial(f, self.arch))

    def setup(self, entry: int, ept_root: int, config: Config = None) -> None:
        """CREATED to FREE: `entry` is the first instruction's guest-physical address."""

        def prepare(arch: ArchT) -> None:
            arch.set_entry(entry)
            arch.set_ept_root(ept_root)
            arch.setup(config)
            self._address = arch.control_address

        self.manipulate_arch_vcpu(CREATED, FREE, prepare, "setup")

    def bind(self) -> None:
        """FREE to READY on the calling thread's physical CPU; what was set while FREE is applied.

        Raises InvalidInput, with nothing changed, on a physical CPU outside `phys_cpu_set`.
        """
        home = this.cpu
        if home.percpu is not None and not allows(self.phys_cpu_set, home.percpu.number):
            raise InvalidInput(
                f"physical CPU of vCPU {self.id} of VM {self.vm_id}",
                f"one of {cpu_numbers(self.phys_cpu_set or 0)} (phys_cpu_set)",
                str(home.percpu.number),
            )

        def load(arch: ArchT) -> None:
            arch.bind()
            for write in self._shadow.values():
                write()
            self._shadow.clear()
            self._home = home

        self.manipulate_arch_vcpu(FREE, READY, load, "bind")

    def unbind(self) -> None:
        """READY or BLOCKED to FREE. A reason to wait is dropped: who wants it kept blocks again after it."""
        self._transit((READY, BLOCKED), FREE, partial(self.with_current_cpu_set, self.arch.unbind), "unbind")

    def run(self) -> AxVCpuExitReason:
        """READY to RUNNING, into the guest, and READY again, or BLOCKED where `block` was asked meanwhile;
        why the guest was left. `deadline` bounds it.

        The body is `run_by_steps` written out: 0.25 us around the architecture's run instead of 1.1.
        """
        cpu = this.cpu
        try:
            del self._idle
        except AttributeError:
            self._claim("run", (READY,))
        try:
            self._operation = "run"
            if self._state is not READY:
                raise self._bad_state("run", (READY,))
            self._state = RUNNING
            if cpu.vcpu is not None:
                raise NestedVCpuOperation(cpu.vcpu.vm_id, cpu.vcpu.id, self.vm_id, self.id)
            cpu.vcpu = self
            cpu.cell[0] = self._address
            try:
                if self._injected:
                    self._inject()
                reason = self.arch.run()
            finally:
                cpu.vcpu = None
                cpu.cell[0] = 0
            if self._state is RUNNING and not self._posts:
                self._state = READY
            else:
                self._commit(READY, "run")
        except BaseException as error:
            first, self._state = self._state is not INVALID, INVALID  # before any call that a signal may end
            if first:
                self._invalid = InvalidReason("run", error)
            raise
        finally:
            self._idle = True
        if self._posts:
            self._settle()
        return reason

    def run_by_steps(self) -> AxVCpuExitReason:
        """The reference of `run`, composed of the core operations; tests compare the two."""

        def enter() -> AxVCpuExitReason:
            self._inject()
            return self.arch.run()

        def steps() -> AxVCpuExitReason:
            try:
                self._step((READY,), RUNNING, nothing, "run")
                return self._step((RUNNING,), READY, partial(self.with_current_cpu_set, enter), "run")
            except BaseException as error:
                first, self._state = self._state is not INVALID, INVALID
                if first:
                    self._invalid = InvalidReason("run", error)
                raise

        return self._claimed("run", (READY,), steps)

    def set_entry(self, gpa: int) -> None:
        """Legal in FREE, READY and BLOCKED, as `set_gpr` and `set_return_value`; BadState, with nothing
        changed, elsewhere. In FREE it is kept and applied by bind."""
        self._write("set_entry", "", partial(self.arch.set_entry, gpa))

    def set_gpr(self, reg: int | str, value: int) -> None:
        self._write("set_gpr", reg, partial(self.arch.set_gpr, reg, value))

    def set_return_value(self, value: int, *more: int) -> None:
        """The results of a hypercall, as many as its ABI has (RISC-V: a0, then a1)."""
        self._write("set_return_value", "", partial(self.arch.set_return_value, value, *more))

    def read_register(self, name: str) -> int:
        """Any register by the ISA's name or alias, unnoticed by the guest; for a vCPU that is not running."""
        return self.arch.read_register(name)

    def write_register(self, name: str, value: int) -> None:
        """Likewise; legal where `set_gpr` is."""
        self._write("write_register", name, partial(self.arch.write_register, name, value))

    def inject_interrupt(self, vector: int) -> None:
        """Make `vector` pending; BadState in CREATED and INVALID.

        In READY and BLOCKED, on the thread that bound it, the architecture gets it at once. From other
        threads, in FREE, in RUNNING, during a transition and where `set_state` has forgotten the binding it is
        queued and delivered before the next entry; a vector that is queued already is not queued twice.
        """
        if self._state not in _INJECTABLE:
            raise self._bad_state("inject_interrupt", _INJECTABLE)
        if vector not in self._injected:
            self._injected.append(vector)
        if self._home is this.cpu:
            try:
                self._briefly("inject_interrupt", _INJECTABLE, self._inject_now)
            except BadState as refusal:
                if refusal.in_progress is None:
                    raise

    def _inject_now(self) -> None:
        if self._home is this.cpu and self._state in (READY, BLOCKED):
            self._inject()

    def _inject(self) -> None:
        queue = self._injected
        while queue:
            try:
                self.arch.inject_interrupt(queue[0])
            finally:
                queue.popleft()

    def _write(self, operation: str, key: int | str, write: Callable[[], None]) -> None:
        def apply() -> None:
            if self._state is FREE:
                self._shadow.pop((operation, key), None)  # the order of the last writes is kept
                self._shadow[operation, key] = write
            else:
                write()

        self._briefly(operation, _SETTABLE, apply)
