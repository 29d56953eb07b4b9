"""What an architecture implements: the vCPU's guest state and its run, and the physical CPU it runs on.

The core calls these under its own rules (`AxVCpu`, `AxPerCpu`): never two at a time for one vCPU, and with
this vCPU current on the calling thread in setup, bind, unbind and run. Any exception of those four makes the
vCPU INVALID and goes on to the caller.
"""

from __future__ import annotations

from typing import Any, Protocol, Self, TypeAlias

from axvcpu.exits import AccessFlags, AxVCpuExitReason

Config: TypeAlias = Any
"""An architecture's own configuration value."""

SavedState: TypeAlias = Any
"""An architecture's own plain, picklable value."""


class AxArchVCpu(Protocol):
    deadline: int | None
    """Absolute count of retired instructions at which run must return PreemptionTimer; None: no bound."""

    @property
    def control_address(self) -> int:
        """Host address of the control block that native code reads, 0 where there is none; fixed once set
        up."""
        ...

    @classmethod
    def new(cls, vm_id: int, vcpu_id: int, config: Config) -> Self: ...

    def set_entry(self, gpa: int) -> None: ...

    def set_ept_root(self, hpa: int) -> None:
        """The address space that backs guest-physical addresses."""
        ...

    def setup(self, config: Config) -> None: ...

    def run(self) -> AxVCpuExitReason:
        """Enter the guest, loading the context first where another is loaded; return why it left."""
        ...

    def bind(self) -> None:
        """Take a place on the calling thread's physical CPU. A context still loaded there is not loaded
        again."""
        ...

    def unbind(self) -> None:
        """Leave the physical CPU; the guest state is kept."""
        ...

    def set_gpr(self, reg: int | str, value: int) -> None:
        """A general register by the ISA's number or name. InvalidInput for one that the ISA does not have."""
        ...

    def inject_interrupt(self, vector: int) -> None:
        """Make `vector` pending; the guest takes it when it can, at the next entry at the earliest."""
        ...

    def set_return_value(self, value: int, *more: int) -> None:
        """The result registers of the ISA's hypercall ABI, in its order; those without a value keep theirs.

        The vCPU goes on behind the call, whenever it next runs."""
        ...

    def complete(self, value: int) -> None:
        """Answer the MMIO or port access of the last exit; the next run executes its instruction with it.
        A read takes `value` masked to the access width; a write ignores it."""
        ...

    def read_register(self, name: str) -> int: ...

    def write_register(self, name: str, value: int) -> None: ...

    def translate(self, gva: int, access: AccessFlags = AccessFlags.READ) -> int | None:
        """Guest-virtual to guest-physical by the guest's tables; None where the guest would fault. No
        effect."""
        ...

    def save(self) -> SavedState:
        """The whole guest state of this vCPU, registers by name."""
        ...

    def restore(self, state: SavedState) -> None: ...


class AxArchPerCpu(Protocol):
    @classmethod
    def new(cls, cpu_id: int) -> Self: ...

    def is_enabled(self) -> bool: ...

    def hardware_enable(self) -> None: ...

    def hardware_disable(self) -> None: ...

    def max_guest_page_table_levels(self) -> int: ...
