"""The built-in SBI 2.0 of a machine: which extensions there are, and the answer to every call.

Source: RISC-V Supervisor Binary Interface Specification 2.0, cited as [sbi] in this package. `isa.riscv.sbi` makes exits
of the calls. A call that nobody knows is NOT_SUPPORTED; one that is answered has retired before anything else runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from axvcpu.exits import AxVCpuExitReason, CpuUp, Hypercall, SendIpi
from axvcpu.states import BlockReason
from emu.device import Channel, Memory
from emu.errors import ConfigError
from emu.firmware.console import Console, Serial
from emu.firmware.counters import Counters, CountersState, Event
from emu.firmware.extension import Arguments, Extension, Redirected, Result
from emu.firmware.fence import Fences
from emu.firmware.harts import Harts
from emu.firmware.hsm import Hsm
from emu.firmware.legacy import Legacy
from emu.firmware.timer import Timers
from emu.schedule import Vcpu
from emu.timeline import Timeline
from isa.riscv.sbi import LEGACY_LAST, VERSION, Eid, SbiError

IMPLEMENTATION: Final = int(Eid.VMM)
"""No number of the specification's table [sbi 4.9], which has none for us."""
IMPLEMENTATION_VERSION: Final = 0x0001_0000
_S: Final = 1 << 18  # of misa


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the firmware may use of its machine. `block` makes a vCPU wait, `stirred` says that one that waits may go on,
    `model` names the CPU."""

    vcpus: Sequence[Vcpu]
    bits: int
    model: str
    timeline: Timeline
    timebase: int
    memory: Memory
    channel: Channel
    serial: Serial | None
    block: Callable[[Vcpu, BlockReason], None]
    stirred: Callable[[], None]


@dataclass(slots=True)
class SbiState:
    """Beside what vCPUs, alarms and interrupt lines hold themselves. suspended_at: of each hart, the instructions that
    it had retired when it suspended itself last; counters: of the PMU extension."""

    suspended_at: list[int | None] = field(default_factory=list)
    counters: CountersState = field(default_factory=CountersState)


class Sbi:
    """Raises ConfigError for a CPU model without supervisor mode."""

    def __init__(self, around: Surroundings) -> None:
        vcpus, bits, memory = around.vcpus, around.bits, around.memory
        if not vcpus[0].arch.read_register("misa") & _S:
            raise ConfigError(
                "-cpu",
                "a model with supervisor mode, where the firmware is built in",
                around.model,
                "-bios none",
            )
        self._mask = (1 << bits) - 1
        self._harts = Harts(vcpus, bits, around.block, around.stirred)
        self._counters = Counters(self._harts, bits)
        self._timers = Timers(vcpus, around.timeline, around.timebase, bits, self._counters)
        self._fences = Fences(self._harts, self._counters)
        self._hsm = Hsm(self._harts, self._timers, memory)
        self._console = Console(around.channel, around.serial, memory, bits)
        self._legacy = Legacy(self._harts, self._timers, self._fences, self._console, memory, bits)
        own = (
            Extension(
                Eid.BASE,
                "BASE",
                {
                    0: lambda caller, arguments: Result(SbiError.SUCCESS, VERSION),
                    1: lambda caller, arguments: Result(SbiError.SUCCESS, IMPLEMENTATION),
                    2: lambda caller, arguments: Result(SbiError.SUCCESS, IMPLEMENTATION_VERSION),
                    3: self._probe,
                    4: lambda caller, arguments: self._identity(caller, "mvendorid"),
                    5: lambda caller, arguments: self._identity(caller, "marchid"),
                    6: lambda caller, arguments: self._identity(caller, "mimpid"),
                },
            ),
            Extension(Eid.IPI, "IPI", {}),  # its one function is the exit SendIpi
            Extension(Eid.SRST, "SRST", {0: lambda caller, arguments: Result(SbiError.INVALID_PARAM)}),
        )
        every = (
            *own,
            self._timers.extension,
            self._fences.extension,
            self._hsm.extension,
            self._console.extension,
            self._counters.extension,
        )
        self.extensions: Final[Mapping[int, Extension]] = {each.eid: each for each in every}

    # -- the exits ----------------------------------------------------------------------------------------------------

    def call(self, call: Hypercall, caller: Vcpu) -> AxVCpuExitReason | None:
        """A call of an extension. The exit where it ends in an exception that the guest cannot take."""
        eid = call.extension
        assert eid is not None
        if eid <= LEGACY_LAST:
            return self._call_legacy(eid, caller, call.args)
        extension = self.extensions.get(eid)
        function = None if extension is None else extension.functions.get(call.nr)
        result = Result(SbiError.NOT_SUPPORTED) if function is None else function(caller, call.args)
        if isinstance(result, Result):
            self._answer(caller, result)
        return None

    def cpu_up(self, exit: CpuUp, caller: Vcpu) -> None:
        self._answer(caller, self._hsm.start(exit))

    def cpu_down(self, caller: Vcpu) -> None:
        self._hsm.stop(caller)

    def send_ipi(self, exit: SendIpi, caller: Vcpu) -> None:
        named = self._harts.chosen(exit.target_cpu_aux, exit.target_cpu)
        self._answer(caller, Result() if named is not None else Result(SbiError.INVALID_PARAM))
        if named is None:
            return
        self._counters.note(caller, Event.IPI_SENT)
        for hart in named:
            self._counters.note(hart, Event.IPI_RECEIVED)
            self._harts.interrupt(hart)

    # -- its state ----------------------------------------------------------------------------------------------------

    @property
    def state(self) -> SbiState:
        return SbiState(list(self._harts.suspended_at), self._counters.state)

    def load(self, state: SbiState) -> None:
        self._harts.suspended_at[:] = state.suspended_at
        self._counters.load(state.counters)

    def reset(self) -> None:
        self._timers.reset()
        self._counters.reset()
        self._harts.suspended_at[:] = [None] * len(self._harts.all)

    # -- answers ------------------------------------------------------------------------------------------------------

    def _answer(self, caller: Vcpu, result: Result) -> None:
        caller.set_return_value(result.error & self._mask, result.value & self._mask)

    def _call_legacy(self, eid: int, caller: Vcpu, arguments: Arguments) -> AxVCpuExitReason | None:
        function = self._legacy.functions.get(eid)
        result = Result(SbiError.NOT_SUPPORTED) if function is None else function(caller, arguments)
        if isinstance(result, Redirected):
            return caller.arch.take_exception(result.cause, result.value)
        assert result is not None
        caller.set_return_value(result.error & self._mask)
        return None

    def _probe(self, caller: Vcpu, arguments: Arguments) -> Result:
        eid = arguments[0]
        known = eid in self.extensions or eid in self._legacy.functions or eid == Eid.LEGACY_SHUTDOWN
        return Result(SbiError.SUCCESS, int(known))

    def _identity(self, caller: Vcpu, register: str) -> Result:
        return Result(SbiError.SUCCESS, caller.arch.read_register(register))
