"""A machine: a board's devices and memory, its vCPUs, and the loop that runs them.

One host thread runs all vCPUs of a machine in deterministic turns. Everything that happens to the guest happens at a
count of retired instructions: alarms fire, budgets end and interrupts are raised there and nowhere else.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

from axvcpu.control import NEVER
from axvcpu.exits import AccessFlags, AxVCpuExitReason
from axvcpu.percpu import AxPerCpu
from axvcpu.states import BlockReason, VCpuState, WakeEvent
from axvcpu.vcpu import AxVCpu
from emu import boot, bootfiles, wiring
from emu.answer import Registers, answer
from emu.board import Board, board_for
from emu.bus import Bus
from emu.config import MachineConfig
from emu.device import Channel, Device, PowerKind, PowerRequest
from emu.devices.cfi_flash import CfiFlash
from emu.engine.cpu import EngineCpu
from emu.engine.engine import Backing, DeviceWindow
from emu.engine.space import AddressSpace
from emu.engine.vcpu import EngineVCpu, VCpuConfig
from emu.errors import ConfigError, MemoryClosed
from emu.event import Event
from emu.flash import FlashWindow
from emu.idle import Idle
from emu.loaders.detect import parse, read_file
from emu.loaders.image import Image
from emu.memory import ROM, MemoryMap, Ram, Region
from emu.native_rows import bind_rows
from emu.open_bus import OpenBus
from emu.outcome import Ending, Outcome
from emu.pcpu import physical_cpu
from emu.recorder import Recorder
from emu.semihost import Semihost
from emu.snapshot import MachineState, digest, load, save
from emu.symbols import SymbolTable
from emu.timeline import Timeline, host_ns
from isa import registry

TURN: Final = 20_000
"""Instructions of one vCPU's turn where there are several."""
BREATH: Final = 1 << 21
"""Instructions after which a vCPU that is alone comes back, so that what the guest wrote is seen while it runs."""
_vm_ids: Final = itertools.count(1)
Vcpu = AxVCpu[EngineVCpu]


class _Line:
    """An interrupt line into a vCPU: an `emu.device.IrqLine`."""

    __slots__ = ("_machine", "_number", "_vcpu")

    def __init__(self, machine: Machine, vcpu: int, number: int) -> None:
        self._machine, self._vcpu, self._number = machine, vcpu, number

    def set(self, level: bool) -> None:
        self._machine._drive(self._vcpu, self._number, level)


