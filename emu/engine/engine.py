"""One Unicorn engine: opened, hooked, mapped, and given back to a pool.

An engine is what a physical CPU runs guest code with. It outlives the machines that use it: closing one leaks some
memory, so a pool per (ISA, CPU model) keeps them, and `detach` leaves nothing of a machine behind.
"""

from __future__ import annotations

import ctypes
import mmap
import pkgutil
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import unicorn.unicorn_const as uc_const

from axvcpu.control import CONTROL
from axvcpu.errors import Unsupported
from emu.engine import internals
from emu.engine.callbacks import HOOKS
from emu.engine.counts import BlockCounts, NativeCounts
from emu.engine.instrument import Hooks
from emu.engine.internals import Internals
from emu.engine.library import behind, check, lib
from emu.engine.mapping import Backing, DeviceWindow, Mapping
from emu.engine.pieces import Pieces
from emu.engine.watching import UNWATCHED, Watches, Watching
from isa import objects, registry
from isa.contract import CpuModel, Isa
from isa.records import (
    BLOCK,
    CELL,
    CODE_CHANGED,
    CODE_EMPTY,
    CODE_PAGE,
    CODE_PAGE_SIZE,
    CODE_PAGES,
    CODE_PLACES,
    ENGINE,
    EXTENSION,
    LOG_ENTRY,
    PAGES,
    RING_ENTRY,
    SCRATCH,
    NativeAbilities,
    StateBytes,
    StateView,
)
from isa.register import Role

if TYPE_CHECKING:
    from emu.trace.tracing import Tracing

_UC_CTL_WRITE: Final = 1 << 30
BLOCKS: Final = 1 << 19
"""Places in the block table (16 bytes each, touched as code is met); at half of them the engine starts afresh."""
CELLS: Final = 1 << 20
"""Blocks that can be translated before the engine starts afresh (16 bytes each, touched as code is met)."""
VAST: Final = 64 << 20
"""Bytes of a device window that no device has."""
RING: Final = 1 << 12
LOG: Final = 1 << 12
LOG_ONE: Final = 9
"""Of so many rows, the first one is told at once."""
_COUNTING: Final = (
    "spans", "spans_head", "spans_size", "runs_offset", "facts_offset", "falls_offset",
    "calls", "calls_full", "called", "landed", "marks", "flow", "stack", "space",
)  # fmt: skip
"""Fields of the engine block that are 0 while nobody counts."""
LogRows = np.ndarray[Any, Any]  # of LOG_ENTRY
_BEYOND: Final = 32
"""Bytes after what a context holds, of the engine's CPU state, that are looked at."""


def _call(address: int) -> Any:  # noqa: ANN401
    """A compiled function int32 (engine block), to be called from Python."""
    return ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_size_t)(address)


def _instructions(isa: Isa, model: CpuModel) -> np.ndarray:
    """Rows of EXTENSION: the instructions of the model's extensions."""
    rows = []
    for name in model.extensions:
        extension = registry.extension(isa, name)
        functions = objects.functions(extension.callbacks)
        rows += [
            (each.mask, each.match, functions[each.callback])
            for each in extension.instructions
            if each.bits in (None, isa.bits)
        ]
    return np.array(rows, EXTENSION)


