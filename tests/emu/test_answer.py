"""The answer to every exit, without an engine: a vCPU and a machine that only note what they are asked."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from axvcpu.exits import (
    KICK,
    AccessFlags,
    AxVCpuExitReason,
    CpuDown,
    CpuUp,
    ExternalInterrupt,
    FailEntry,
    GuestException,
    Halt,
    Hypercall,
    MmioRead,
    MmioWrite,
    NestedPageFault,
    Nothing,
    PreemptionTimer,
    SendIpi,
    SystemDown,
    SystemDownReason,
)
from axvcpu.states import BlockReason
from emu.answer import VERSION, answer
from emu.device import PowerKind, PowerRequest
from emu.outcome import Ending, Outcome
from isa import registry


class Register:
    """A device of 16 bytes that answers with more than was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def read(self, offset: int, width: int) -> int:
        self.calls.append(("read", offset, width))
        return 0x1122_3344_5566_7788

    def write(self, offset: int, width: int, value: int) -> None:
        self.calls.append(("write", offset, width, value))


class Vm:
    def __init__(self) -> None:
        self.device = Register()
        self.windows = [(0x100, 16, Register()), (0x1000, 16, self.device)]
        self.asked: list[tuple[Any, ...]] = []
        self.firmware: Any = None

    def ask_power(self, request: PowerRequest) -> None:
        self.asked.append(("power", request))

    def ended(self, ending: Ending, vcpu: Any, exit: Any, text: str, code: int = 0) -> Outcome:
        return Outcome(ending, code, 0, 0x80, None, exit, text)

    def unmapped(self, vcpu: Any, address: int, access: AccessFlags) -> None:
        self.asked.append(("unmapped", address, access))

    def block(self, vcpu: Any, reason: BlockReason) -> None:
        self.asked.append(("block", reason))

    def attend(self, vcpu: Any) -> None:
        self.asked.append(("attend",))

    def semihosting(self, vcpu: Any, operation: int, block: int) -> None:
        self.asked.append(("semihosting", operation, block))

    def place(self, address: int) -> str:
        return f"{address:#x} <here>"


@pytest.fixture
def vm() -> Vm:
    return Vm()


@pytest.fixture
def vcpu() -> Any:
    done: list[tuple[str, int]] = []
    return SimpleNamespace(
        done=done,
        set_return_value=lambda value: done.append(("return", value)),
        arch=SimpleNamespace(
            isa=registry.find("riscv64"), complete=lambda value: done.append(("complete", value))
        ),
    )


@pytest.mark.parametrize(
    ("width", "value"), [(1, 0x88), (2, 0x7788), (4, 0x5566_7788), (8, 0x1122_3344_5566_7788)]
)
def test_a_read_is_asked_by_offset_and_cut_to_its_width(vm: Vm, vcpu: Any, width: int, value: int) -> None:
    assert answer(MmioRead(0x1008, width, 1), vcpu, vm) is None
    assert vm.device.calls == [("read", 8, width)]
    assert vcpu.done == [("complete", value)]


def test_a_write_is_told_by_offset_and_completed(vm: Vm, vcpu: Any) -> None:
    assert answer(MmioWrite(0x100F, 1, 0x41, 1), vcpu, vm) is None
    assert vm.device.calls == [("write", 15, 1, 0x41)]
    assert vcpu.done == [("complete", 0)]


@pytest.mark.parametrize(
    ("exit", "access"),
    [
        (MmioRead(0x1010, 1, 1), AccessFlags.READ),
        (MmioRead(0x100E, 4, 1), AccessFlags.READ),
        (MmioWrite(0x100C, 8, 0, 1), AccessFlags.WRITE),
        (MmioWrite(0x1FFF, 1, 0, 1), AccessFlags.WRITE),
    ],
)
def test_an_access_past_the_end_of_a_device_is_unmapped_and_the_device_hears_nothing(
    vm: Vm, vcpu: Any, exit: Any, access: AccessFlags
) -> None:
    assert answer(exit, vcpu, vm) is None
    assert vm.asked == [("unmapped", exit.addr, access)]
    assert not vm.device.calls
    assert not vcpu.done


@pytest.mark.parametrize("exit", [Nothing(), ExternalInterrupt(KICK)])
def test_native_code_that_came_back_is_attended_to(vm: Vm, vcpu: Any, exit: Any) -> None:
    assert answer(exit, vcpu, vm) is None
    assert vm.asked == [("attend",)]


def test_a_halt_blocks_and_a_fault_of_the_second_stage_is_unmapped(vm: Vm, vcpu: Any) -> None:
    answer(Halt(), vcpu, vm)
    answer(NestedPageFault(0x4000, AccessFlags.EXECUTE), vcpu, vm)
    assert vm.asked == [("block", BlockReason.HALT), ("unmapped", 0x4000, AccessFlags.EXECUTE)]


