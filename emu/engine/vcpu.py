"""A vCPU's guest context on Unicorn: `AxArchVCpu` for every ISA.

Bound is not loaded: `run` puts the context into the engine and saves the one it displaces, so a VM with one vCPU never
pays. The control block is authoritative for the pc and the counts, the engine for every other register while loaded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final, Self

from axvcpu.control import NEVER, STALE, Kind
from axvcpu.errors import InvalidInput, Unsupported
from axvcpu.exits import (
    KICK,
    AccessFlags,
    AxVCpuExitReason,
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
    SysRegRead,
    SysRegWrite,
)
from axvcpu.percpu import this
from emu.engine.callbacks import enter
from emu.engine.context import Context, VCpuConfig
from emu.engine.counts import BlockCounts
from emu.engine.engine import LOG, LOG_ONE, Engine, LogRows, blueprint
from emu.engine.instrument import Hooks
from emu.engine.library import error_text
from emu.engine.space import AddressSpace, by_root
from emu.engine.words import (
    ANSWER,
    COUNTERS_STOPPED,
    HAS_ANSWER,
    KIND,
    LINES,
    PC,
    RETIRED,
    WORD,
    ControlWords,
)
from emu.event import Event
from emu.observer import Wish
from isa.contract import Access
from isa.records import LOG_INTERRUPT, LOG_TRAP, LOG_UNMAPPED
from isa.register import Role

if TYPE_CHECKING:
    from emu.trace.tracing import Tracing

SEMIHOSTING: Final = 1 << 64
"""`Hypercall.nr` of a semihosting call, which no guest register can hold: args are the operation and its block."""

_MMIO_READ, _MMIO_WRITE = int(Kind.MMIO_READ), int(Kind.MMIO_WRITE)
_READ, _WRITE, _EXECUTE = AccessFlags.READ, AccessFlags.WRITE, AccessFlags.EXECUTE
_EXIT_NAMES: Final = {
    Kind.MMIO_READ: "MmioRead",
    Kind.MMIO_WRITE: "MmioWrite",
    Kind.HALT: "Halt",
    Kind.HYPERCALL: "Hypercall",
    Kind.SEMIHOST: "Hypercall",
    Kind.EXCEPTION: "GuestException",
    Kind.TRAP_LOOP: "GuestException",
    Kind.DEADLINE: "PreemptionTimer",
    Kind.EVENT: "Nothing",
    Kind.TURN: "Nothing",
    Kind.KICK: "ExternalInterrupt",
    Kind.UNMAPPED: "NestedPageFault",
    Kind.FAIL: "FailEntry",
    Kind.IO_READ: "IoRead",
    Kind.IO_WRITE: "IoWrite",
    Kind.SYSREG_READ: "SysRegRead",
    Kind.SYSREG_WRITE: "SysRegWrite",
    Kind.BREAKPOINT: "Debug",
    Kind.WATCHPOINT: "Debug",
}
_KEPT: Final = (
    "deadline",
    "event_at",
    "event_ns",
    "turn_at",
    "yields",
    "kick",
    "break_pc",
    "break_retired",
    "counted_pc",
    "counted_size",
    "counted_count",
    "counted_retired",
    "flow",
    "caller",
    "trapped",
    "trapped_pc",
    "trapped_stack",
    "trapped_space",
    "limit",
    "attention",
    "host_clock",
    "host_start",
    "access_counts",
    "hypercalls",
    "semihosting",
    "unmapped",
)
"""Words of the control block that say what is asked of the run, not what the guest is."""


class EngineVCpu(ControlWords):
    __slots__ = (
        "_attached",
        "_beyond",
        "_blueprint",
        "_engine",
        "_enter_address",
        "_outside",
        "_record",
        "_ring",
        "_rows",
        "_saved",
        "_space",
        "_typed",
        "_wish",
        "answer_now",
        "config",
        "driven",
        "failure",
        "isa",
        "stirred",
        "vcpu_id",
        "vm_id",
        "watcher",
    )

    def __init__(self, vm_id: int, vcpu_id: int, config: VCpuConfig) -> None:
        super().__init__()
        self.vm_id, self.vcpu_id, self.config = vm_id, vcpu_id, config
        self.isa: Final = config.isa
        self._blueprint: Final = blueprint(config.isa, config.model)
        self._record = self.words[WORD["window"] : WORD["data"] + 1].tolist
        self._engine: Engine | None = None
        self._enter_address = 0
        self._ring = self.words
        self._space: AddressSpace | None = None
        self._saved = bytearray()
        self._outside: dict[str, int] = {}
        self._attached = b""
        self._beyond: bytes | None = None  # what `_outside` names, as the engine it was displaced in holds it
        self.answer_now: Callable[[MmioRead | MmioWrite], tuple[int, bool]] | None = None
        self.failure: BaseException | None = None
        self.watcher: Callable[[Event], None] | None = None
        self._wish = Wish()
        self._rows: Callable[[LogRows], None] | None = None  # whoever asked for it
        self.stirred = True  # an interrupt line or bit has moved since `can_wake` said no
        self.driven: Callable[[int, bool], None] | None = None  # told of lines and bits, with their levels
        self._typed: Counter[str] = Counter()  # calls to firmware that became an exit of their own

    @classmethod
    def new(cls, vm_id: int, vcpu_id: int, config: VCpuConfig) -> Self:
        return cls(vm_id, vcpu_id, config)

    # -- setting up ---------------------------------------------------------------------------------------------------

    def set_entry(self, gpa: int) -> None:
        self.words[PC] = gpa & self._mask

    def set_ept_root(self, hpa: int) -> None:
        self._space = by_root(hpa)

    def setup(self, config: VCpuConfig | None = None) -> None:
        if config is not None:
            self.config = config
        pc = self.words[PC]
        self.power_on()
        self.words[PC] = pc

    def power_on(self) -> None:
        """The state after reset: registers, counts and everything pending."""
        config = self.config
        self.settle_counts()
        self.settle_trace()
        self.stirred = True
        self._typed.clear()
        self._clear_registers()
        self.block[:] = 0
        self.put_words(
            {
                "deadline": NEVER,
                "event_at": NEVER,
                "turn_at": NEVER,
                "lines_told": STALE,
                "vcpu_id": self.vcpu_id,
                "hypercalls": config.hypercalls,
                "semihosting": int(config.semihosting),
                "unmapped": int(config.leave_unmapped),
                "time_shift": config.time_shift,
                "host_clock": int(config.host_start is not None),
                "host_start": config.host_start or 0,
            }
        )
        self._tell_counter()
        self._follow()

    def _clear_registers(self) -> None:
        blueprint = self._blueprint
        self._saved[:] = blueprint.pristine
        if self._engine is not None and self._engine.loaded is self:
            self._engine.loaded = None
            self._engine.flush_tlb()
        self._outside, self._beyond = dict.fromkeys(blueprint.native.outside, 0), None
        self._attached = blueprint.attached
        if blueprint.native.identify is not None:
            blueprint.native.identify(blueprint.registers, self._saved, self.vcpu_id)

    def restart(self, entry: int) -> None:
        """Begin anew at `entry`: registers as after reset, no call or access unfinished. Counts, time and the levels of
        interrupt lines go on."""
        self._clear_registers()
        self.put_words(
            {
                "pc": entry & self._mask,
                "kind": Kind.NONE,
                "has_answer": 0,
                "latch_count": 0,
                "counter_register": 0,
                "traps": 0,
                "trap_row": 0,
                "lines_told": STALE,
                "lines_hidden": 0,
            }
        )
        if self.words[WORD["caller"]]:
            self.settle_counts()
            self._follow()
        self.stirred = True

    @property
    def _mask(self) -> int:
        return (1 << self.isa.bits) - 1

    # -- a place on a physical CPU ------------------------------------------------------------------------------------

    def bind(self) -> None:
        percpu = this.cpu.percpu
        if percpu is None or self._space is None:
            raise Unsupported(
                "bind", "a thread that is a physical CPU, and an address space", "neither or one"
            )
        self.attach(percpu.arch.engine(self._space, self.isa, self.config.model))

    def attach(self, engine: Engine) -> None:
        self._engine = engine
        self._enter_address = engine.address
        self._tell_wish(engine)
        self._ring = engine.words[engine.word_index("ring_head") : engine.word_index("ring_head") + 1]

    def unbind(self) -> None:
        engine = self._engine
        if engine is not None:
            if engine.loaded is not self and self._beyond is not None:
                self._load()
            if engine.loaded is self:
                self._store()
                self._read_outside(engine)
                engine.loaded = None
        self._engine = None

    def _load(self) -> None:
        """Put the context into the engine, in place of whose is there. Translations of the other's that are good for
        this one too stay."""
        engine = self._engine
        assert engine is not None
        displaced = engine.loaded
        if displaced is not None:
            if engine.tracing is not None:
                engine.tracing.leave(engine)
            displaced._store()
            if engine.regime(displaced._saved) != engine.regime(self._saved):
                engine.flush_tlb()
        engine.state[:] = self._saved
        engine.put_state()
        engine.attached.write(self._attached)
        if self._beyond is not None:
            engine.beyond[:] = self._beyond
        else:
            for name, value in self._outside.items():
                engine.write_outside(name, value)
        engine.set_word("control", self.control_address)
        self.words[WORD["lines_told"]] |= STALE
        engine.loaded = self
        self._tell_level(engine)
        if engine.tracing is not None:
            engine.tracing.enter(self)

    def _store(self) -> None:
        """Take the context out of the engine, to be put back there."""
        engine = self._engine
        assert engine is not None
        self._saved[:] = engine.take_state()
        self._attached = engine.attached.read()
        if engine.beyond:
            self._beyond = bytes(engine.beyond)
        else:
            self._read_outside(engine)

    def _read_outside(self, engine: Engine) -> None:
        """The registers that the saved state lacks, by name: for any engine."""
        for name in self._outside:
            self._outside[name] = engine.read_outside(name)
        self._beyond = None

    # -- running ------------------------------------------------------------------------------------------------------

    def run(self) -> AxVCpuExitReason:
        engine = self._engine
        assert engine is not None
        if engine.loaded is not self:
            self._load()
        while True:
            kind = enter(self._enter_address)
            if self._ring[0]:
                self._drain(engine)
            if engine.word("log_head") and (
                self.watcher is not None or self._rows is not None or engine.word("calls")
            ):
                self._report(engine)
            if self.failure is not None:
                failure, self.failure = self.failure, None
                raise failure
            if kind == _MMIO_READ:
                window, address, width, _ = self._record()
                return MmioRead(address, width, window)
            if kind == _MMIO_WRITE:
                window, address, width, data = self._record()
                return MmioWrite(address, width, data, window)
            leave = self._leave(engine, kind)
            if leave is not None:
                return leave

    def answer_inside(self) -> int:
        """Native code's call for an access that cannot leave (NativeAbilities.windows): the answer, now. What goes wrong
        is raised by `run`, at the next block."""
        words = self.words
        try:
            kind = words[KIND]
            if self._ring[0]:
                assert self._engine is not None
                self._drain(self._engine)
            window, address, width, data = self._record()
            read = kind == _MMIO_READ
            exit = MmioRead(address, width, window) if read else MmioWrite(address, width, data, window)
            self.block[0]["left"][kind] += 1
            assert self.answer_now is not None
            value, recall = self.answer_now(exit)
            if recall:
                words[WORD["recall"]] = 1
            return value if value < 1 << 63 else value - (1 << 64)
        except BaseException as failure:  # must not pass through the engine
            self.failure = failure
            words[WORD["recall"]] = 1
            return 0

    def _drain(self, engine: Engine) -> None:
        writes = engine.drained()
        assert self._space is not None
        self._space.drain(writes)

    def _report(self, engine: Engine) -> None:
        rows = engine.logged()
        if self._rows is not None:
            self._rows(rows)
        if self.watcher is not None:
            for kind, *facts in rows.tolist():
                if kind in (LOG_TRAP, LOG_INTERRUPT, LOG_UNMAPPED):
                    self.watcher(self._event(kind, *facts))

    def _event(self, kind: int, retired: int, pc: int, cause: int, value: int, level: int) -> Event:
        isa = self.isa
        if kind == LOG_INTERRUPT:
            text = f"{isa.vector_name(cause, interrupt=True)}, taken at level {level}"
            return Event("interrupt", retired, self.vcpu_id, pc, text)
        if kind == LOG_UNMAPPED:
            what = {1: "read of", 2: "write to", 4: "fetch from"}[cause]
            return Event("unmapped", retired, self.vcpu_id, pc, f"{what} {value:#x}, which nothing backs")
        return Event(
            "trap", retired, self.vcpu_id, pc, f"{isa.vector_name(cause)}, value {value:#x}, to level {level}"
        )

    def watch(self, watcher: Callable[[Event], None] | None) -> None:
        """Report traps, interrupts and unmapped accesses, which native code delivers, from the next entry on."""
        self.watcher = watcher
        if self._engine is not None:
            self._tell_wish(self._engine)

    def observe(self, wish: Wish, rows: Callable[[LogRows], None] | None) -> None:
        """Hand `rows` what native code does besides exits, as `wish` says, from the next entry on."""
        self._wish, self._rows = wish, rows
        if self._engine is not None:
            self._tell_wish(self._engine)

    def _tell_wish(self, engine: Engine) -> None:
        wish = self._wish
        traps = self.watcher is not None or wish.traps or engine.word("calls") != 0
        engine.set_word("log_on", int(traps))
        engine.set_word("exits_logged", int(wish.answered))
        engine.set_word("count_access", 0 if wish.counter is None else wish.counter.function)
        self._tell_counter()
        engine.set_word("exits_leave", int(wish.leave))
        engine.set_word("log_size", LOG_ONE if wish.at_once else LOG)
        engine.set_word("level_on", int(wish.level is not None))
        if wish.level is not None:
            register, mask = wish.level
            number = self.isa.register(register).unicorn
            if number is None:
                raise Unsupported("privilege", "a register that the engine knows", register)
            engine.set_word("level_register", number)
            engine.set_word("level_mask", mask)
            if engine.loaded is self:
                self._tell_level(engine)

    def _tell_counter(self) -> None:
        counter = self._wish.counter
        self.words[WORD["access_counts"]] = 0 if counter is None else counter.records[self.vcpu_id]

    def _tell_level(self, engine: Engine) -> None:
        """Have changes of privilege be told from what this one has now."""
        if self._wish.level is not None:
            register, mask = self._wish.level
            engine.set_word("level", engine.read(self.isa.register(register).unicorn or 0) & mask)

    def _leave(self, engine: Engine, kind: int) -> AxVCpuExitReason | None:
        """The exit for a kind that is not an access; None where the run just goes on."""
        words = self.words
        match kind:
            case Kind.DEADLINE:
                return PreemptionTimer()
            case Kind.EVENT | Kind.TURN:
                return Nothing()
            case Kind.HALT:
                if engine.hooks is not None and engine.hooks.attend():
                    return Debug(DebugKind.HOOK, words[PC])
                return Halt()
            case Kind.BREAKPOINT:
                return Debug(DebugKind.BREAKPOINT, words[PC])
            case Kind.WATCHPOINT:
                return engine.watching.stop()
            case Kind.WATCHED_CODE:
                assert self._space is not None
                self._space.found_code(words[WORD["address"]])
                return None
            case Kind.KICK:
                words[WORD["kick"]] = 0
                if engine.hooks is not None and engine.hooks.attend():
                    return Debug(DebugKind.HOOK, words[PC])
                return ExternalInterrupt(KICK)
            case Kind.HYPERCALL:
                return self._hypercall(engine)
            case Kind.SEMIHOST:
                operation, block = (self.read_register(name) for name in ("a0", "a1"))
                return Hypercall(SEMIHOSTING, (operation, block, 0, 0, 0, 0))
            case Kind.EXCEPTION | Kind.TRAP_LOOP:
                cause, address = words[WORD["cause"]], words[WORD["fault_address"]]
                return GuestException(
                    cause,
                    self.isa.vector_name(cause),
                    words[PC],
                    None if address == NEVER else address,
                    trap_loop=kind == Kind.TRAP_LOOP,
                )
            case Kind.UNMAPPED:
                access = words[WORD["access"]]
                return NestedPageFault(words[WORD["address"]], AccessFlags(access))
            case Kind.IO_READ:
                return IoRead(words[WORD["address"]], words[WORD["width"]])
            case Kind.IO_WRITE:
                return IoWrite(words[WORD["address"]], words[WORD["width"]], words[WORD["data"]])
            case Kind.SYSREG_READ:
                return SysRegRead(words[WORD["address"]], words[WORD["cause"]])
            case Kind.SYSREG_WRITE:
                return SysRegWrite(words[WORD["address"]], words[WORD["data"]])
            case Kind.DRAIN:
                engine.take_counts()
                if engine.hooks is not None and engine.hooks.attend():
                    return Debug(DebugKind.HOOK, words[PC])
                if engine.tracing is not None:
                    engine.tracing.take(engine)
                if engine.table_full():
                    engine.flush_translations()
                elif engine.word("code_changed"):
                    engine.forget_changed()
                return None
            case Kind.TRANSLATE:
                engine.translate_anew()
                return None
            case _:
                number = words[WORD["cause"]]
                return FailEntry(number, error_text(number) if number else f"native code left with {kind}")

    def _hypercall(self, engine: Engine) -> AxVCpuExitReason:
        abi, firmware_call = self.isa.hypercall, self.isa.supervisor_call
        assert abi is not None
        read = partial(engine.registers.get, bytes(engine.take_state()))
        if firmware_call is not None and self.words[WORD["hypercalls"]] & 2:
            exit = firmware_call(read)
            if not isinstance(exit, Hypercall):
                self._typed[type(exit).__name__] += 1
            return exit
        first, second, third, fourth, fifth, sixth = (read(name) for name in abi.argument_registers)
        return Hypercall(read(abi.number_register), (first, second, third, fourth, fifth, sixth))

    def complete(self, value: int) -> None:
        words = self.words
        words[ANSWER] = value
        words[HAS_ANSWER] = 1

    def set_return_value(self, value: int, *more: int) -> None:
        abi = self.isa.hypercall
        if abi is None:
            raise Unsupported("set_return_value", "an ISA with hypercalls", self.isa.name)
        if len(more) >= len(abi.result_registers):
            raise InvalidInput("results", f"at most {len(abi.result_registers)}", str(len(more) + 1))
        self._put_registers(zip(abi.result_registers, (value, *more), strict=False))
        self.complete(value)

    def finish_call(self) -> None:
        """Go past the call that the last exit was, now and not at the next entry: it has retired, and the pc is that of
        the instruction after it."""
        engine = self._loaded()
        self.words[HAS_ANSWER] = 0
        self.words[KIND] = int(Kind.NONE)
        engine.advance()

    def inject_interrupt(self, vector: int) -> None:
        self.set_line(vector, True)

    def set_line(self, number: int, level: bool) -> None:
        """Drive interrupt line `number` (RISC-V: its bit in mip) until told otherwise."""
        words = self.words
        if self.driven is not None:
            self.driven(number, level)
        if level:
            words[LINES] |= 1 << number
            self.stirred = True
        else:
            words[LINES] &= ~(1 << number)

    def set_pending(self, register: str, number: int, pending: bool) -> None:
        """Set or clear a pending bit of an interrupt register (RISC-V: mip) that the guest may write itself: no line
        holds its level."""
        if self.driven is not None:
            self.driven(number, pending)
        engine, registers = self._held(), self._blueprint.registers
        state = self._saved if engine is None else engine.take_state()
        bits = registers.get(state, register)
        registers.put(state, register, bits | 1 << number if pending else bits & ~(1 << number))
        if engine is not None:
            engine.put_state()
        self.words[WORD["lines_told"]] |= STALE
        self.stirred = True

    def can_wake(self) -> bool:
        """Whether a halted vCPU has an interrupt to go on for; asked in vain, it costs nothing until one moves."""
        if self.stirred:
            engine = self._held()
            state = self._saved if engine is None else engine.take_state()
            lines, told = self.words[LINES], self.words[WORD["lines_told"]] & ~STALE
            self.stirred = self._blueprint.native.wakes(self._blueprint.registers, state, lines, told)
        return self.stirred

    @property
    def exits(self) -> Counter[str]:
        """How often native code has left to Python since power-on, by the exit's name."""
        counts: Counter[str] = Counter()
        for kind, count in zip(Kind, self.block[0]["left"].tolist(), strict=True):
            if count and kind in _EXIT_NAMES:
                counts[_EXIT_NAMES[kind]] += count
        counts["Hypercall"] -= self._typed.total()
        return +(counts + self._typed)

    def access_fault(self, address: int, access: AccessFlags) -> AxVCpuExitReason | None:
        """Answer an access that nothing backs by the guest's own fault; the exit where the guest cannot take it."""
        engine = self._loaded()
        words = self.words
        words[WORD["address"]], words[WORD["access"]] = address, int(access)
        words[WORD["latch_count"]] = 0
        left = engine.fault()
        return self._leave(engine, left) if left else None

    def take_exception(self, cause: int, value: int) -> AxVCpuExitReason | None:
        """Answer a call by an exception of the guest's own, at the call; the exit where the guest cannot take it."""
        engine = self._loaded()
        left = engine.deliver(cause, self.words[PC], value)
        return self._leave(engine, left) if left else None

    def refuse(self) -> AxVCpuExitReason | None:
        """Answer a port or system register access by the guest's own fault; the exit where the guest cannot take it."""
        engine = self._loaded()
        self.words[HAS_ANSWER] = 0
        left = engine.refuse()
        return self._leave(engine, left) if left else None

    def set_breakpoints(self, addresses: Iterable[int]) -> None:
        """Have the vCPUs of this one's engine stop before the instructions at these guest-virtual addresses."""
        if self._engine is not None:
            self._engine.set_breakpoints(addresses)

    def count(self, counts: BlockCounts | None) -> None:
        """Have the vCPUs of this one's engine count what they execute."""
        if self._engine is not None:
            self._engine.count(counts)
            self._tell_wish(self._engine)

    def trace(self, tracing: Tracing | None) -> None:
        """Have the vCPUs of this one's engine recorded."""
        engine = self._engine
        if engine is not None:
            self.settle_trace()
            engine.trace(tracing)
            if tracing is not None and engine.loaded is not None:
                tracing.enter(engine.loaded)

    @property
    def in_place(self) -> bool:
        """Whether the engine shows its CPU state."""
        return self._engine is not None and self._engine.state_address is not None

    def settle_trace(self) -> None:
        """Have everything that was recorded taken."""
        engine = self._engine
        if engine is not None and engine.tracing is not None:
            if engine.loaded is not None:
                engine.tracing.leave(engine)
            engine.tracing.take(engine)

    def instrument(self, hooks: Hooks) -> None:
        """Have the vCPUs of this one's engine call a user's hooks."""
        if self._engine is not None:
            self._engine.instrument(hooks)

    def stand(self) -> None:
        """Count from here on: what is executed before the next block, an answered call, is at the pc."""
        engine = self._engine
        base = engine.word("code_base") if engine is not None and engine.loaded is self else 0
        self.put_words(
            {
                "counted_pc": self.words[PC] + base & NEVER,
                "counted_size": 0,
                "counted_count": 0,
                "counted_retired": self.words[RETIRED],
                "flow": 0,
                "trapped": 0,
            }
        )
        self._follow()

    def _follow(self) -> None:
        """Follow calls from here on, where somebody wants to know them."""
        engine = self._engine
        calls = engine.counts.calls if engine is not None and engine.counts is not None else None
        self.words[WORD["caller"]] = 0 if calls is None else calls.caller(self.vcpu_id)
        if calls is not None:
            calls.stand(self.vcpu_id, self.words[RETIRED])

    def settle_counts(self) -> None:
        """Add to the sums what the block that began last says, and all that was counted before it."""
        engine = self._engine
        if engine is None or engine.counts is None:
            return
        engine.take_counts()
        words = self.words
        change = words[RETIRED] - words[WORD["counted_retired"]]
        if change:
            end = words[WORD["counted_count"]]
            engine.counts.note(words[WORD["counted_pc"]], words[WORD["counted_size"]], end, end + change)
            words[WORD["counted_count"]] = end + change
            words[WORD["counted_retired"]] = words[RETIRED]
        if engine.counts.calls is not None and words[WORD["caller"]]:
            engine.counts.calls.charge(self.vcpu_id, words[RETIRED])

    def forget_breakpoint(self) -> None:
        """A breakpoint where this one stands stops it, also if it did before."""
        self.words[WORD["break_retired"]] = 0

    def begin_translation(self) -> None:
        """Every vCPU of this one's engine is as after reset."""
        if self._engine is not None:
            self._engine.begin_translation()

    def flush_tlb(self) -> None:
        """No translation is trusted any longer that a vCPU of this machine has made."""
        if self._engine is not None:
            self._engine.flush_tlb()

    def forget_code(self, spans: Iterable[tuple[int, int]] | None = None) -> None:
        """The host has written guest memory: no translated code is to be trusted, or none of these guest-physical
        (address, size)."""
        engine = self._engine
        if engine is None:
            return
        if spans is None:
            engine.flush_translations()
        else:
            engine.forget_code(spans)

    # -- state --------------------------------------------------------------------------------------------------------

    def _loaded(self) -> Engine:
        engine = self._engine
        if engine is None:
            raise Unsupported("this register", "a bound vCPU", "one that is on no physical CPU")
        if engine.loaded is not self:
            self._load()
        return engine

    def _held(self) -> Engine | None:
        """The engine that has this context loaded, None where `_saved` and `_outside` are the state."""
        engine = self._engine
        return engine if engine is not None and engine.loaded is self else None

    def read_register(self, name: str) -> int:
        """Any register by the manual's name or an alias; the guest does not notice."""
        register = self.isa.register(name)
        name = register.name
        if register.role is Role.PC:
            return self.words[PC]
        if register.role is Role.ZERO:
            return 0
        native, registers, engine = self._blueprint.native, self._blueprint.registers, self._held()
        for counter, shift, offset, stopped in native.counted:
            if name == counter:
                return self._count(offset, stopped) >> shift & self._mask
        for clock, period, shift in native.clocks:
            if name == clock:
                return self.now // period >> shift & self._mask
        if name in registers.places:
            return registers.get(self._saved if engine is None else engine.take_state(), name)
        if native.attached is not None and name == native.attached[0]:
            return int.from_bytes(self._attached if engine is None else engine.attached.read(), "little")
        if name in self._outside and engine is None and self._beyond is None:
            return self._outside[name]
        return self._loaded().read_outside(name)

    def _count(self, offset: str, stopped: int) -> int:
        words = self.words
        running = words[COUNTERS_STOPPED] & stopped == 0
        return words[WORD[offset]] + (words[RETIRED] if running else 0) & NEVER

    def set_counter(self, name: str, value: int | None, *, running: bool) -> None:
        """Have a counter of retired instructions, by the manual's name, go on from `value` (None: from what it shows),
        or stand still there."""
        for counter, _, offset, stopped in self._blueprint.native.counted:
            if counter == name:
                words = self.words
                shown = self._count(offset, stopped) if value is None else value
                words[COUNTERS_STOPPED] &= ~stopped
                if not running:
                    words[COUNTERS_STOPPED] |= stopped
                words[WORD[offset]] = shown - (words[RETIRED] if running else 0) & NEVER
                return
        raise InvalidInput("counter", f"a counter of {self.isa.name}", name)

    def write_register(self, name: str, value: int) -> None:
        register = self.isa.register(name)
        name, value = register.name, value & (1 << register.bits) - 1
        if register.role is Role.PC:
            self.words[PC] = value
            return
        if register.role is Role.ZERO:
            return
        registers, engine = self._blueprint.registers, self._held()
        if name in registers.places:
            if engine is None:
                registers.put(self._saved, name, value)
                return
            registers.put(engine.take_state(), name, value)
            engine.put_state()
            self.stirred = True
            if register.role.name in ("SYSTEM", "PRIVILEGE"):
                engine.flush_tlb()
                self.words[WORD["lines_told"]] |= STALE
            return
        if name in self._outside and engine is None and self._beyond is None:
            self._outside[name] = value
            return
        engine = self._loaded()
        engine.write_outside(name, value)
        engine.flush_tlb()

    def _put_registers(self, values: Iterable[tuple[str, int]]) -> None:
        """Registers of the saved state that no translation depends on."""
        engine, registers = self._held(), self._blueprint.registers
        state = self._saved if engine is None else engine.take_state()
        for name, value in values:
            registers.put(state, name, value)
        if engine is not None:
            engine.put_state()

    def set_gpr(self, reg: int | str, value: int) -> None:
        try:
            name = self.isa.general(reg).name if isinstance(reg, int) else reg
            self.write_register(name, value)
        except (KeyError, IndexError) as error:
            raise InvalidInput("register", f"a register of {self.isa.name}", str(reg)) from error

    def translate(self, gva: int, access: AccessFlags = AccessFlags.READ) -> int | None:
        walk = self.isa.page_walk
        if walk is None or self._space is None:
            return gva
        kinds = {_READ: Access.LOAD, _WRITE: Access.STORE, _EXECUTE: Access.FETCH}
        return walk(self._space.read_physical, self.read_register, gva, kinds[access]).physical

    def save(self) -> Context:
        engine = self._loaded()
        registers = engine.registers.read(engine.take_state())
        for name in self._outside:
            registers[name] = engine.read_outside(name)
        if engine.attached:
            registers["attached"] = int.from_bytes(engine.attached.read(), "little")
        registers["pc"] = self.pc
        words = self.words
        control = {name: words[at] for name, at in WORD.items() if name not in _KEPT}
        latch = tuple(
            tuple(int(part) for part in entry) for entry in self.block[0]["latch"][: control["latch_count"]]
        )
        return Context(registers, control, latch)  # type: ignore[arg-type]

    def restore(self, state: Context) -> None:
        engine = self._loaded()
        self.settle_counts()
        data = engine.take_state()
        engine.registers.write(data, state.registers)
        engine.put_state()
        for name in self._outside:
            engine.write_outside(name, state.registers[name])
        if engine.attached:
            engine.attached.write(state.registers["attached"].to_bytes(len(engine.attached), "little"))
        self.put_words(state.control)
        for i, entry in enumerate(state.latch):
            self.block[0]["latch"][i] = entry
        self.words[PC] = state.registers["pc"]
        self.stand()
        self.words[WORD["lines_told"]] = state.control["lines"] | STALE
        self.stirred = True
        engine.flush_tlb()
