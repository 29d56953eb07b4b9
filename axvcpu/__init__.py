"""The vCPU core: states, exits, errors, physical CPUs, and the contract of an architecture.

No engine, no device, no I/O. `axvcpu.dispatch` and `axvcpu.control` (numpy) and `axvcpu.hot` (numba) are
imported by name where they are needed; this package itself needs neither.
"""

from axvcpu.action import Action
from axvcpu.affinity import phys_cpu_sets
from axvcpu.arch import AxArchPerCpu, AxArchVCpu
from axvcpu.errors import (
    AxError,
    AxErrorKind,
    BadState,
    IllegalEdge,
    InvalidInput,
    NestedVCpuOperation,
    OverlappingRows,
    Unsupported,
)
from axvcpu.exits import (
    KICK,
    AccessFlags,
    AccessWidth,
    AxVCpuExitReason,
    CpuDown,
    CpuUp,
    Debug,
    DebugKind,
    ExternalInterrupt,
    FailEntry,
    GuestException,
    Halt,
    Hypercall,
    IoRead,
    IoWrite,
    MmioRead,
    MmioWrite,
    NestedPageFault,
    Nothing,
    PreemptionTimer,
    SendIpi,
    SysRegRead,
    SysRegWrite,
    SystemDown,
    SystemDownReason,
)
from axvcpu.percpu import (
    MAX_CPUS,
    AxPerCpu,
    PerCpuState,
    clear_current_vcpu,
    get_current_vcpu,
    set_current_vcpu,
)
from axvcpu.states import BlockReason, VCpuState, WakeEvent
from axvcpu.transition import InvalidReason
from axvcpu.vcpu import AxVCpu

__all__ = [
    "KICK",
    "MAX_CPUS",
    "AccessFlags",
    "AccessWidth",
    "Action",
    "AxArchPerCpu",
    "AxArchVCpu",
    "AxError",
    "AxErrorKind",
    "AxPerCpu",
    "AxVCpu",
    "AxVCpuExitReason",
    "BadState",
    "BlockReason",
    "CpuDown",
    "CpuUp",
    "Debug",
    "DebugKind",
    "ExternalInterrupt",
    "FailEntry",
    "GuestException",
    "Halt",
    "Hypercall",
    "IllegalEdge",
    "InvalidInput",
    "InvalidReason",
    "IoRead",
    "IoWrite",
    "MmioRead",
    "MmioWrite",
    "NestedPageFault",
    "NestedVCpuOperation",
    "Nothing",
    "OverlappingRows",
    "PerCpuState",
    "PreemptionTimer",
    "SendIpi",
    "SysRegRead",
    "SysRegWrite",
    "SystemDown",
    "SystemDownReason",
    "Unsupported",
    "VCpuState",
    "WakeEvent",
    "clear_current_vcpu",
    "get_current_vcpu",
    "phys_cpu_sets",
    "set_current_vcpu",
]