class Engine:
    """An open engine of one ISA and CPU model. Raises EngineFailure where Unicorn refuses anything."""

    def __init__(self, isa: Isa, model: CpuModel) -> None:
        self.isa, self.model = isa, model
        assert isa.native is not None
        self.native: Final[NativeAbilities] = pkgutil.resolve_name(isa.native)
        self.callbacks: Final = objects.functions(self.native.callbacks)
        self._extensions: Final = _instructions(isa, model)
        self.wide: Final = isa.bits == 64
        handle = ctypes.c_void_p()
        check(
            lib.uc_open(isa.engine.arch, isa.engine.mode, ctypes.byref(handle)),
            f"open an engine for {isa.name}",
        )
        self.handle: Final = handle
        if model.number is not None:
            self._ctl(
                uc_const.UC_CTL_CPU_MODEL, 1, ctypes.c_int(model.number), what=f"select CPU {model.name}"
            )
        self._ctl(uc_const.UC_CTL_UC_USE_EXITS, 1, ctypes.c_int(1), what="use exit addresses")
        if self.native.prepare is not None:
            self.native.prepare(handle)
        size = int(lib.uc_context_size(handle))
        self._context = self.new_context()
        state_size = ctypes.c_size_t.from_address(self._context.value or 0).value
        self._state_at = size - state_size
        self.state_size = self._context_size = state_size
        self.state = self.view_of(self._context)
        self._internals: Internals | None = None
        self.layout = np.array(self.native.calibrate(self), np.int64)
        if self.native.extent is not None:
            self.state_size = self.native.extent(self.layout.tolist())
            self.state = self.view_of(self._context)
        self.registers: Final[StateView] = self.native.view([int(one) for one in self.layout], self.wide)
        self._pristine = self.new_context()
        self.save(self._pristine)
        self._internals = self._look_inside()
        self.beyond: Final = self._look_beyond()
        self.attached: Final = Pieces(self._attached())
        self.loaded: Any = None
        self._inside: Final = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_size_t)(self._answer_inside)
        self._inside_address = ctypes.cast(self._inside, ctypes.c_void_p).value
        self._allocate()
        self._install()
        self.watching: Final = Watching()
        self.hooks: Hooks | None = None
        disturbed = "let_through" in self.callbacks
        self._mapping = Mapping(self.handle, self.address, self._hook, self.native, disturbed=disturbed)

    def _look_inside(self) -> Internals | None:
        """Use what the engine does not offer, where it can be found."""
        for number, register in enumerate(self.isa.of_role(Role.GENERAL)):  # a state like no other memory
            if register.name in self.registers.places:
                self.registers.put(self.state, register.name, 0x5A17_0000 + number * 0x1357)
        self.restore(self._context)

        def set_content(flags: int) -> None:
            self._ctl(uc_const.UC_CTL_CONTEXT_MODE, 1, ctypes.c_int(flags), what="choose what contexts hold")

        found = internals.find(self.isa, self.handle, bytes(self.state), self._context_size, set_content)
        self.restore(self._pristine)
        if found is not None:
            self.state = memoryview((ctypes.c_ubyte * self.state_size).from_address(found.state)).cast("B")
            ctypes.c_ubyte.from_address(found.no_checks).value = 1
        return found

    def _attached(self) -> tuple[tuple[int, int], ...]:
        if self._internals is None or self.native.attached is None:
            return ()
        return self.native.attached[1](self._internals.state, self.state_size)

    def _look_beyond(self) -> memoryview:
        """The bytes of registers that a saved state lacks, in place; none where they cannot be reached."""
        if self._internals is None or not self.native.outside:
            return memoryview(b"")
        end = self._internals.state + self.state_size
        after = memoryview((ctypes.c_ubyte * _BEYOND).from_address(end)).cast("B")
        before = bytes(after)
        for name in self.native.outside:
            self.write_outside(name, (1 << self.isa.register(name).bits) - 1)
        changed = [i for i in range(_BEYOND) if after[i] != before[i]]
        for name in self.native.outside:
            self.write_outside(name, 0)
        self.restore(self._pristine)
        return after[changed[0] : changed[-1] + 1] if changed else memoryview(b"")

    def _answer_inside(self, address: int) -> int:
        """The loaded vCPU's access is answered while the guest stands in it."""
        answer: int = self.loaded.answer_inside()
        return answer

    # -- memory shared with native code ------------------------------------------------------------------------------

    def _allocate(self) -> None:
        self.block = np.zeros(1, ENGINE)
        self.idle_control = np.zeros(1, CONTROL)
        # Sparse, in small pages: of an array that NumPy makes, the first touch would clear huge pages (2 ms a flush).
        self._block_memory = mmap.mmap(
            -1, BLOCKS * BLOCK.itemsize, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        )
        self._block_memory.madvise(mmap.MADV_NOHUGEPAGE)
        self.blocks = np.frombuffer(self._block_memory, BLOCK)
        self.breakpoints = np.empty(0, np.uint64)
        self.cells = np.zeros(CELLS, CELL)
        self.ring = np.zeros(RING, RING_ENTRY)
        self.log = np.zeros(LOG, LOG_ENTRY)
        self.pages = np.zeros(PAGES, np.uint8)
        self.scratch = np.zeros(SCRATCH // 8, np.uint64)
        self.code_pages = np.zeros(CODE_PAGES, CODE_PAGE)
        self.code_places = np.zeros(CODE_PLACES, np.uint16)
        self.code_copies = np.zeros(CODE_PAGES * CODE_PAGE_SIZE, np.uint8)
        self.address = int(self.block.ctypes.data)
        self.cells[0]["engine"] = self.address
        one, inside = self.block[0], self._internals
        for name, value in (
            ("control", self.idle_control.ctypes.data),
            ("uc", self.handle.value),
            ("address", self.address),
            ("context", 0 if inside else self._context.value),
            ("state", inside.state if inside else (self._context.value or 0) + self._state_at),
            ("cpu", inside.cpu if inside else 0),
            ("loop_exit", inside.loop_exit if inside else 0),
            ("step", inside.step if inside else 0),
            ("exception", inside.exception if inside else 0),
            ("synchronous", self._inside_address),
            ("code_size", self.isa.max_instruction_length),
            ("extensions", self._extensions.ctypes.data),
            ("extensions_count", len(self._extensions)),
            ("cell_next", self.cells.ctypes.data),
            ("cells_end", self.cells.ctypes.data + (CELLS - 1) * CELL.itemsize),
            ("layout", self.layout.ctypes.data),
            ("pages", self.pages.ctypes.data),
            ("code_pages", self.code_pages.ctypes.data),
            ("code_places", self.code_places.ctypes.data),
            ("code_copies", self.code_copies.ctypes.data),
            ("odd_block", HOOKS["on_odd_block"]),
            ("scratch", self.scratch.ctypes.data),
            ("blocks", self.blocks.ctypes.data),
            ("blocks_mask", BLOCKS - 1),
            ("ring", self.ring.ctypes.data),
            ("ring_size", RING),
            ("log", self.log.ctypes.data),
            ("log_size", LOG),
            ("pc_register", self.isa.register("pc").unicorn),
            ("wide", int(self.wide)),
            ("big_endian", int(self.isa.endian == "big")),
        ):
            one[name] = value
        for name in (
            "length",
            "halts",
            "inspect",
            "deliver",
            "tell_lines",
            "fault",
            "advance",
            "refuse",
            "takes",
            "begin",
            "settle",
            "resume",
            "admit",
            "locate",
            "own_register",
            "observe",
            "mend",
            "unprivileged",
            "let_through",
        ):
            one[name] = self.callbacks.get(name, 0)
        self.words = memoryview(self.block.view(np.uint64).data)

    def set_word(self, name: str, value: int) -> None:
        """A field of the engine block."""
        self.block[0][name] = value

    def word(self, name: str) -> int:
        return int(self.block[0][name])

    # -- the C API ---------------------------------------------------------------------------------------------------

    def _ctl(self, control: int, arguments: int, *values: Any, what: str) -> None:  # noqa: ANN401
        code = ctypes.c_int(control | arguments << 26 | _UC_CTL_WRITE)
        check(lib.uc_ctl(self.handle, code, *values), what)

    def _hook(
        self, kind: int, callback: int, user: int, begin: int = 1, end: int = 0, instruction: int = 0
    ) -> ctypes.c_size_t:
        hook = ctypes.c_size_t()
        status = lib.uc_hook_add(
            self.handle,
            ctypes.byref(hook),
            kind,
            ctypes.c_void_p(callback),
            ctypes.c_void_p(user),
            ctypes.c_uint64(begin),
            ctypes.c_uint64(end),
            ctypes.c_int(instruction),
        )
        check(status, "add a hook")
        return hook

    def _install(self) -> None:
        callbacks = self.callbacks
        translated = self._hook(uc_const.UC_HOOK_EDGE_GENERATED, HOOKS["on_translate"], self.address)
        first = int(self.cells.ctypes.data)
        block_hook = self._hook(uc_const.UC_HOOK_BLOCK, HOOKS["on_block"], first)
        self.counting = (translated, block_hook)
        self._native_counts: NativeCounts | None = None
        self.counts: BlockCounts | None = None
        self.tracing: Tracing | None = None
        word = internals.user_data(block_hook, HOOKS["on_block"], first)
        self.set_word("cell_word", word or 0)
        self._hook(uc_const.UC_HOOK_INTR, callbacks["on_exception"], self.address)
        if "on_invalid" in callbacks:
            self._hook(uc_const.UC_HOOK_INSN_INVALID, callbacks["on_invalid"], self.address)
        if "on_fill" in callbacks:
            self._hook(uc_const.UC_HOOK_TLB_FILL, callbacks["on_fill"], self.address)
        for instruction, name in self.native.instructions:
            self._hook(uc_const.UC_HOOK_INSN, callbacks[name], self.address, 1, 0, instruction)
        self.use_engine_mmu("on_fill" not in callbacks)

    def use_engine_mmu(self, on: bool) -> None:
        """Translate by the engine's own MMU, or (off) by our fill while the guest's MMU is off."""
        kind = uc_const.UC_TLB_CPU if on else uc_const.UC_TLB_VIRTUAL
        self._ctl(uc_const.UC_CTL_TLB_TYPE, 1, ctypes.c_int(kind), what="choose the TLB")
        self.set_word("paging", int(on))

    def begin_translation(self) -> None:
        """Translate as at power-on: every vCPU is as after reset, its MMU off."""
        own = "on_fill" in self.callbacks
        if own and self.word("paging"):
            self.use_engine_mmu(False)
        self.flush_tlb()

    def translate_anew(self) -> None:
        """The fill has asked for it: by the engine's MMU, or by other fills."""
        self.use_engine_mmu(bool(self.word("paging")))
        self.flush_tlb()

    def flush_translations(self) -> None:
        """Forget all translated code: the host has written guest memory, or the block table is full."""
        self.take_counts(anew=True)
        if self.tracing is not None:
            self.tracing.take(self, forget=True)
        self._ctl(uc_const.UC_CTL_TB_FLUSH, 0, what="flush translated code")
        self._block_memory.madvise(mmap.MADV_DONTNEED)  # all zero again
        self.pages[:] = 0
        self.code_places[:] = 0
        for name in ("blocks_used", "code_pages_used", "code_changed"):
            self.set_word(name, 0)
        self.cells[0]["key"] = 0
        first = int(self.cells.ctypes.data)
        self.set_word("cell_next", first)
        if self.word("cell_word"):
            ctypes.c_uint64.from_address(self.word("cell_word")).value = first
        self.flush_tlb()

    def count(self, counts: BlockCounts | None) -> None:
        """Count into `counts` how often each block runs, from the next entry on; None: no more."""
        if counts is self.counts:
            return
        self.take_counts(anew=True)
        calls = None if counts is None else counts.calls
        branches = counts is not None and counts.falls is not None
        self._put_block_hook(self._block_hook(counts, self.tracing))
        if counts is None or self.counts is None or branches != (self.counts.falls is not None):
            self._native_counts = None if counts is None else NativeCounts(self.cells, branches=branches)
        words = {} if self._native_counts is None else dict(self._native_counts.words)
        if calls is not None:
            assert self.native.flow is not None
            words.update(calls.functions(self.native.flow))
        for name in _COUNTING:
            self.set_word(name, words.get(name, 0))
        self.counts = None
        self.flush_translations()
        self.counts = counts

    def trace(self, tracing: Tracing | None) -> None:
        """Have `tracing` record what is executed from the next entry on; None: nobody."""
        if tracing is self.tracing:
            return
        if self.tracing is not None:
            before, self.tracing = self.tracing, None
            before.remove(self)
        self._put_block_hook(self._block_hook(self.counts, tracing))
        self.flush_translations()
        if tracing is not None:
            tracing.install(self, self._hook)
            self.tracing = tracing

    @staticmethod
    def _block_hook(counts: BlockCounts | None, tracing: Tracing | None) -> int:
        """The callback for who counts and who records; of those who do not follow calls, only the one who records."""
        if counts is not None and counts.calls is not None:
            return counts.calls.block_hook(traced=tracing is not None)
        if tracing is not None:
            return tracing.block_hook
        if counts is None:
            return HOOKS["on_block"]
        return HOOKS["on_block_falls" if counts.falls is not None else "on_block_counted"]

    @property
    def state_address(self) -> int | None:
        """Host address of the CPU state where it is in place."""
        return None if self._internals is None else self._internals.state

    def instrument(self, hooks: Hooks) -> None:
        """Have a user's hooks called from the next entry on, for as long as the engine serves this machine."""
        self.hooks = hooks
        calls = hooks.calls(self)
        self.set_word("hooks", hooks.address)
        looks = False
        for each in calls:
            looks |= each.kind not in (uc_const.UC_HOOK_BLOCK, uc_const.UC_HOOK_CODE)
            self._hook(each.kind, each.callback, self.address, each.first, each.last)
        if looks and "let_through" in self.callbacks:  # every access that goes on is to be put right
            kind = uc_const.UC_HOOK_MEM_READ | uc_const.UC_HOOK_MEM_WRITE
            for first, last, _ in self._mapping.pieces:
                self._hook(kind, HOOKS["watch_nothing"], self.address, first, last)
        self.flush_translations()

    def _put_block_hook(self, callback: int) -> None:
        """Have blocks that are translated from now on call another function."""
        word = self.word("cell_word")
        if word:
            ctypes.c_uint64.from_address(word - 8).value = callback
            return
        translated, block_hook = self.counting
        check(lib.uc_hook_del(self.handle, block_hook), "remove a hook")
        block_hook = self._hook(uc_const.UC_HOOK_BLOCK, callback, int(self.cells.ctypes.data))
        self.counting = (translated, block_hook)

    def take_counts(self, *, anew: bool = False) -> None:
        """Add to the sums what was counted; `anew`: the cells get other blocks."""
        counts, native = self.counts, self._native_counts
        if counts is None or native is None:
            return
        native.take_spans(self.word("spans_head"), counts)
        self.set_word("spans_head", 0)
        used = (self.word("cell_next") - int(self.cells.ctypes.data)) // CELL.itemsize + 1
        native.take_runs(used, counts)
        native.forget(used, facts=anew)
        if counts.calls is not None:
            counts.calls.drain()
            self.set_word("calls_full", 0)

    def set_breakpoints(self, addresses: Iterable[int]) -> None:
        """Stop before the instructions at these guest-virtual addresses, and nowhere else."""
        wanted = np.array(sorted(addresses), np.uint64)
        if np.array_equal(wanted, self.breakpoints):
            return
        self.breakpoints = wanted
        self.set_word("breakpoints", int(wanted.ctypes.data))
        self.set_word("breakpoints_count", len(wanted))
        self.flush_translations()

    def forget_code(self, spans: Iterable[tuple[int, int]]) -> None:
        """Forget translated code of these guest-physical (address, size): something besides the guest has written there.

        The engine's interface forgets by virtual address only, so this is the function behind it.
        """
        place, forget = (
            behind(self.isa.name, name) for name in ("qemu_ram_addr_from_host", "tb_invalidate_phys_range")
        )
        if place is None or forget is None or self._mapping.alias[2]:
            self.flush_translations()
            return
        place.restype = ctypes.c_uint64
        regions = [
            (base, last, place(self.handle, ctypes.c_void_p(host)) - base)
            for base, last, host in self._mapping.pieces
        ]
        for address, size in spans:
            for base, last, shift in regions:
                start, end = max(address, base), min(address + size, last + 1)
                if start < end:
                    forget(self.handle, ctypes.c_uint64(start + shift), ctypes.c_uint64(end + shift))

    def forget_changed(self) -> None:
        """Forget the code of pages that an instruction fence has found changed (isa.code_pages)."""
        used = self.word("code_pages_used")
        if used == CODE_PAGES:
            self.flush_translations()
            return
        rows = self.code_pages[:used]
        changed = rows["knows"] == CODE_CHANGED
        self.forget_code((int(address), CODE_PAGE_SIZE) for address in rows["address"][changed])
        rows["knows"][changed] = CODE_EMPTY
        self.set_word("code_changed", 0)

    def flush_tlb(self) -> None:
        self._ctl(uc_const.UC_CTL_TLB_FLUSH, 0, what="flush the TLB")

    # -- CPU state ---------------------------------------------------------------------------------------------------

    def new_context(self) -> ctypes.c_void_p:
        """A place to save the CPU state in; it lives as long as the process."""
        context = ctypes.c_void_p()
        check(lib.uc_context_alloc(self.handle, ctypes.byref(context)), "allocate a context")
        return context

    def view_of(self, context: ctypes.c_void_p) -> memoryview:
        """The CPU state that a context holds, as bytes to read and write."""
        at = (context.value or 0) + self._state_at
        return memoryview((ctypes.c_ubyte * self.state_size).from_address(at)).cast("B")

    def save(self, context: ctypes.c_void_p) -> None:
        check(lib.uc_context_save(self.handle, context), "save the CPU state")

    def restore(self, context: ctypes.c_void_p) -> None:
        check(lib.uc_context_restore(self.handle, context), "restore the CPU state")

    def take_state(self) -> memoryview:
        """The CPU state now, in place or in the engine's own context: to read, or to change and `put_state`."""
        if self._internals is None:
            self.save(self._context)
        return self.state

    def put_state(self) -> None:
        if self._internals is None:
            self.restore(self._context)

    def pristine(self) -> bytes:
        """The CPU state of power-on."""
        return bytes(self.view_of(self._pristine))

    def _revealed(self) -> bytes:
        """Make every register reachable through the API; returns the state to put back."""
        before = bytes(self.take_state())
        for name, value in self.native.reveal:
            old = self.registers.get(self.state, name)
            self.registers.put(self.state, name, value if name == "priv" else old | value)
        self.put_state()
        return before

    def read_outside(self, name: str) -> int:
        """A register that the saved state lacks, or shows only in part, through the API; the guest does not notice."""
        number = self.isa.register(name).unicorn
        if number is None:
            raise Unsupported(f"reading {name}", "a register that the engine has", "one that it lacks")
        before = self._revealed()
        try:
            return self.read(number)
        finally:
            self.state[:] = before
            self.put_state()

    def write_outside(self, name: str, value: int) -> None:
        """Likewise; what the write does to the registers of the saved state stays, but for those that were revealed."""
        number = self.isa.register(name).unicorn
        if number is None:
            raise Unsupported(f"writing {name}", "a register that the engine has", "one that it lacks")
        before = self._revealed()
        revealed = bytes(self.state)
        self.write(number, value)
        after = self.take_state()
        for revealed_name, _ in self.native.reveal:
            if self.registers.get(after, revealed_name) == self.registers.get(revealed, revealed_name):
                self.registers.put(after, revealed_name, self.registers.get(before, revealed_name))
        for kept in ("load_res", "load_val"):
            if kept in self.registers.places:
                self.registers.put(after, kept, self.registers.get(before, kept))
        self.put_state()

    def fault(self) -> int:
        """The loaded vCPU's access (control block: address, access) faults; 0, or the Kind that it leaves with."""
        return int(_call(self.callbacks["fault"])(self.address))

    def deliver(self, cause: int, pc: int, value: int) -> int:
        """The loaded vCPU takes an exception at `pc`; 0, or the Kind that it leaves with."""
        words = (ctypes.c_uint64,) * 3
        function = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_size_t, *words)(self.callbacks["deliver"])
        return int(function(self.address, cause, pc, value))

    def advance(self) -> None:
        """Go past the loaded vCPU's hypercall: it has retired."""
        _call(self.callbacks["advance"])(self.address)

    def refuse(self) -> int:
        """What the loaded vCPU left for is its own fault after all; 0, or the Kind that it leaves with."""
        return int(_call(self.callbacks["refuse"])(self.address))

    def drained(self) -> list[tuple[int, int, int, int]]:
        """Take the queued writes: (window, address, width, value), oldest first."""
        count = self.word("ring_head")
        self.set_word("ring_head", 0)
        return [tuple(entry) for entry in self.ring[:count].tolist()]

    def logged(self) -> LogRows:
        """Take the events logged, oldest first. They are there until the guest runs on."""
        count = self.word("log_head")
        self.set_word("log_head", 0)
        return self.log[:count]

    def table_full(self) -> bool:
        return self.word("blocks_used") > BLOCKS // 2 - 1 or (
            self.word("cell_word") != 0 and self.word("cell_next") == self.word("cells_end")
        )

    def word_index(self, name: str) -> int:
        """Place of a field of the engine block among its 64-bit words."""
        return int(ENGINE.fields[name][1]) // 8  # type: ignore[index]

    def read(self, register: int) -> int:
        """A register through the API, under the guest's current privilege."""
        value = ctypes.c_uint64()
        check(lib.uc_reg_read(self.handle, register, ctypes.byref(value)), f"read register {register}")
        return value.value

    def write(self, register: int, value: int) -> None:
        cell = ctypes.c_uint64(value & (1 << 64) - 1)
        check(lib.uc_reg_write(self.handle, register, ctypes.byref(cell)), f"write register {register}")

    def execute(self, instruction: int, a0: int) -> None:
        """Calibration only: one instruction of 4 bytes on a page of its own."""
        register = self.isa.register("a0").unicorn
        assert register is not None
        self.write(register, a0)
        self.execute_code(instruction.to_bytes(4, "little"), self.isa.page_size * 16)
        self.write(register, 0)

    def execute_code(self, data: bytes, code: int) -> None:
        """Calibration only: run straight-line code at an address of its page, to its end."""
        check(
            lib.uc_mem_map(self.handle, ctypes.c_uint64(code), ctypes.c_size_t(self.isa.page_size), 7),
            "map a page",
        )
        self._ctl(uc_const.UC_CTL_UC_USE_EXITS, 1, ctypes.c_int(0), what="use `until`")
        size = ctypes.c_size_t(len(data))
        check(lib.uc_mem_write(self.handle, ctypes.c_uint64(code), data, size), "write a page")
        status = lib.uc_emu_start(
            self.handle, ctypes.c_uint64(code), ctypes.c_uint64(code + len(data)), ctypes.c_uint64(0), 0
        )
        check(status, "run some code")
        self._ctl(uc_const.UC_CTL_UC_USE_EXITS, 1, ctypes.c_int(1), what="use exit addresses")
        check(
            lib.uc_mem_unmap(self.handle, ctypes.c_uint64(code), ctypes.c_size_t(self.isa.page_size)),
            "unmap a page",
        )

    # Calibration's view of an engine: `write`, `execute`, and

    def state_now(self) -> bytes:
        return bytes(self.take_state())

    def set_state(self, state: bytes) -> None:
        self.state[:] = state
        self.put_state()

    # -- a machine's address space -----------------------------------------------------------------------------------

    @property
    def vast(self) -> bool:
        """Whether a device window is larger than any device."""
        return self._mapping.largest > VAST

    def attach(
        self,
        memory: tuple[Backing, ...],
        windows: tuple[DeviceWindow, ...],
        page: int,
        watches: Watches = UNWATCHED,
    ) -> None:
        """Map memory and device windows; everything else is a hole whose accesses leave."""
        self._mapping.fill(memory, windows, page, watches.pages)
        self.watching.set(watches.ranges)
        self.set_word("watching", self.watching.address if watches.ranges else 0)
        regions, (home, alias, size) = self._mapping.regions, self._mapping.alias
        for name, value in (
            ("home", home),
            ("alias", alias),
            ("alias_size", size),
            ("regions", int(regions.ctypes.data)),
            ("regions_count", len(regions)),
        ):
            self.set_word(name, value)
        self.flush_translations()

    def remap(
        self,
        memory: tuple[Backing, ...],
        windows: tuple[DeviceWindow, ...],
        page: int,
        watches: Watches,
    ) -> None:
        """Another layout under a vCPU that may be loaded. To take back a mapping, the engine looks its addresses up: our
        fill would take that for the guest's use of an alias, and MIPS's registers tell of what is not found."""
        state, alias_used = bytes(self.take_state()), self.word("alias_used")
        listened = self._mapping.listens
        self.unmap()
        self.attach(memory, windows, page, watches)
        self.set_word("alias_used", alias_used)
        if listened:  # deleted hooks are there until the next entry is over, and slow down what it translates
            self.set_word("blocks_used", BLOCKS)
        self.state[:] = state
        self.put_state()

    def detach(self) -> None:
        """Leave nothing of the machine: hooks, mappings, translated code, CPU state."""
        self.count(None)
        self.trace(None)
        self.unmap()
        self.loaded = None
        self.set_word("control", int(self.idle_control.ctypes.data))
        for name in ("regions_count", "rows_count", "ring_head", "log_head", "alias_used", "watching"):
            self.set_word(name, 0)
        for name in ("log_on", "exits_logged", "count_access", "exits_leave", "level_on"):
            self.set_word(name, 0)
        self.breakpoints = np.empty(0, np.uint64)
        self.set_word("breakpoints_count", 0)
        self.use_engine_mmu("on_fill" not in self.callbacks)
        self.reset()
        self.flush_translations()

    def unmap(self) -> None:
        """Take back what `attach` did."""
        self._mapping.clear()
        self.set_word("alias_size", 0)

    def regime(self, state: StateBytes) -> object:
        """What decides how addresses are translated: where it is equal, so are the translations."""
        return None if not self.word("paging") else self.native.regime(self.registers, state)

    def reset(self) -> None:
        """The CPU state of power-on."""
        self.restore(self._pristine)
        self.flush_tlb()


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What all engines of one ISA and CPU model have in common: where registers lie, and the state of power-on."""

    native: NativeAbilities
    registers: StateView
    pristine: bytes
    attached: bytes


_blueprints: Final[dict[tuple[str, str], Blueprint]] = {}
_free: Final[dict[tuple[str, str], list[Engine]]] = {}
_lock: Final = threading.Lock()


def blueprint(isa: Isa, model: CpuModel) -> Blueprint:
    """Measured on the first engine of that kind, and kept."""
    found = _blueprints.get((isa.name, model.name))
    if found is None:
        engine = take(isa, model)
        found = Blueprint(engine.native, engine.registers, engine.pristine(), engine.attached.read())
        _blueprints[isa.name, model.name] = found
        give(engine)
    return found


def take(isa: Isa, model: CpuModel) -> Engine:
    """An engine that nobody uses, from the pool or new."""
    with _lock:
        waiting = _free.get((isa.name, model.name))
        if waiting:
            return waiting.pop()
    return Engine(isa, model)


def give(engine: Engine) -> None:
    """Detach an engine and put it back into the pool.

    One with a vast device window (`-unmapped ones`) is given up instead: to take back such a window, the engine looks
    for each of its pages in turn, and with large pages in use each look takes it milliseconds. So is one with a user's
    hooks: what they cost does not end where they are deleted.
    """
    if engine.vast or engine.hooks is not None:
        return
    engine.detach()
    with _lock:
        _free.setdefault((engine.isa.name, engine.model.name), []).append(engine)
