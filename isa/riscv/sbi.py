"""The RISC-V Supervisor Binary Interface, version 2.0: its numbers, and the exit that each call becomes.

Source: RISC-V Supervisor Binary Interface Specification, version 2.0, cited as [sbi]. A call has its extension (EID) in
a7, its function (FID) in a6, arguments from a0 on, and two results, a0 (error) and a1 (value) [sbi 3]; one of the legacy
extensions has only a0 [sbi 5].

What starts, stops or interrupts a CPU, or ends the machine, has an exit of its own, which firmware of other
instruction sets gives too. Every other call, and one of those that is not well formed, is a `Hypercall` with its
extension.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from axvcpu.exits import AxVCpuExitReason, CpuDown, CpuUp, Hypercall, SendIpi, SystemDown, SystemDownReason
from isa.abilities import ReadRegister, SupervisorCall

VERSION: Final = 2 << 24  # major in bits 30:24, minor below [sbi 4.1]
SUPERVISOR_SOFTWARE: Final = 1  # the interrupt that an IPI is, as in scause


class Eid(IntEnum):
    """Extensions. Up to 15 they are legacy [sbi 5], and the number is that of their one function."""

    LEGACY_SET_TIMER = 0
    LEGACY_PUTCHAR = 1
    LEGACY_GETCHAR = 2
    LEGACY_CLEAR_IPI = 3
    LEGACY_SEND_IPI = 4
    LEGACY_FENCE_I = 5
    LEGACY_SFENCE_VMA = 6
    LEGACY_SFENCE_VMA_ASID = 7
    LEGACY_SHUTDOWN = 8
    BASE = 0x10
    PMU = 0x504D55
    IPI = 0x735049
    DBCN = 0x4442434E
    HSM = 0x48534D
    RFENCE = 0x52464E43
    SRST = 0x53525354
    TIME = 0x54494D45
    VMM = 0x485643  # "HVC": calls to us, whoever the firmware is


LEGACY_LAST: Final = 0x0F


class SbiError(IntEnum):
    """Table "Standard SBI Errors" [sbi 3.1]."""

    SUCCESS = 0
    FAILED = -1
    NOT_SUPPORTED = -2
    INVALID_PARAM = -3
    DENIED = -4
    INVALID_ADDRESS = -5
    ALREADY_AVAILABLE = -6
    ALREADY_STARTED = -7
    ALREADY_STOPPED = -8
    NO_SHMEM = -9


HART_START, HART_STOP, HART_STATUS, HART_SUSPEND = range(4)  # functions of HSM [sbi 9]
SEND_IPI: Final = 0
SYSTEM_RESET: Final = 0
SHUTDOWN, COLD_REBOOT, WARM_REBOOT = range(3)  # types of a reset [sbi 10, table 15]
NO_REASON, SYSTEM_FAILURE = range(2)
STOPPED_STATE: Final = 1  # of CpuDown: the HSM state STOPPED [sbi 9, table 10]

_WORD: Final = (1 << 32) - 1


_FUNCTIONS: Final[tuple[tuple[Eid, str], ...]] = (
    (
        Eid.BASE,
        "get_spec_version get_impl_id get_impl_version probe_extension get_mvendorid get_marchid get_mimpid",
    ),
    (Eid.TIME, "set_timer"),
    (Eid.IPI, "send_ipi"),
    (
        Eid.RFENCE,
        "remote_fence_i remote_sfence_vma remote_sfence_vma_asid remote_hfence_gvma_vmid remote_hfence_gvma "
        "remote_hfence_vvma_asid remote_hfence_vvma",
    ),
    (Eid.HSM, "hart_start hart_stop hart_get_status hart_suspend"),
    (Eid.SRST, "system_reset"),
    (
        Eid.PMU,
        "num_counters counter_get_info counter_config_matching counter_start counter_stop counter_fw_read "
        "counter_fw_read_hi snapshot_set_shmem",
    ),
    (Eid.DBCN, "console_write console_read console_write_byte"),
)
CALLS: Final = (
    *(
        (eid, number, f"{eid.name} {name}")
        for eid, names in _FUNCTIONS
        for number, name in enumerate(names.split())
    ),
    *((eid, 0, eid.name.lower().replace("legacy_", "legacy ")) for eid in Eid if eid <= LEGACY_LAST),
)
"""(EID, FID, name): the extension, and the function without its `sbi_` [sbi 4 to 12]."""


def _system_down(kind: int, reason: int) -> SystemDown | None:
    """None for a type or reason that is reserved, or somebody else's."""
    if kind not in (SHUTDOWN, COLD_REBOOT, WARM_REBOOT) or reason not in (NO_REASON, SYSTEM_FAILURE):
        return None
    what = SystemDownReason.SHUTDOWN if kind == SHUTDOWN else SystemDownReason.REBOOT
    return SystemDown(what, int(reason == SYSTEM_FAILURE))


def supervisor_call(bits: int) -> SupervisorCall:
    """What tells the exits of RV32's or RV64's calls apart."""
    everyone = (1 << bits) - 1

    def decode(read: ReadRegister) -> AxVCpuExitReason:
        extension, function = read("a7"), read("a6")
        a0, a1, a2, a3, a4, a5 = (read(name) for name in ("a0", "a1", "a2", "a3", "a4", "a5"))
        down: SystemDown | None
        match extension, function:
            case Eid.VMM, _:
                return Hypercall(function, (a0, a1, a2, a3, a4, a5))
            case Eid.IPI, 0:
                return SendIpi(a1, a0, a1 == everyone, False, SUPERVISOR_SOFTWARE)
            case Eid.HSM, 0:
                return CpuUp(a0, a1, a2)
            case Eid.HSM, 1:
                return CpuDown(STOPPED_STATE)
            case Eid.SRST, 0 if (down := _system_down(a0 & _WORD, a1 & _WORD)) is not None:
                return down
            case Eid.LEGACY_SHUTDOWN, _:
                return SystemDown(SystemDownReason.SHUTDOWN)
            case _:
                return Hypercall(function, (a0, a1, a2, a3, a4, a5), extension)

    return decode