@pytest.mark.parametrize(
    ("number", "arguments", "result"),
    [(0, (0, 0), VERSION), (1, (0xF0, 0x3C), 0xCC), (2, (0, 0), None), (1 << 63, (0, 0), None)],
)
def test_a_hypercall_gets_its_result_and_an_unknown_one_the_abi_s_refusal(
    vm: Vm, vcpu: Any, number: int, arguments: tuple[int, int], result: int | None
) -> None:
    assert answer(Hypercall(number, (*arguments, 0, 0, 0, 0)), vcpu, vm) is None
    unsupported = vcpu.arch.isa.hypercall.unsupported
    assert vcpu.done == [("return", unsupported if result is None else result)]
    assert unsupported != number


def test_exits_that_end_the_run_say_why(vm: Vm, vcpu: Any) -> None:
    budget = answer(PreemptionTimer(), vcpu, vm)
    assert budget is not None
    assert budget.ending is Ending.BUDGET
    crash = answer(GuestException(2, "illegal instruction", 0x80, 0x13, trap_loop=False), vcpu, vm)
    assert crash is not None
    assert crash.ending is Ending.CRASHED
    for part in ("illegal instruction", "0x80 <here>", "0x13", "no trap vector"):
        assert part in crash.text
    loop = answer(GuestException(2, "illegal instruction", 0x80, None, trap_loop=True), vcpu, vm)
    assert loop is not None
    assert loop.ending is Ending.TRAP_LOOP
    failed = answer(FailEntry(21, "no such thing"), vcpu, vm)
    assert failed is not None
    assert failed.ending is Ending.CRASHED
    assert "no such thing" in failed.text


@pytest.mark.parametrize("kind", get_args(AxVCpuExitReason), ids=lambda kind: kind.__name__)
def test_no_exit_is_without_an_answer(vm: Vm, vcpu: Any, kind: type) -> None:
    """`assert_never` is for the type checker; this is for what it cannot see."""
    exit = object.__new__(kind)
    with contextlib.suppress(AttributeError, TypeError):  # it went to its branch, and has no facts
        answer(exit, vcpu, vm)


class Firmware:
    """Notes what it is given."""

    def __init__(self) -> None:
        self.given: list[Any] = []

    def call(self, call: Any, caller: Any) -> None:
        self.given.append(call)

    def cpu_up(self, exit: Any, caller: Any) -> None:
        self.given.append(exit)

    def cpu_down(self, caller: Any) -> None:
        self.given.append(CpuDown(1))

    def send_ipi(self, exit: Any, caller: Any) -> None:
        self.given.append(exit)


@pytest.mark.parametrize(
    "exit",
    [
        Hypercall(3, (0, 0, 0, 0, 0, 0), 0x10),
        CpuUp(1, 0x8020_0000, 7),
        CpuDown(1),
        SendIpi(0, 3, False, False, 1),
    ],
)
def test_built_in_firmware_answers_what_is_meant_for_firmware(vm: Vm, vcpu: Any, exit: Any) -> None:
    vm.firmware = Firmware()
    assert answer(exit, vcpu, vm) is None
    assert vm.firmware.given == [exit]
    assert vcpu.done == []


@pytest.mark.parametrize("exit", [CpuUp(1, 0, 0), CpuDown(1), SendIpi(0, 1, False, False, 1)])
def test_without_firmware_nobody_answers_its_exits(vm: Vm, vcpu: Any, exit: Any) -> None:
    outcome = answer(exit, vcpu, vm)
    assert outcome is not None
    assert outcome.ending is Ending.CRASHED


def test_a_call_to_the_vmm_is_ours_whoever_the_firmware_is(vm: Vm, vcpu: Any) -> None:
    vm.firmware = Firmware()
    answer(Hypercall(0, (0, 0, 0, 0, 0, 0)), vcpu, vm)
    assert vm.firmware.given == []
    assert vcpu.done == [("return", VERSION)]


@pytest.mark.parametrize(("code", "exit_code"), [(0, 0), (1, 1)])
def test_a_shutdown_ends_the_run_with_the_guests_verdict(
    vm: Vm, vcpu: Any, code: int, exit_code: int
) -> None:
    outcome = answer(SystemDown(SystemDownReason.SHUTDOWN, code), vcpu, vm)
    assert outcome is not None
    assert (outcome.ending, outcome.code, outcome.exit_code) == (Ending.POWERED_OFF, code, exit_code)


def test_a_reboot_throws_the_power_switch(vm: Vm, vcpu: Any) -> None:
    assert answer(SystemDown(SystemDownReason.REBOOT, 1), vcpu, vm) is None
    assert vm.asked == [("power", PowerRequest(PowerKind.RESET, 1))]
