"""Which exit a call of the supervisor becomes."""

from __future__ import annotations

import pytest

from axvcpu.exits import CpuDown, CpuUp, Hypercall, SendIpi, SystemDown, SystemDownReason
from isa.registry import find
from isa.riscv.sbi import SUPERVISOR_SOFTWARE, Eid, supervisor_call

ARGUMENTS = (3, 5, 7, 11, 13, 17)


def decoded(bits: int, extension: int, function: int, *arguments: int) -> object:
    values = (*arguments, *[0] * (6 - len(arguments)))
    names = {f"a{i}": value for i, value in enumerate(values)} | {"a6": function, "a7": extension}
    return supervisor_call(bits)(names.__getitem__)


@pytest.mark.parametrize("bits", [32, 64])
def test_what_every_firmware_has_is_an_exit_of_its_own(bits: int) -> None:
    everyone = (1 << bits) - 1
    for (extension, function, *arguments), exit in (
        ((Eid.HSM, 0, 3, 0x8020_0000, 7), CpuUp(3, 0x8020_0000, 7)),
        ((Eid.HSM, 1), CpuDown(1)),
        ((Eid.IPI, 0, 0b101, 2), SendIpi(2, 0b101, False, False, SUPERVISOR_SOFTWARE)),
        ((Eid.IPI, 0, 0, everyone), SendIpi(everyone, 0, True, False, SUPERVISOR_SOFTWARE)),
        ((Eid.SRST, 0, 0, 0), SystemDown(SystemDownReason.SHUTDOWN, 0)),
        ((Eid.SRST, 0, 0, 1), SystemDown(SystemDownReason.SHUTDOWN, 1)),
        ((Eid.SRST, 0, 1, 0), SystemDown(SystemDownReason.REBOOT, 0)),
        ((Eid.SRST, 0, 2, 1), SystemDown(SystemDownReason.REBOOT, 1)),
        ((Eid.LEGACY_SHUTDOWN, 99), SystemDown(SystemDownReason.SHUTDOWN, 0)),
    ):
        assert decoded(bits, extension, function, *arguments) == exit


@pytest.mark.parametrize(
    ("extension", "function"),
    [
        *((each, 99) for each in Eid if each not in (Eid.VMM, Eid.LEGACY_SHUTDOWN)),
        (Eid.HSM, 2),
        (Eid.HSM, 3),
        (Eid.SRST, 0),  # of type 3
        (0x777777, 0),
        ((1 << 64) - 1, 0),
    ],
)
def test_every_other_call_is_a_hypercall_of_its_extension(extension: int, function: int) -> None:
    assert decoded(64, extension, function, *ARGUMENTS) == Hypercall(function, ARGUMENTS, extension)


def test_a_call_to_the_vmm_has_no_extension() -> None:
    assert decoded(64, Eid.VMM, 1, *ARGUMENTS) == Hypercall(1, ARGUMENTS)
    isa = find("riscv64")
    assert isa.hypercall is not None
    assert (isa.hypercall.gate_value, isa.hypercall.result_registers) == (Eid.VMM, ("a0", "a1"))
