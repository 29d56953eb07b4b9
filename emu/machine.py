"""A machine: a board's devices and memory, its vCPUs, and the loop that runs them.

One host thread runs all vCPUs of a machine in deterministic turns. Everything that happens to the guest happens at a
count of retired instructions: alarms fire, budgets end and interrupts are raised there and nowhere else.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, cast

from axvcpu.control import NEVER
from axvcpu.exits import AccessFlags, AxVCpuExitReason, MmioRead, MmioWrite
from axvcpu.states import WAKES, BlockReason, VCpuState, WakeEvent
from axvcpu.vcpu import AxVCpu
from emu import boot, bootfiles, wiring
from emu.answer import Registers, answer
from emu.board import GIB, MAX_RAM, Board, board_for, with_cpu
from emu.bus import Bus
from emu.calls.entries import entries_of
from emu.calls.tables import CallTables
from emu.config import BUILT_IN, MachineConfig
from emu.device import Channel, Device, PowerRequest
from emu.devices.cfi_flash import CfiFlash
from emu.devices.fw_cfg import FwCfg
from emu.dma import Dma, Span
from emu.engine.context import VCpuConfig
from emu.engine.counts import BlockCounts
from emu.engine.cpu import EngineCpu
from emu.engine.instrument import Hooks
from emu.engine.mapping import Backing, DeviceWindow
from emu.engine.space import AddressSpace
from emu.engine.vcpu import EngineVCpu
from emu.errors import ConfigError, MemoryClosed, NotCounted
from emu.event import Event
from emu.firmware.entry import entry_registers
from emu.firmware.sbi import Sbi, Surroundings
from emu.flash import FlashWindow
from emu.loaders.image import Image
from emu.memory import ROM, MemoryMap, Ram, Region
from emu.native_rows import bind_rows
from emu.observer import Meter, Observer, Wish
from emu.open_bus import OpenBus
from emu.outcome import Ending, Outcome
from emu.pcpu import physical_cpu
from emu.ports import Ports
from emu.recorder import Recorder
from emu.runner import Runner
from emu.schedule import Schedule, Vcpu
from emu.semihost import Semihost
from emu.snapshot import MachineState, digest, digest_of, load, save
from emu.symbols import SymbolTable
from emu.timeline import Timeline
from emu.virtio import windows
from emu.watch import Watch, Watchpoints
from isa import registry

if TYPE_CHECKING:
    from emu.trace.tracing import Tracing

_vm_ids: Final = itertools.count(1)


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
        isa = registry.find(config.isa)
        self.model = registry.cpu_model(isa, config.cpu)
        self.isa = registry.profile(isa, self.model)
        self.board: Final[Board] = with_cpu(board_for(isa.name, config.board), self.isa)
        _check(config, self.board)
        wiring.check_drives(config, self.board)
        windows.assigned(self.board, config.virtio)
        self.config = config = replace(config, isa=self.isa.name, board=self.board.name)
        self.vm_id: Final = next(_vm_ids)
        self._files = bootfiles.read_files(config)
        self._plan: boot.BootPlan | None = None
        self._loaded: dict[str, str] | None = None  # digests, once they are asked for
        self._closed = False
        self._breakpoints: frozenset[int] = frozenset()
        self._observer: Observer | None = None
        self.meter: Meter | None = None  # the same, where it stands between exits and answers
        self._block_counts: BlockCounts | None = None
        self._tracing: Tracing | None = None
        self._hooks: Hooks | None = None
        self._pcpu: EngineCpu | None = None  # where its vCPUs are bound; it outlives its thread
        self.recorder: Final[Recorder | None] = Recorder() if config.channel is None else None
        self.channel: Final[Channel] = config.channel or self.recorder  # type: ignore[assignment]
        self._counts: Counter[str] = Counter()  # of the time before the last reset
        self._listeners: list[tuple[Callable[[Event], None], frozenset[str]]] = []
        self.vcpus: list[Vcpu] = []
        self._held: dict[int, BlockReason] = {}  # what a vCPU waits for as soon as it is bound
        self.schedule: Final = Schedule(self.vcpus, config.shift, host=config.clock == "host")
        self.timeline: Final = Timeline(self.schedule.now, self._set_stale)
        self._runner: Final = Runner(self)
        self.flashes: list[FlashWindow] = []
        self._build_memory()
        self._build_vcpus()
        self._build_devices()
        self.firmware: Final = self._build_firmware()
        self.semihost: Final = Semihost(self, config.append) if config.semihosting else None
        try:
            if self._files != bootfiles.BootFiles() or config.drives:
                self._replan()
            else:
                self.reset()
        except BaseException:
            self.close()  # disks are locked
            raise

    # -- building -----------------------------------------------------------------------------------------------------

    def _build_memory(self) -> None:
        board = self.board
        size = board.default_ram if self.config.ram is None else self.config.ram
        self.bus = Bus(self.isa.page_size, big_endian=self.isa.endian == "big")
        self.ram = Ram(size)
        self.bus.add_region(Region("RAM", board.ram_base, self.ram, 0, size))
        if board.ram_alias is not None:
            self.bus.add_region(Region("RAM (alias)", board.ram_alias, self.ram, 0, board.alias_size(size)))
        self.roms: list[Ram] = []
        for slot in board.slots:
            if slot.kind == "rom":
                rom = Ram(slot.size)
                self.roms.append(rom)
                self.bus.add_region(Region(slot.name, slot.base, rom, 0, slot.size, ROM))

    def _build_devices(self) -> None:
        self.dma = Dma(self.memory, self._written)
        hands = wiring.Hands(
            self.config,
            self.board,
            self.timeline,
            self,
            self.channel,
            self._runner.ask_power,
            self.dma,
            self._complain,
            self.isa.lines,
        )
        made = wiring.devices(hands)
        self.devices: Mapping[str, Device] = {slot.name: device for slot, device in made}
        placed = [(slot.base, device.size, device) for slot, device in made if not slot.port]
        self.ports = Ports((slot.base, device) for slot, device in made if slot.port)
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
        self._watchpoints = Watchpoints(self.memory, self.ram, self.space, self.isa, self._remap)
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
            hypercalls=1 if self.board.name == "bare" else 2 if self.config.bios == BUILT_IN else 0,
            semihosting=self.config.semihosting,
            leave_unmapped=self.config.unmapped == "stop",
            time_shift=self.config.shift,
            host_start=self.schedule.host_start,
        )
        for number in range(self.config.smp):
            vcpu = AxVCpu.new(EngineVCpu, self.vm_id, number, config)
            vcpu.arch.answer_now = partial(self._answer_inside, vcpu)
            self.vcpus.append(vcpu)

    def _build_firmware(self) -> Sbi | None:
        if self.config.bios != BUILT_IN or not self.board.firmware:
            return None
        serials = (self.devices[slot.name] for slot in self.board.slots if slot.kind == "ns16550a")
        return Sbi(
            Surroundings(
                self.vcpus,
                self.isa.bits,
                self.model.name,
                self.timeline,
                self.board.timebase,
                self.dma,
                self.channel,
                next(serials, None),
                self.block,
                self._set_stale,
            )
        )

    def _remap(self) -> None:
        if self._pcpu is not None:
            self._pcpu.remap(self.space)

    def settle_flash(self) -> None:
        """Flash contents or modes were changed from outside the guest."""
        for flash in self.flashes:
            flash.settle()

    def line(self, vcpu: int, number: int) -> _Line:
        """The interrupt line `number` into a vCPU (wiring's source of lines)."""
        return _Line(self, vcpu, number)

    def pend(self, vcpu: int, register: str, number: int) -> None:
        """Make an interrupt pending that a vCPU keeps itself (wiring's source of lines)."""
        self.vcpus[vcpu].arch.set_pending(register, number, True)
        if self.vcpus[vcpu] is not self._runner.current:
            self._set_stale()

    @property
    def memory(self) -> MemoryMap:
        """Guest memory by guest-physical address: `read(address, size)`, `write(address, data)`."""
        return self.bus.memory

    @property
    def symbols(self) -> SymbolTable:
        return self._plan.symbols if self._plan is not None else SymbolTable()

    @property
    def files(self) -> tuple[Path, ...]:
        """The program files that it is loaded with: kernel, firmware, loaders."""
        files = self._files
        images = (files.kernel, files.bios, *files.loaders)
        return tuple(dict.fromkeys(Path(image.path) for image in images if image is not None))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was loaded where, and where it starts: lines for -v."""
        return self._plan.notes if self._plan is not None else ()

    @property
    def loaded(self) -> dict[str, str]:
        """Digests of what is in memory at each start, by its name."""
        if self._loaded is None:
            self._loaded = digest_of(self._plan.writes) if self._plan is not None else {}
        return self._loaded

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._plan.warnings if self._plan is not None else ()

    def load(self, path: str | Path, base: int | None = None) -> Image:
        """Make the file at `path` the guest: an ELF, Intel HEX, kernel image, or raw bytes at `base`. Powers on."""
        path = Path(path)
        self.config = replace(self.config, kernel=path, base=base)
        self._files, image = bootfiles.with_kernel(self._files, self.config, path, as_raw=base is not None)
        self._replan()
        return image

    def renew(self, path: str | Path, base: int | None = None) -> Image:
        """`load`, and nothing is left of what ran before: counts are from zero, input that was taken is forgotten. What
        a guest wrote to a disk or a share stays written."""
        for device in self.devices.values():
            forget = getattr(device, "forget_input", None)
            if forget is not None:
                forget()
        image = self.load(path, base)
        self.schedule.forget()
        self._counts.clear()
        return image

    def _replan(self) -> None:
        self._plan, self._loaded = boot.plan(self.config, self.board, self._files, self.isa), None
        for device in self.devices.values():
            if isinstance(device, FwCfg):
                device.fill(self._plan.firmware_items)
        self.reset()

    def reset(self) -> None:
        """Power on anew: memory as loaded, devices and vCPUs as after reset."""
        self._counts += self._counts_now()
        self.schedule.reset()
        if self.meter is not None:
            self.meter.reset()
        self.ram.clear()
        for vcpu in self.vcpus:
            vcpu.arch.power_on()
            vcpu.arch.set_entry(self.board.ram_base)
            self.release(vcpu)
            if self.schedule.host_start is not None:
                vcpu.arch.start_clock(self.schedule.host_start)
            if self.firmware is not None and not vcpu.is_bsp:
                self._hold(vcpu, BlockReason.POWERED_OFF)
        self.vcpus[0].arch.begin_translation()
        if self.firmware is not None:
            self.firmware.reset()
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
        elif self.firmware is not None:
            for name, value in entry_registers(0, 0):
                self.vcpus[0].arch.write_register(name, value)
        self.forget_code()
        self.poll()
        self._set_stale()

    def _hold(self, vcpu: Vcpu, reason: BlockReason) -> None:
        """Have a vCPU wait from its first moment on."""
        if vcpu.state is VCpuState.FREE:
            self._held[vcpu.id] = reason
        else:
            vcpu.block(reason)

    def forget_code(self) -> None:
        """The host has written guest memory."""
        if self._pcpu is not None:
            self.vcpus[0].arch.forget_code()  # all are on one engine

    def _written(self, spans: Sequence[Span]) -> None:
        """A device has written guest memory by itself."""
        if self._pcpu is not None:
            self.vcpus[0].arch.forget_code(spans)

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
        self.settle()
        return self._runner.run(max_insns, timeout, until)

    def answer(self, exit: AxVCpuExitReason) -> Outcome | None:
        """Answer an exit that `run` gave to its caller, as the machine would; what ends the run is returned."""
        return answer(exit, self.schedule.current, self)

    def attend(self, vcpu: Vcpu) -> None:
        """Native code came back for the machine's sake."""
        self._runner.attend(vcpu)

    def stop(self) -> None:
        """From any thread or signal handler: end the run at the next exact boundary, as INTERRUPTED."""
        self._runner.stop()

    def settle(self) -> None:
        """Have every vCPU on this thread's physical CPU, so that its state can be reached."""
        if self._closed:
            raise MemoryClosed(self.ram.size)
        pcpu = physical_cpu().arch
        waits = [vcpu.block_reason for vcpu in self.vcpus]
        if self._pcpu is not None and self._pcpu is not pcpu:
            self._unbind()
        moved, self._pcpu = self._pcpu is not pcpu, pcpu
        for vcpu, wait in zip(self.vcpus, waits, strict=True):
            if vcpu.state is VCpuState.FREE:
                vcpu.bind()
                held = self._held.pop(vcpu.id, wait)
                if held is not None:  # on another thread it goes on waiting
                    vcpu.block(held)
        if moved and self._breakpoints:
            self.vcpus[0].arch.set_breakpoints(self._breakpoints)
        if moved and self._block_counts is not None:
            self.vcpus[0].arch.count(self._block_counts)
        if moved and self._tracing is not None:
            self.vcpus[0].arch.trace(self._tracing)
        if moved and self._hooks is not None:
            self.vcpus[0].arch.instrument(self._hooks)

    def _unbind(self) -> None:
        if self._tracing is not None:
            self.vcpus[0].arch.trace(None)
        if self._block_counts is not None:
            self.vcpus[0].arch.count(None)
        for vcpu in self.vcpus:
            if vcpu.state in (VCpuState.READY, VCpuState.BLOCKED):
                vcpu.unbind()
        if self._pcpu is not None:
            self._pcpu.release(self.space)
            self._pcpu = None

    # -- what devices and answers reach -------------------------------------------------------------------------------

    def _set_stale(self) -> None:
        self._runner.stale = True

    def _drive(self, number: int, line: int, level: bool) -> None:
        vcpu = self.vcpus[number]
        vcpu.arch.set_line(line, level)
        if level and vcpu is not self._runner.current:
            self._set_stale()

    def _answer_inside(self, vcpu: Vcpu, exit: MmioRead | MmioWrite) -> tuple[int, bool]:
        """Answer an access that cannot leave the guest: the value, and whether something wants control after it."""
        if self.listening:
            self.tell(vcpu, exit)
        value = self._access(exit) if self.meter is None else self.meter.access(exit, vcpu, self._access)
        if self._observer is not None:
            self._observer.inside(vcpu, exit, value)
        return value, self._runner.stale

    def _access(self, exit: MmioRead | MmioWrite) -> int:
        base, size, device = self.windows[exit.window]
        offset = exit.addr - base
        if offset + exit.width <= size:  # the rest of a window's last page reads as zero
            if isinstance(exit, MmioRead):
                return device.read(offset, exit.width)
            device.write(offset, exit.width, exit.data)
        return 0

    def _drain(self, writes: Iterable[tuple[int, int, int, int]]) -> None:
        for window, address, width, value in writes:
            base, _, device = self.windows[window]
            device.write(address - base, width, value)

    def _read_physical(self, address: int, size: int) -> bytes | None:
        if self.memory.find(address) is None:
            return None
        return self.memory.read(address, size)

    def poll(self) -> None:
        """Let the devices take what input has arrived."""
        for device in self.devices.values():
            poll = getattr(device, "poll", None)
            if poll is not None:
                poll()
        for vcpu in self.vcpus:
            if vcpu.block_reason is BlockReason.IO:
                vcpu.wake(WakeEvent.COMPLETION)

    def block(self, vcpu: Vcpu, reason: BlockReason) -> None:
        """An answer makes a vCPU wait."""
        vcpu.block(reason)
        self._set_stale()

    def release(self, vcpu: Vcpu) -> None:
        """Make a vCPU that waits READY, and leave no token for a later wait."""
        self._held.pop(vcpu.id, None)
        for event, answered in WAKES.items():
            waits = vcpu.block_reason
            if waits is not None and event is not WakeEvent.STOP and answered in waits:
                vcpu.wake(event)

    def ask_power(self, request: PowerRequest) -> None:
        """A power switch was thrown; looked at when the access or call has been answered."""
        self._runner.ask_power(request)

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
        return self.schedule.retired

    @property
    def now_ns(self) -> int:
        """Guest time since the last reset."""
        return self.schedule.now()

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
                vcpu.arch.watch(self._tell)

    @property
    def listening(self) -> bool:
        """Whether anybody wants to hear of exits."""
        return any("exit" in kinds for _, kinds in self._listeners)

    def tell(self, vcpu: Vcpu, exit: AxVCpuExitReason) -> None:
        """Tell the listeners of an exit."""
        arch = vcpu.arch
        for callback, kinds in self._listeners:
            if "exit" in kinds:
                callback(Event("exit", arch.retired, vcpu.id, arch.pc, repr(exit)))

    def observe(self, observer: Observer | None, wish: Wish = Wish()) -> None:  # noqa: B008  (frozen)
        """Tell `observer`, instead of the one before, what native code does, as `wish` says; None: nobody. One with
        a wish for `timed` is a Meter."""
        self.settle()
        self._observer = observer
        meter = self.meter = cast(Meter, observer) if wish.timed else None
        for vcpu in self.vcpus:
            vcpu.arch.observe(wish, None if observer is None else partial(observer.rows, vcpu))
            vcpu.arch.driven = None if meter is None else partial(meter.driven, vcpu)

    def put_before(self, name: str, wrap: Callable[[Device], Device]) -> None:
        """Have what `wrap` makes of a device answer in its place, where accesses leave native code (`Wish.leave`)."""
        device = self.devices[name]
        found = wrap(device)
        self.ports.put_before(device, found)
        self.windows = [
            (base, size, found if there is device else there) for base, size, there in self.windows
        ]

    def _complain(self, text: str) -> None:
        """Tell the listeners what a guest did to a device."""
        arch = self.schedule.current.arch
        self._tell(Event("device", arch.retired, self.schedule.current.id, arch.pc, text))

    def _tell(self, event: Event) -> None:
        for callback, kinds in self._listeners:
            if event.kind in kinds:
                callback(event)

    @property
    def breakpoints(self) -> frozenset[int]:
        """Guest-virtual addresses of code. A vCPU that comes to one leaves before the instruction there with
        `Debug(BREAKPOINT)`, which ends the run as EXIT; the next `run` goes on over it. They cost nothing elsewhere, and
        the guest cannot see them."""
        return self._breakpoints

    @breakpoints.setter
    def breakpoints(self, addresses: Iterable[int]) -> None:
        wanted = frozenset(addresses)
        if wanted != self._breakpoints:
            self.settle()
            self._breakpoints = wanted
            self.vcpus[0].arch.set_breakpoints(wanted)  # all are on one engine

    @property
    def watchpoints(self) -> frozenset[Watch]:
        """Ranges of RAM. When an instruction of a vCPU that reads or writes one (as `Watch.access` has it) is complete,
        the vCPU leaves with `Debug(WATCHPOINT)`, which ends the run as EXIT; the next `run` goes on. The guest cannot
        see them, and they cost nothing but for accesses to the same pages.

        Only instructions count: not what a device writes by itself, nor the frame of an exception, nor the MMU's
        look at its tables. Raises ConfigError and AddressError for what cannot be watched.
        """
        return self._watchpoints.watches

    @watchpoints.setter
    def watchpoints(self, watches: Iterable[Watch]) -> None:
        wanted = frozenset(watches)
        if wanted != self._watchpoints.watches:
            self.settle()
            self._watchpoints.set(wanted)

    @property
    def slow_watchpoints(self) -> frozenset[Watch]:
        """Those whose pages the guest was seen to execute: code runs slowly there."""
        return self._watchpoints.slow

    def count_blocks(
        self,
        *,
        branches: bool = False,
        calls: bool = False,
        switches: Callable[[Any], None] | None = None,
        turned: Callable[[], None] | None = None,
    ) -> None:
        """From here on count how often each block runs, for `block_counts`; again: anew. It costs until `close`.

        `branches`: and how often it is gone on with without a branch. `calls`, which goes without `branches`: follow
        calls too, for `block_counts.calls`. `switches` and `turned` are `CallTables`'."""
        assert not (branches and calls)
        self.settle()
        tables = None
        if calls:
            entries = entries_of(self.isa, self.symbols)
            tables = CallTables(self.isa, len(self.vcpus), entries, switches, turned)
        self._block_counts = BlockCounts(branches=branches, calls=tables)
        self.vcpus[0].arch.count(self._block_counts)  # all are on one engine
        for vcpu in self.vcpus:
            vcpu.arch.stand()

    def stop_counting(self) -> None:
        """Count no more: `block_counts` raises NotCounted from here on."""
        self.settle()
        self._block_counts = None
        self.vcpus[0].arch.count(None)  # all are on one engine
        for vcpu in self.vcpus:
            vcpu.arch.stand()

    @property
    def block_counts(self) -> BlockCounts:
        """What ran since `count_blocks`, to the instruction: resets and restored states take nothing back.

        Raises NotCounted where it was not called."""
        if self._block_counts is None:
            raise NotCounted
        if not self._closed:
            for vcpu in self.vcpus:
                vcpu.arch.settle_counts()
        return self._block_counts

    def trace(self, tracing: Tracing | None) -> None:
        """Have `tracing` record what is executed from here on; None: nobody."""
        self.settle()
        self._tracing = tracing
        self.vcpus[0].arch.trace(tracing)  # all are on one engine

    def settle_trace(self) -> None:
        """Have everything taken that was recorded so far."""
        self.vcpus[0].arch.settle_trace()

    def instrument(self, hooks: Hooks) -> None:
        """Have a user's hooks (`emu.hook`) called from here on, until `close`. A machine takes one set of them.

        Raises HookError where they cannot be compiled, or name what this guest has not."""
        if self._hooks is not None:
            raise ConfigError("hooks", "one file of hooks", "a second one", "Put them into one file")
        self.settle()
        self.vcpus[0].arch.instrument(hooks)  # all are on one engine
        self._hooks = hooks

    def interrupt_hooks(self) -> None:
        """From any thread: the run is to end; a hook that loops and loops is to end too."""
        if self._hooks is not None:
            self._hooks.interrupt()

    def release_hooks(self) -> None:
        """The run has ended."""
        if self._hooks is not None:
            self._hooks.release()

    def hooked(self, vcpu: Vcpu, exit: AxVCpuExitReason) -> Outcome:
        """A hook has ended the run."""
        assert self._hooks is not None
        text, code = self._hooks.ending
        return self.ended(Ending.HOOK, vcpu, exit, text, code)

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
        self._runner.close()
        self._unbind()
        self._keep_open.clear()
        for flash in self.flashes:
            flash.close()
        wiring.close(self.devices.values())
        self.dma.close()
        for ram in (self.ram, *self.roms):
            ram.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: Any) -> None:  # noqa: ANN401
        self.close()


def _check(config: MachineConfig, board: Board) -> None:
    if config.ram is not None and config.ram > MAX_RAM:
        raise ConfigError("-m", f"at most {MAX_RAM // GIB} GiB", f"{config.ram} bytes", "Ask for less memory")
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
