"""The VM's answer to an exit. The loop runs, `answer` answers, the caller decides.

A free function of (exit, vcpu, vm): it says how the run ends, or None where it goes on.
"""

from __future__ import annotations

from typing import Final, Protocol, assert_never

from axvcpu.exits import (
    AccessFlags,
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
from axvcpu.states import BlockReason
from axvcpu.vcpu import AxVCpu
from emu.device import PowerKind, PowerRequest
from emu.engine.vcpu import SEMIHOSTING, EngineVCpu
from emu.outcome import Ending, Outcome
from emu.ports import Ports

VERSION: Final = 0x0001_0000  # hypercall 0: major << 16 | minor
MASK: Final = tuple((1 << 8 * width) - 1 for width in range(9))


class Registers(Protocol):
    """What answers in a window: a device, or what stands before it."""

    def read(self, offset: int, width: int) -> int: ...

    def write(self, offset: int, width: int, value: int) -> None: ...


class Firmware(Protocol):
    """Built-in firmware: it answers what is meant for firmware, and has the caller go on behind its call."""

    def call(self, call: Hypercall, caller: AxVCpu[EngineVCpu]) -> AxVCpuExitReason | None:
        """An exit is to be answered in its place."""
        ...

    def cpu_up(self, exit: CpuUp, caller: AxVCpu[EngineVCpu]) -> None: ...

    def cpu_down(self, caller: AxVCpu[EngineVCpu]) -> None: ...

    def send_ipi(self, exit: SendIpi, caller: AxVCpu[EngineVCpu]) -> None: ...


class Vm(Protocol):
    """What an answer may use of its machine."""

    @property
    def windows(self) -> list[tuple[int, int, Registers]]:
        """(base, size, device) by window number."""
        ...

    @property
    def ports(self) -> Ports:
        """The port space; nothing is in it on most machines."""
        ...

    def ended(
        self, ending: Ending, vcpu: AxVCpu[EngineVCpu], exit: AxVCpuExitReason, text: str, code: int = 0
    ) -> Outcome:
        """The outcome, with the pc and its symbol."""
        ...

    def block(self, vcpu: AxVCpu[EngineVCpu], reason: BlockReason) -> None:
        """Make a vCPU wait."""
        ...

    def unmapped(self, vcpu: AxVCpu[EngineVCpu], address: int, access: AccessFlags) -> Outcome | None:
        """An access that nothing backs, by the machine's policy."""
        ...

    def semihosting(self, vcpu: AxVCpu[EngineVCpu], operation: int, block: int) -> Outcome | None: ...

    @property
    def firmware(self) -> Firmware | None:
        """The firmware that is built in, None where the guest brings its own or has none."""
        ...

    def ask_power(self, request: PowerRequest) -> None:
        """The machine's power switch, thrown: looked at when the exit has been answered."""
        ...

    def attend(self, vcpu: AxVCpu[EngineVCpu]) -> None:
        """Native code came back for the machine's sake: alarms, the turn's end, a kick."""
        ...

    def hooked(self, vcpu: AxVCpu[EngineVCpu], exit: AxVCpuExitReason) -> Outcome:
        """A user's hook has ended the run."""
        ...

    def place(self, address: int) -> str:
        """An address for a person: hex, and the symbol it lies in."""
        ...


def answer(exit: AxVCpuExitReason, vcpu: AxVCpu[EngineVCpu], vm: Vm) -> Outcome | None:
    match exit:
        case MmioRead():
            base, size, device = vm.windows[exit.window]
            offset, width = exit.addr - base, exit.width
            if offset + width > size:
                return vm.unmapped(vcpu, exit.addr, AccessFlags.READ)
            vcpu.arch.complete(device.read(offset, width) & MASK[width])
            return None
        case MmioWrite():
            base, size, device = vm.windows[exit.window]
            offset, width = exit.addr - base, exit.width
            if offset + width > size:
                return vm.unmapped(vcpu, exit.addr, AccessFlags.WRITE)
            device.write(offset, width, exit.data)
            vcpu.arch.complete(0)
            return None
        case Nothing() | ExternalInterrupt():
            vm.attend(vcpu)
            return None
        case Halt():
            vm.block(vcpu, BlockReason.HALT)
            return None
        case Hypercall():
            return _hypercall(exit, vcpu, vm)
        case PreemptionTimer():
            return vm.ended(Ending.BUDGET, vcpu, exit, "the instruction budget is used up")
        case NestedPageFault():
            return vm.unmapped(vcpu, exit.addr, exit.access_flags)
        case GuestException():
            return _crash(exit, vcpu, vm)
        case FailEntry():
            return vm.ended(Ending.CRASHED, vcpu, exit, f"the engine cannot run the guest: {exit.text}")
        case Debug() if exit.kind is DebugKind.HOOK:
            return vm.hooked(vcpu, exit)
        case Debug():
            return vm.ended(Ending.EXIT, vcpu, exit, f"{exit.kind.value} at {vm.place(exit.pc)}")
        case SystemDown():
            return _system_down(exit, vcpu, vm)
        case SendIpi() if vm.firmware is not None:
            vm.firmware.send_ipi(exit, vcpu)
            return None
        case CpuUp() if vm.firmware is not None:
            vm.firmware.cpu_up(exit, vcpu)
            return None
        case CpuDown() if vm.firmware is not None:
            vm.firmware.cpu_down(vcpu)
            return None
        case SysRegRead() | SysRegWrite():  # no machine has any besides its CPU's: the guest's own fault
            left = vcpu.arch.refuse()
            return None if left is None else answer(left, vcpu, vm)
        case IoRead():
            vcpu.arch.complete(vm.ports.read(exit.port, exit.width) & MASK[exit.width])
            return None
        case IoWrite():
            vm.ports.write(exit.port, exit.width, exit.data)
            vcpu.arch.complete(0)
            return None
        case CpuUp() | CpuDown() | SendIpi():
            return vm.ended(Ending.CRASHED, vcpu, exit, f"this machine has no answer to {exit}")
        case _:
            assert_never(exit)


def _hypercall(call: Hypercall, vcpu: AxVCpu[EngineVCpu], vm: Vm) -> Outcome | None:
    """Calls to the firmware, and our own: 0 gives VERSION, 1 the exclusive or of its two arguments."""
    if call.extension is not None and vm.firmware is not None:
        left = vm.firmware.call(call, vcpu)
        return None if left is None else answer(left, vcpu, vm)
    if call.nr == SEMIHOSTING:
        return vm.semihosting(vcpu, call.args[0], call.args[1])
    abi = vcpu.arch.isa.hypercall
    assert abi is not None
    match call.nr:
        case 0:
            vcpu.set_return_value(VERSION)
        case 1:
            vcpu.set_return_value(call.args[0] ^ call.args[1])
        case _:
            vcpu.set_return_value(abi.unsupported)
    return None


def _system_down(exit: SystemDown, vcpu: AxVCpu[EngineVCpu], vm: Vm) -> Outcome | None:
    if exit.reason is SystemDownReason.REBOOT:
        vm.ask_power(PowerRequest(PowerKind.RESET, exit.code))
        return None
    text = "the guest powered off" + (f" with code {exit.code}" if exit.code else "")
    return vm.ended(Ending.POWERED_OFF, vcpu, exit, text, exit.code)


def _crash(exit: GuestException, vcpu: AxVCpu[EngineVCpu], vm: Vm) -> Outcome:
    what = "instruction" if exit.name == "illegal instruction" else "address"
    address = "" if exit.fault_address is None else f", {what} {exit.fault_address:#x}"
    if exit.trap_loop:
        text = f"{exit.name} at {vm.place(exit.pc)}{address}, again and again: the trap handler itself traps"
        return vm.ended(Ending.TRAP_LOOP, vcpu, exit, text)
    end = (
        "the processor has shut down"
        if "triple fault" in exit.name
        else "and the guest has set no trap vector"
    )
    text = f"{exit.name} at {vm.place(exit.pc)}{address}, {end}"
    return vm.ended(Ending.CRASHED, vcpu, exit, text)
