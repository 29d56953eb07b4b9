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
    HOOK = "hook"


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
class WatchHit:
    """What one instruction did to one watched range: `watched` is the range (guest-physical address, bytes), `address`
    (guest-physical) and `width` are those of its first access there, `access` says whether it read, wrote, or both.

    before and after are the bytes of the range; before is None where the instruction wrote too often to tell.
    """

    address: int
    width: int
    access: AccessFlags
    watched: tuple[int, int]
    before: bytes | None
    after: bytes


@_exit
class Debug:
    """A debugger's stop. `pc` is that of the instruction which a breakpoint stops before, or which made a watched
    access: it has completed then, and the vCPU stands behind it. hits: a watchpoint's ranges that the instruction
    touched, in the order of its first accesses; none for the other kinds."""

    kind: DebugKind
    pc: int
    hits: tuple[WatchHit, ...] = ()

    @property
    def address(self) -> int | None:
        """Guest-physical address of a watchpoint's first access."""
        return self.hits[0].address if self.hits else None

    @property
    def width(self) -> int | None:
        """Bytes of that access."""
        return self.hits[0].width if self.hits else None

    @property
    def access(self) -> AccessFlags | None:
        """What the instruction did to the first range: READ, WRITE or both."""
        return self.hits[0].access if self.hits else None

    @property
    def before(self) -> bytes | None:
        """The bytes of the first range before the instruction."""
        return self.hits[0].before if self.hits else None

    @property
    def after(self) -> bytes | None:
        """And after it."""
        return self.hits[0].after if self.hits else None


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
