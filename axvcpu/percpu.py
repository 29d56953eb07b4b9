"""Physical CPUs: a host thread that called `AxPerCpu.init`, and the vCPU that is current on each host thread.

`this.cpu` costs one look into thread-local storage; the rest are slots of that object. `TABLE` shows native
code the control block of the vCPU that each physical CPU runs; `axvcpu.hot.current_control` reads it.
"""

from __future__ import annotations

import threading
from array import array
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from axvcpu.arch import AxArchPerCpu
from axvcpu.errors import BadState, InvalidInput, NestedVCpuOperation
from axvcpu.states import VCpuState

if TYPE_CHECKING:
    from axvcpu.vcpu import AxVCpu

MAX_CPUS: Final = 256
TABLE: Final = array("Q", bytes(8 * MAX_CPUS))
"""Per physical CPU number the address of the current vCPU's control block, 0 for none. Never moves."""

_cells: Final = memoryview(TABLE)
_registry: Final = threading.Lock()
_by_number: Final[dict[int, AxPerCpu[Any]]] = {}

ArchT = TypeVar("ArchT", bound=AxArchPerCpu)


class PerCpuState(Enum):
    UNINITIALISED = "uninitialised"
    DISABLED = "disabled"
    ENABLED = "enabled"


class HostCpu:
    """What one host thread is to the core."""

    __slots__ = ("cell", "percpu", "vcpu")

    def __init__(self) -> None:
        self.vcpu: AxVCpu[Any] | None = None
        self.percpu: AxPerCpu[Any] | None = None
        self.cell: memoryview = memoryview(array("Q", (0,)))  # its word of TABLE once it is a physical CPU


class _This(threading.local):
    def __init__(self) -> None:
        self.cpu = HostCpu()


this: Final = _This()


def current_control(table: array[int], cpu: int) -> int:
    """Address of the control block that physical CPU `cpu` runs; 0 for none, and for no such CPU."""
    return table[cpu] if 0 <= cpu < len(table) else 0


def get_current_vcpu() -> AxVCpu[Any] | None:
    return this.cpu.vcpu


def set_current_vcpu(vcpu: AxVCpu[Any]) -> None:
    """For architecture code. Raises NestedVCpuOperation where one is current already; that one stays."""
    cpu = this.cpu
    if cpu.vcpu is not None:
        raise NestedVCpuOperation(cpu.vcpu.vm_id, cpu.vcpu.id, vcpu.vm_id, vcpu.id)
    cpu.vcpu = vcpu
    cpu.cell[0] = vcpu.arch.control_address


def clear_current_vcpu() -> None:
    cpu = this.cpu
    cpu.vcpu = None
    cpu.cell[0] = 0


class AxPerCpu(Generic[ArchT]):
    """One physical CPU: uninitialised until `init`, then disabled or enabled as its architecture says."""

    __slots__ = ("_arch", "_arch_type", "_host", "_number", "_thread")

    def __init__(self, arch_type: type[ArchT]) -> None:
        self._arch_type = arch_type
        self._arch: ArchT | None = None
        self._number: int | None = None
        self._host: HostCpu | None = None
        self._thread: threading.Thread | None = None

    def init(self, number: int | None = None) -> None:
        """Make the calling thread physical CPU `number`, below MAX_CPUS; None takes the lowest free one.

        Raises BadState where this object, this thread or the number is in use (a dead thread's number is free
        again). A failure, of the architecture's too, leaves everything uninitialised.
        """
        host = this.cpu
        with _registry:
            for taken, owner in tuple(_by_number.items()):
                if owner._thread is not None and not owner._thread.is_alive():
                    owner._forget(taken)
            if number is None:
                number = next((n for n in range(MAX_CPUS) if n not in _by_number), MAX_CPUS)
            if not 0 <= number < MAX_CPUS:
                raise InvalidInput("physical CPU", f"0..{MAX_CPUS - 1}", str(number))
            if self._number is not None:
                raise self._bad_state(f"init of physical CPU {number} on an object that is {self._number}")
            if host.percpu is not None:
                raise host.percpu._bad_state(
                    f"init of physical CPU {number} on the thread of {host.percpu._number}"
                )
            if number in _by_number:
                raise _by_number[number]._bad_state(f"init of physical CPU {number}, which another thread is")
            self._number, self._thread = number, threading.current_thread()
            _by_number[number] = self
        try:
            self._arch = self._arch_type.new(number)
            self._host, host.percpu, host.cell = host, self, _cells[number : number + 1]
        except BaseException:
            with _registry:
                self._forget(number)
            raise

    def _forget(self, number: int) -> None:
        host = self._host
        self._arch = self._number = self._host = self._thread = None
        _by_number.pop(number, None)
        _cells[number] = 0
        if host is not None:
            host.percpu, host.cell = None, memoryview(array("Q", (0,)))

    def _bad_state(self, operation: str, *expected: PerCpuState) -> BadState:
        in_progress = "init" if self._number is not None and self._arch is None else None
        return BadState(expected or PerCpuState.UNINITIALISED, self.state, operation, in_progress=in_progress)

    def _initialised(self, operation: str) -> ArchT:
        if self._arch is None:
            raise self._bad_state(f"{operation} of a physical CPU", PerCpuState.DISABLED, PerCpuState.ENABLED)
        return self._arch

    @property
    def state(self) -> PerCpuState:
        if self._arch is None:
            return PerCpuState.UNINITIALISED
        return PerCpuState.ENABLED if self._arch.is_enabled() else PerCpuState.DISABLED

    @property
    def number(self) -> int:
        """Raises BadState while uninitialised, as every operation below but `close`."""
        self._initialised("number")
        assert self._number is not None
        return self._number

    @property
    def arch(self) -> ArchT:
        return self._initialised("arch")

    @property
    def is_enabled(self) -> bool:
        return self._initialised("is_enabled").is_enabled()

    def hardware_enable(self) -> None:
        """Raises BadState where it is enabled already."""
        arch = self._initialised("hardware_enable")
        if arch.is_enabled():
            raise self._bad_state(f"hardware_enable of physical CPU {self._number}", PerCpuState.DISABLED)
        arch.hardware_enable()

    def hardware_disable(self) -> None:
        """Raises BadState where it is disabled already."""
        arch = self._initialised("hardware_disable")
        if not arch.is_enabled():
            raise self._bad_state(f"hardware_disable of physical CPU {self._number}", PerCpuState.ENABLED)
        arch.hardware_disable()

    def max_guest_page_table_levels(self) -> int:
        return self._initialised("max_guest_page_table_levels").max_guest_page_table_levels()

    def close(self) -> None:
        """Back to uninitialised, disabling first where enabled; fine in every state, from any thread.

        Raises BadState while a vCPU is current here.
        """
        arch, number, host = self._arch, self._number, self._host
        if arch is None or number is None:
            return
        if host is not None and host.vcpu is not None:
            vcpu, operation = host.vcpu, f"close of physical CPU {number}"
            busy = vcpu.in_transition or "set_current_vcpu"
            raise BadState(VCpuState.READY, vcpu.state, operation, vcpu.vm_id, vcpu.id, busy)
        try:
            if arch.is_enabled():
                arch.hardware_disable()
        finally:
            with _registry:
                self._forget(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"AxPerCpu({self._number}, {self.state.value})"
