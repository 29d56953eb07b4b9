"""Why a vCPU left the guest: a closed union of small slotted values.

Match it to the end (`typing.assert_never`), so that a new exit fails the type check where nobody answers it.
The values are frozen for the type checker only: freezing them at run time costs 0.6 us an exit. Addresses are
guest-physical unless a field says otherwise; widths are in bytes (`AccessWidth`); values are unsigned.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, IntFlag
from typing import Final, TypeAlias, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def _exit(cls: type[T]) -> type[T]:
    return dataclass(slots=True, unsafe_hash=True)(cls)


KICK: Final = -1
"""The vector of an ExternalInterrupt that is no guest's: Ctrl-C, or another thread asked for control."""


class AccessWidth(IntEnum):
    BYTE = 1
    WORD = 2
    DWORD = 4
    QWORD = 8


class AccessFlags(IntFlag):
    READ = 1
    WRITE = 2
    EXECUTE = 4


class SystemDownReason(Enum):
    SHUTDOWN = "shutdown"
    REBOOT = "reboot"
    EXIT_CODE = "exit code"  # the guest gave its own verdict, `code`


class DebugKind(Enum):
    BREAKPOINT = "breakpoint"
    WATCHPOINT = "watchpoint"
    STEP = "step"


@_exit
class Hypercall:
    """The guest called its hypervisor. Answer with `set_return_value`; an unknown `nr` is answered too.

    `extension` is None for a call to the VMM itself. Else the call was meant for firmware: its function `nr` of that
    extension, in the ISA's own numbering (RISC-V: EID and FID of SBI).
    """

    nr: int
    args: tuple[int, int, int, int, int, int]
    extension: int | None = None


@_exit
class MmioRead:
    """A load from a device. Answer with `arch.complete(value)`; unanswered, the next run gives the same
    exit."""

    addr: int
    width: int
    window: int = -1
    """Index of the device window, -1 where the architecture does not know it."""
    reg: int | None = None
    """The register that takes the value; None, as `reg_width`, where the access completes by executing the
    instruction again, which then extends by itself."""
    reg_width: int | None = None
    signed_ext: bool = False


@_exit
class MmioWrite:
    """A store to a device; `data` is masked to `width`. When the device has taken it, `arch.complete(0)`."""

    addr: int
    width: int
    data: int
    window: int = -1


@_exit
class SysRegRead:
    """A read of a system register that the architecture does not hold. `addr` is the ISA's own encoding."""

    addr: int
    reg: int


@_exit
class SysRegWrite:
    addr: int
    value: int


@_exit
class IoRead:
    """An x86 port read; answered as MmioRead."""

    port: int
    width: int


@_exit
class IoWrite:
    port: int
    width: int
    data: int


@_exit
class ExternalInterrupt:
    """A host event ended the run; `vector` KICK for our own."""

    vector: int


@_exit
class NestedPageFault:
    """Nothing backs this guest-physical address; the VM's policy answers."""

    addr: int
    access_flags: AccessFlags


@_exit
class Halt:
    """The guest waits for an interrupt."""


@_exit
class CpuUp:
    """The guest starts another of its CPUs; `target_cpu` is its own id for it (hart id, MPIDR, APIC id). The caller
    gets its firmware's answer by `set_return_value`."""

    target_cpu: int
    entry_point: int
    arg: int


@_exit
class CpuDown:
    """The guest switched this vCPU off, until CpuUp; `state` is the power state that it asked for."""

    state: int


@_exit
class SystemDown:
    """The guest ended its machine; `code` is its verdict, 0 where it passes or gave none."""

    reason: SystemDownReason
    code: int = 0


@_exit
class SendIpi:
    """An interrupt from this vCPU to others. The target is in the guest's numbering: `target_cpu` a CPU or
    the high part, `target_cpu_aux` a mask or the low part, as the ISA's interrupt controller has it (RISC-V SBI: the
    first hart of the mask, and the mask). A call to firmware gets its answer by `set_return_value`."""

    target_cpu: int
    target_cpu_aux: int
    send_to_all: bool
    send_to_self: bool
    vector: int


@_exit
class FailEntry:
    """The engine could not run, and not by our doing; `text` says what it said."""

    hardware_entry_failure_reason: int
    text: str


@_exit
class Nothing:
    """Native code finished everything, and somebody asked for control."""


@_exit
class PreemptionTimer:
    """The deadline is reached: retired == deadline."""


@_exit
class GuestException:
    """The guest crashed: an exception that nobody delivers, or (`trap_loop`) the same cause at the same pc
    twice with nothing retired between. `pc` and `fault_address` are guest-virtual."""

    vector: int
    name: str
    pc: int
    fault_address: int | None = None
    trap_loop: bool = False


@_exit
class Debug:
    """A debugger's stop. `address` is what a watchpoint saw (guest-virtual), None for the other kinds."""

    kind: DebugKind
    pc: int
    address: int | None = None


AxVCpuExitReason: TypeAlias = (
    Hypercall
    | MmioRead
    | MmioWrite
    | SysRegRead
    | SysRegWrite
    | IoRead
    | IoWrite
    | ExternalInterrupt
    | NestedPageFault
    | Halt
    | CpuUp
    | CpuDown
    | SystemDown
    | SendIpi
    | FailEntry
    | Nothing
    | PreemptionTimer
    | GuestException
    | Debug
)