class Machine:
    """Built from a MachineConfig, loaded, run; a context manager. `close` gives its memory and engine back.

    Raises ConfigError, UnknownName, LoadError, MapError for what cannot be built, each with what to try.
    """

    def __init__(self, config: MachineConfig | None = None) -> None:
        config = config or MachineConfig()
        self.isa = registry.find(config.isa)
        self.board: Final[Board] = board_for(self.isa.name, config.board)
        self.model = registry.cpu_model(self.isa, config.cpu)
        _check(config, self.board)
        wiring.check_drives(config, self.board)
        self.config = config = replace(config, isa=self.isa.name, board=self.board.name)
        self.vm_id: Final = next(_vm_ids)
        self._files = bootfiles.read_files(config)
        self._plan: boot.BootPlan | None = None
        self._power: PowerRequest | None = None
        self._stop_reason: Ending | None = None
        self._until: Callable[[AxVCpuExitReason], bool] | None = None
        self._notified = False
        self._stale = True
        self._turn = 0
        self._turn_at = TURN
        self._skipped = 0
        self._retired_before = 0
        self._total = 0
        self._closed = False
        self._pcpu: AxPerCpu[EngineCpu] | None = None
        self._current: Vcpu | None = None
        self.recorder: Final[Recorder | None] = Recorder() if config.channel is None else None
        self.channel: Final[Channel] = config.channel or self.recorder  # type: ignore[assignment]
        self._counts: Counter[str] = Counter()  # of the time before the last reset
        self._listeners: list[tuple[Callable[[Event], None], frozenset[str]]] = []
        self._host_start = host_ns() if config.clock == "host" else None
        self.timeline: Final = Timeline(self._now, self._set_stale)
        self.vcpus: list[Vcpu] = []
        self.flashes: list[FlashWindow] = []
        self._build_memory()
        self._build_vcpus()
        self._build_devices()
        self.semihost: Final = Semihost(self, config.append) if config.semihosting else None
        self._idle = Idle(self)
        if self._files != bootfiles.BootFiles() or config.drives:
            self._replan()

    # -- building -----------------------------------------------------------------------------------------------------

    def _build_memory(self) -> None:
        board = self.board
        size = board.default_ram if self.config.ram is None else self.config.ram
        self.bus = Bus(self.isa.page_size, big_endian=self.isa.endian == "big")
        self.ram = Ram(size)
        self.bus.add_region(Region("RAM", board.ram_base, self.ram, 0, size))
        if board.ram_alias is not None:
            self.bus.add_region(Region("RAM (alias)", board.ram_alias, self.ram, 0, size))
        self.roms: list[Ram] = []
        for slot in board.slots:
            if slot.kind == "rom":
                rom = Ram(slot.size)
                self.roms.append(rom)
                self.bus.add_region(Region(slot.name, slot.base, rom, 0, slot.size, ROM))

    def _build_devices(self) -> None:
        hands = wiring.Hands(self.config, self.board, self.timeline, self, self.channel, self._ask_power)
        made = wiring.devices(hands)
        self.devices: Mapping[str, Device] = {slot.name: device for slot, device in made}
        placed = [(slot.base, device.size, device) for slot, device in made]
        for base, _, device in placed:
            self.bus.add_device(base, device)
        self.windows: list[tuple[int, int, Registers]] = [*placed]
        if self.config.unmapped == "ones":
            self.windows += [(lo, hi - lo + 1, OpenBus()) for lo, hi in self.bus.holes()]
        regions = sorted(self.bus.memory.regions, key=lambda region: region.base != self.board.ram_base)
        self._keep_open = [region.view for region in regions]
        self.space = AddressSpace(
            tuple(Backing(each.base, each.size, each.address, each.permissions != ROM) for each in regions),
            tuple(DeviceWindow(base, size, index) for index, (base, size, _) in enumerate(self.windows)),
            self.isa.page_size,
            bind_rows(placed),
            self._drain,
            self._read_physical,
        )
        for index, (base, size, device) in enumerate(placed):
            if isinstance(device, CfiFlash) and device.array is not None:
                flash = FlashWindow(device, base, index, self.space, self._remap)
                self.flashes.append(flash)
                self.windows[index] = (base, size, flash)
        for vcpu in self.vcpus:
            vcpu.setup(self.board.ram_base, self.space.root, vcpu.arch.config)

    def _build_vcpus(self) -> None:
        config = VCpuConfig(
            self.isa,
            self.model,
            hypercalls=1 if self.board.name == "bare" else 0,
            semihosting=self.config.semihosting,
            leave_unmapped=self.config.unmapped == "stop",
            time_shift=self.config.shift,
            host_start=self._host_start,
        )
        for number in range(self.config.smp):
            self.vcpus.append(AxVCpu.new(EngineVCpu, self.vm_id, number, config))

    def _remap(self) -> None:
        if self._pcpu is not None:
            self._pcpu.arch.remap(self.space)

    def settle_flash(self) -> None:
        """Flash contents or modes were changed from outside the guest."""
        for flash in self.flashes:
            flash.settle()

    def line(self, vcpu: int, number: int) -> _Line:
        """The interrupt line `number` into a vCPU (wiring's source of lines)."""
        return _Line(self, vcpu, number)

    @property
    def memory(self) -> MemoryMap:
        """Guest memory by guest-physical address: `read(address, size)`, `write(address, data)`."""
        return self.bus.memory

    @property
    def symbols(self) -> SymbolTable:
        return self._plan.symbols if self._plan is not None else SymbolTable()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was loaded where, and where it starts: lines for -v."""
        return self._plan.notes if self._plan is not None else ()

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._plan.warnings if self._plan is not None else ()

    def load(self, path: str | Path, base: int | None = None) -> Image:
        """Make the file at `path` the guest: an ELF, Intel HEX, kernel image, or raw bytes at `base`. Powers on."""
        path = Path(path)
        image = parse(path, read_file(path, "a guest program"), self.isa.name, as_raw=base is not None)
        self._files = replace(self._files, kernel=image)
        self.config = replace(self.config, kernel=path, base=base)
        self._replan()
        return image

    def _replan(self) -> None:
        self._plan = boot.plan(self.config, self.board, self._files, self.isa)
        self.reset()

    def reset(self) -> None:
        """Power on anew: memory as loaded, devices and vCPUs as after reset."""
        self._retired_before += sum(vcpu.arch.retired for vcpu in self.vcpus)
        self._counts += self._counts_now()
        self.ram.clear()
        for vcpu in self.vcpus:
            vcpu.arch.power_on()
            self.release(vcpu)
        self._turn, self._turn_at, self._skipped = 0, TURN, 0
        if self._host_start is not None:
            self._host_start = host_ns()
            for vcpu in self.vcpus:
                vcpu.arch.start_clock(self._host_start)
        for device in self.devices.values():
            device.reset()
        if self.semihost is not None:
            self.semihost.reset()
        self.settle_flash()
        if self._plan is not None:
            for write in self._plan.writes:
                self.memory.write(write.address, write.data)
            for vcpu, registers in zip(self.vcpus, self._plan.registers, strict=True):
                vcpu.arch.set_entry(self._plan.pc)
                for name, value in registers:
                    vcpu.arch.write_register(name, value)
        self.forget_code()
        self._poll()
        self._stale = True

    def forget_code(self) -> None:
        """The host has written guest memory."""
        if self._pcpu is not None:
            for vcpu in self.vcpus:
                vcpu.arch.forget_code()

    # -- running ------------------------------------------------------------------------------------------------------

    def run(
        self,
        max_insns: int | None = None,
        timeout: float | None = None,
        until: Callable[[AxVCpuExitReason], bool] | None = None,
    ) -> Outcome:
        """Run until the guest ends, `max_insns` more instructions have retired, `timeout` seconds of host time have
        passed, `stop` was called, or an exit comes for which `until` is true: that exit is then `Outcome.exit`, not
        answered yet. Call it again to go on; an exit that nobody answered comes again."""
        self._bind()
        self._until = until
        limit = NEVER if max_insns is None else self.retired + max_insns
        watch = None if timeout is None else threading.Timer(timeout, self._halt_run, (Ending.TIMEOUT,))
        if watch is not None:
            watch.daemon = True
            watch.start()
        self._subscribe()
        try:
            return self._loop(limit)
        finally:
            self._current = None
            if watch is not None:
                watch.cancel()
                if self._stop_reason is Ending.TIMEOUT:
                    self._stop_reason = None

    def answer(self, exit: AxVCpuExitReason) -> Outcome | None:  # noqa: A002 (the field's word)
        """Answer an exit that `run` gave to its caller, as the machine would; what ends the run is returned."""
        return answer(exit, self.vcpus[self._turn], self)

    def _loop(self, limit: int) -> Outcome:
        while True:
            if self._power is not None:
                outcome = self._switch_power()
                if outcome is not None:
                    return outcome
            if self._stop_reason is not None:
                return self._stopped(self._stop_reason)
            self.take_input()
            vcpu = self._pick()
            if vcpu is None:
                outcome = self._idle.wait()
                if outcome is not None:
                    return outcome
                continue
            self._prepare(vcpu, limit)
            outcome = self._run_turn(vcpu)
            if outcome is not None:
                return outcome

    def _run_turn(self, vcpu: Vcpu) -> Outcome | None:
        """Run one vCPU until something besides it has to be looked at."""
        self._current = vcpu
        run, until, listeners = vcpu.run, self._until, self._listeners
        while True:
            exit = run()
            if listeners:
                self._tell(vcpu, exit)
            if until is not None and until(exit):
                return self.ended(Ending.EXIT, vcpu, exit, f"left the guest with {exit}")
            outcome = answer(exit, vcpu, self)
            if outcome is not None or self._stale:
                return outcome

    def _pick(self) -> Vcpu | None:
        """The vCPU whose turn it is: the first that is ready from the current one on."""
        for step in range(len(self.vcpus)):
            number = (self._turn + step) % len(self.vcpus)
            vcpu = self.vcpus[number]
            if vcpu.state is VCpuState.BLOCKED and vcpu.arch.lines and vcpu.arch.can_wake():
                vcpu.wake(WakeEvent.INTERRUPT)
            if vcpu.state is VCpuState.READY:
                if step:
                    self._begin_turn(number)
                return vcpu
        return None

    def _begin_turn(self, number: int) -> None:
        self._turn = number
        self._turn_at = self.vcpus[number].arch.retired + TURN

    def _prepare(self, vcpu: Vcpu, limit: int) -> None:
        """Tell native code when to come back: the budget, the next alarm, the turn's end."""
        self._stale = False
        arch = vcpu.arch
        others = sum(each.arch.retired for each in self.vcpus) - arch.retired
        arch.time_base = others + self._skipped
        vcpu.deadline = None if limit == NEVER else max(limit - self._retired_before - others, 0)
        arch.turn_at = arch.retired + BREATH if len(self.vcpus) == 1 else self._turn_at
        following = self.timeline.next
        if self._host_start is not None:
            self._idle.kick_at(following)
            arch.event_ns = min(following, NEVER)
            arch.event_at = NEVER
        elif following >= NEVER:
            arch.event_at = NEVER
        else:
            count = -(-following >> 0) if not self.config.shift else -(-following // (1 << self.config.shift))
            arch.event_at = max(count - arch.time_base, 0)

    def attend(self, vcpu: Vcpu) -> Outcome | None:
        """Native code came back: fire alarms that are due, take input, end the turn."""
        self.take_input()
        due = self.timeline.next <= self.timeline.now()
        if due:
            self.timeline.fire()
        elif len(self.vcpus) > 1 and vcpu.arch.turn_over():
            self._begin_turn((self._turn + 1) % len(self.vcpus))
        self._stale = True
        return None

    def stop(self) -> None:
        """From any thread or signal handler: end the run at the next exact boundary, as INTERRUPTED."""
        self._halt_run(Ending.INTERRUPTED)

    def _halt_run(self, ending: Ending) -> None:
        self._stop_reason = ending
        self.kick()

    def kick(self) -> None:
        """From any thread: come back from the guest for a moment."""
        for vcpu in self.vcpus:
            vcpu.arch.kick()
        self._idle.notify()

    def notify(self) -> None:
        """From any thread: live input has arrived or ended."""
        self._notified = True
        self.kick()

    def _stopped(self, ending: Ending) -> Outcome:
        text = "stopped from outside" if ending is Ending.INTERRUPTED else "the wall-time limit is over"
        self._stop_reason = None
        return self.ended(ending, self.vcpus[self._turn], None, text)

    def _switch_power(self) -> Outcome | None:
        request, self._power = self._power, None
        assert request is not None
        if request.kind is PowerKind.RESET and not self.config.no_reboot:
            self.reset()
            self._bind()
            return None
        what = "powered off" if request.kind is PowerKind.SHUTDOWN else "asked for a reset (-no-reboot)"
        text = f"the guest {what}" + (f" with code {request.code}" if request.code else "")
        vcpu = self._current or self.vcpus[0]
        return self.ended(Ending.POWERED_OFF, vcpu, None, text, request.code)

    def _bind(self) -> None:
        if self._closed:
            raise MemoryClosed(self.ram.size)
        pcpu = physical_cpu()
        waits = [vcpu.block_reason for vcpu in self.vcpus]
        if self._pcpu is not None and self._pcpu is not pcpu:
            self._unbind()
        self._pcpu = pcpu
        for vcpu, wait in zip(self.vcpus, waits, strict=True):
            if vcpu.state is VCpuState.FREE:
                vcpu.bind()
                if wait is not None:  # it goes on waiting on the other thread
                    vcpu.block(wait)

    def _unbind(self) -> None:
        for vcpu in self.vcpus:
            if vcpu.state in (VCpuState.READY, VCpuState.BLOCKED):
                vcpu.unbind()
        if self._pcpu is not None:
            self._pcpu.arch.release(self.space)
            self._pcpu = None

    def _subscribe(self) -> None:
        subscribe = getattr(self.channel, "subscribe", None)
        if subscribe is not None:
            subscribe(self.notify)

    # -- what devices and answers reach -------------------------------------------------------------------------------

    def _set_stale(self) -> None:
        self._stale = True

    def _ask_power(self, request: PowerRequest) -> None:
        self._power = request
        self._stale = True

    def _drive(self, number: int, line: int, level: bool) -> None:
        vcpu = self.vcpus[number]
        vcpu.arch.set_line(line, level)
        if level and vcpu is not self._current:
            self._stale = True

    def _drain(self, writes: Iterable[tuple[int, int, int, int]]) -> None:
        for window, address, width, value in writes:
            base, _, device = self.windows[window]
            device.write(address - base, width, value)

    def _read_physical(self, address: int, size: int) -> bytes | None:
        if self.memory.find(address) is None:
            return None
        return self.memory.read(address, size)

    def _poll(self) -> None:
        for device in self.devices.values():
            poll = getattr(device, "poll", None)
            if poll is not None:
                poll()
        for vcpu in self.vcpus:
            if vcpu.block_reason is BlockReason.IO:
                vcpu.wake(WakeEvent.COMPLETION)

    def _now(self) -> int:
        if self._host_start is not None:
            return host_ns() - self._host_start
        total = sum(vcpu.arch.retired for vcpu in self.vcpus)
        return (total + self._skipped) << self.config.shift

    @property
    def interrupted(self) -> bool:
        """Whether the run is to end, or live input waits to be taken."""
        return self._stop_reason is not None or self._notified

    def take_input(self) -> None:
        """Let the devices take what input has arrived."""
        if self._notified:
            self._notified = False
            self._poll()

    @property
    def clock_state(self) -> tuple[int, int, int, int]:
        return self._turn, self._turn_at, self._skipped, self._retired_before

    @clock_state.setter
    def clock_state(self, state: tuple[int, int, int, int]) -> None:
        self._turn, self._turn_at, self._skipped, self._retired_before = state
        self._stale = True

    def settle(self) -> None:
        """Have every vCPU on this thread's physical CPU, so that its state can be reached."""
        self._bind()

    def block(self, vcpu: Vcpu, reason: BlockReason) -> None:
        """An answer makes a vCPU wait."""
        vcpu.block(reason)
        self._stale = True

    def release(self, vcpu: Vcpu) -> None:
        """Make a vCPU that waits READY, and leave no token for a later wait."""
        if vcpu.block_reason is not None:
            halted = vcpu.block_reason is BlockReason.HALT
            vcpu.wake(WakeEvent.INTERRUPT if halted else WakeEvent.COMPLETION)

    def skip(self, until: int) -> None:
        """Idle: guest time goes on to `until` ns with nothing retired."""
        total = sum(vcpu.arch.retired for vcpu in self.vcpus)
        self._skipped = max(self._skipped, -(-until // (1 << self.config.shift)) - total)

    def unmapped(self, vcpu: Vcpu, address: int, access: AccessFlags) -> Outcome | None:
        if self.config.unmapped == "fault" or (
            self.config.unmapped == "ones" and AccessFlags.EXECUTE in access
        ):
            left = vcpu.arch.access_fault(address, access)
            return None if left is None else answer(left, vcpu, self)
        if self.config.unmapped == "ones":
            vcpu.arch.complete(NEVER)
            return None
        what = {AccessFlags.READ: "read of", AccessFlags.WRITE: "write to"}.get(access, "jump to")
        place = self.place(vcpu.arch.pc)
        text = f"{what} address {address:#x}, which nothing backs, at {place}"
        return self.ended(Ending.CRASHED, vcpu, None, text)

    def semihosting(self, vcpu: Vcpu, operation: int, block: int) -> Outcome | None:
        assert self.semihost is not None
        return self.semihost.call(vcpu, operation, block)

    def ended(
        self,
        ending: Ending,
        vcpu: Vcpu,
        exit: AxVCpuExitReason | None,
        text: str,
        code: int = 0,
    ) -> Outcome:
        pc = vcpu.arch.pc
        return Outcome(ending, code, vcpu.id, pc, self.symbols.name(pc), exit, text)

    def place(self, address: int) -> str:
        name = self.symbols.name(address)
        return f"{address:#x} <{name}>" if name else f"{address:#x}"

    # -- looking at it ------------------------------------------------------------------------------------------------

    @property
    def retired(self) -> int:
        """Instructions retired by all vCPUs since the machine was made."""
        return self._retired_before + sum(vcpu.arch.retired for vcpu in self.vcpus)

    @property
    def now_ns(self) -> int:
        return self._now()

    @property
    def exits(self) -> dict[str, int]:
        """How often the guest was left, by the exit's name; `native` were answered without Python."""
        return dict(self._counts + self._counts_now())

    def _counts_now(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for vcpu in self.vcpus:
            counts += vcpu.arch.exits + Counter(native=vcpu.arch.native_exits, traps=vcpu.arch.traps)
        return counts

    @property
    def console_output(self) -> bytes:
        """What the guest wrote, where no channel was given."""
        return bytes(self.recorder.output) if self.recorder is not None else b""

    def listen(self, callback: Callable[[Event], None], kinds: Iterable[str]) -> None:
        """Call `callback` for every event of these kinds (`emu.event.KINDS`) from now on."""
        self._listeners.append((callback, frozenset(kinds)))
        if {"trap", "interrupt", "unmapped"} & set(kinds):
            for vcpu in self.vcpus:
                vcpu.arch.watch(self._tell_trap)

    def _tell(self, vcpu: Vcpu, exit: AxVCpuExitReason) -> None:
        arch = vcpu.arch
        for callback, kinds in self._listeners:
            if "exit" in kinds:
                callback(Event("exit", arch.retired, vcpu.id, arch.pc, repr(exit)))

    def _tell_trap(self, event: Event) -> None:
        for callback, kinds in self._listeners:
            if event.kind in kinds:
                callback(event)

    # -- states -------------------------------------------------------------------------------------------------------

    def save(self, previous: MachineState | None = None) -> MachineState:
        """The whole machine in memory; pages that are as in `previous` are shared with it."""
        return save(self, previous)

    def restore(self, state: MachineState) -> None:
        """Back to a state that this machine, or one of the same make, saved."""
        load(self, state)

    def state_hash(self) -> str:
        """A digest of everything that decides what the guest does next."""
        return digest(self)

    def close(self) -> None:
        """Give memory and engine back; again: nothing."""
        if self._closed:
            return
        self._closed = True
        self._idle.close()
        self._unbind()
        self._keep_open.clear()
        for flash in self.flashes:
            flash.close()
        for device in self.devices.values():
            shut = getattr(device, "close", None)
            if shut is not None:
                shut()
        for ram in (self.ram, *self.roms):
            ram.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: Any) -> None:  # noqa: ANN401
        self.close()


def _check(config: MachineConfig, board: Board) -> None:
    if not 1 <= config.smp <= board.max_cpus:
        raise ConfigError("-smp", f"1 to {board.max_cpus} CPUs on machine {board.name}", str(config.smp))
    for what, value, known in (
        ("--clock", config.clock, ("virtual", "host")),
        ("--unmapped", config.unmapped, ("fault", "stop", "ones")),
    ):
        if value not in known:
            raise ConfigError(what, " or ".join(known), value)
    if not 0 <= config.shift <= 10:
        raise ConfigError("-icount shift", "0 to 10", str(config.shift))
