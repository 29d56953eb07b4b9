"""What native code of every instruction set builds on: Unicorn's C API by symbol, the engine block, pointers.

Compiled callbacks (numba ``@cfunc``) are called by the engine; they reach the engine back through ``ExternalFunction``
symbols, which are resolved when cached object code is loaded. Importing this module imports numba: do it only when a
guest runs.

Unicorn's numbers for hooks and errors are named here for native code; source: unicorn.h of 2.1.4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

import llvmlite.binding as llvm
import numba
import numpy as np
import unicorn.unicorn_py3.unicorn as binding
from llvmlite import ir
from numba import carray, njit, types
from numba.extending import intrinsic

from axvcpu.control import CONTROL
from axvcpu.dispatch import ROW
from isa import cache

llvm.load_library_permanently(binding.uclib._name)
_directory = cache.directory()
if _directory is not None:
    numba.config.CACHE_DIR = str(_directory)
    cache.prune(_directory)

ENGINE: Final = np.dtype(
    [
        ("control", "u8"),  # the loaded vCPU's control block: the first word, every hook begins here
        ("uc", "u8"),
        ("address", "u8"),  # of this block
        (
            "context",
            "u8",
        ),  # a uc_context of the engine's own, for native code; 0: `state` is the engine's own
        ("state", "u8"),  # the CPU state: in place, or the copy in that context
        ("cpu", "u8"),  # the engine's CPU object, for `loop_exit`
        (
            "loop_exit",
            "u8",
        ),  # void (cpu): leave the running block for good; 0 where the engine does it by itself
        ("layout", "u8"),  # int64 offsets of the ISA's registers in the CPU state
        ("scratch", "u8"),  # 8 KiB to read guest code into
        ("blocks", "u8"),  # table of (pc, size, instructions)
        ("blocks_mask", "u8"),
        ("blocks_used", "u8"),
        ("cell_next", "u8"),  # the cell that the block to be translated next gets as its hook's user data
        ("cells_end", "u8"),  # the last cell, which no block gets for itself
        ("cell_word", "u8"),  # the engine's word for that user data; 0: all blocks share one cell
        ("rows", "u8"),  # dispatch rows
        ("rows_count", "u8"),
        ("ring", "u8"),
        ("ring_head", "u8"),
        ("ring_size", "u8"),
        ("log", "u8"),  # events for a listener, while log_on
        ("log_head", "u8"),
        ("log_size", "u8"),
        ("log_on", "u8"),
        ("regions", "u8"),  # rows of (lo, hi inclusive, host address): memory that code can be read from
        ("regions_count", "u8"),
        ("paging", "u8"),  # 0: our own TLB fill, 1: the engine's MMU
        ("until", "u8"),  # the run's one exit address, while an exact stop is under way
        ("until_set", "u8"),
        ("until_halts", "u8"),  # the instruction before it is a halt, which ends the run in the same way
        (
            "alias",
            "u8",
        ),  # a second address of the memory at `home`, as our fill sees it: one place for translated code
        ("alias_size", "u8"),
        ("home", "u8"),
        (
            "alias_used",
            "u8",
        ),  # then a store through one address may change code that runs at the other: watch them all
        ("pages", "u8"),  # what our fill gave of each page (PAGE_*), by page number modulo PAGES
        ("code_pages", "u8"),  # rows of pages that unprivileged code was translated from (isa.code_pages)
        ("code_pages_used", "u8"),
        ("code_places", "u8"),  # a page's row, plus 1, by its address
        ("code_copies", "u8"),
        ("code_changed", "u8"),  # code of some of them is to be forgotten
        ("pc_register", "i8"),
        ("wide", "u8"),  # 1: registers of 64 bits
        ("big_endian", "u8"),
        # compiled functions of the ISA, by address
        ("odd_block", "u8"),  # int32 (engine block, address, size, cell): what the block hook leaves to it
        ("length", "u8"),  # int64 (code address): bytes of the instruction there
        ("halts", "u8"),  # int64 (code address): whether the instruction there is a halt
        ("inspect", "u8"),  # uint64 (code address, size): what a block needs beyond counting
        ("deliver", "u8"),  # int32 (engine block, cause, pc, value): take a trap
        (
            "tell_lines",
            "u8",
        ),  # int32 (engine block): hand the interrupt lines to the engine, 1 if one can wake
        ("fault", "u8"),  # int32 (engine block): an access that nothing backs, as the guest's own fault
        ("advance", "u8"),  # int32 (engine block): go past the hypercall that was answered
        (
            "observe",
            "u8",
        ),  # int32 (engine block): at a block, while log_on: note an interrupt that was just taken
        ("mend", "u8"),  # int32 (engine block): put right the counter that was just read
        ("unprivileged", "u8"),  # int32 (engine block): whether what runs is a program, not its kernel
    ],
    align=True,
)

PAGES: Final = 1 << 16
PAGE_CODE, PAGE_DATA = 1, 2
REGION: Final = np.dtype([("lo", "u8"), ("hi", "u8"), ("host", "u8")])
BLOCK: Final = np.dtype([("pc", "u8"), ("size", "u4"), ("count", "u4")])
CELL: Final = np.dtype([("key", "u8"), ("engine", "u8")])
"""What the block hook needs of its block. key: pc (32 bits), size (16), instructions (16); 0 until it is known, and
where the block has to be looked up each time."""
RING_ENTRY: Final = np.dtype([("row", "u8"), ("address", "u8"), ("width", "u8"), ("value", "u8")])
LOG_ENTRY: Final = np.dtype(
    [("kind", "u8"), ("retired", "u8"), ("pc", "u8"), ("cause", "u8"), ("value", "u8"), ("level", "u8")]
)
LOG_TRAP, LOG_INTERRUPT, LOG_UNMAPPED = 1, 2, 3
CODE_PAGE: Final = np.dtype([("address", "u8"), ("host", "u8"), ("knows", "u8")])
WINDOW: Final = np.dtype([("engine", "u8"), ("index", "u8"), ("base", "u8")])

Record: TypeAlias = Any
"""A record of compiled code: the engine block, or a control block, or a pointer to one."""
Word: TypeAlias = Any
"""An integer or truth value of compiled code: what numba makes of it, where a type checker sees numpy scalars."""

control_record: Any = numba.from_dtype(CONTROL)
engine_record: Any = numba.from_dtype(ENGINE)
region_record: Any = numba.from_dtype(REGION)
block_record: Any = numba.from_dtype(BLOCK)
cell_record: Any = numba.from_dtype(CELL)
code_page_record: Any = numba.from_dtype(CODE_PAGE)
row_record: Any = numba.from_dtype(ROW)
ring_record: Any = numba.from_dtype(RING_ENTRY)
log_record: Any = numba.from_dtype(LOG_ENTRY)
window_record: Any = numba.from_dtype(WINDOW)

UC_MEM_READ_UNMAPPED, UC_MEM_WRITE_UNMAPPED, UC_MEM_FETCH_UNMAPPED = 19, 20, 21
UC_MEM_WRITE_PROT, UC_MEM_READ_PROT, UC_MEM_FETCH_PROT = 22, 23, 24
UC_PROT_READ, UC_PROT_WRITE, UC_PROT_EXEC = 1, 2, 4
UC_MEM_FETCH = 18

BLOCK_COUNT_MASK: Final = 0xFFFF
"""Low bits of a block's `count`; 0 there: counted anew each time (two address spaces disagree)."""
BLOCK_SPECIAL: Final = 1 << 16
"""The block needs more than counting."""
BLOCK_PAUSE: Final = 1 << 17
"""It holds a pause: the vCPU waits for another."""
BLOCK_MEND: Final = 18
"""The bits from this one on: it ends in an instruction that `mend` must put right, which number says how; 0: none."""

uc_emu_start = types.ExternalFunction(
    "uc_emu_start", types.int32(types.intp, types.uint64, types.uint64, types.uint64, types.uint64)
)
uc_emu_stop = types.ExternalFunction("uc_emu_stop", types.int32(types.intp))
uc_reg_read = types.ExternalFunction("uc_reg_read", types.int32(types.intp, types.int32, types.intp))
uc_reg_write = types.ExternalFunction("uc_reg_write", types.int32(types.intp, types.int32, types.intp))
uc_vmem_read = types.ExternalFunction(
    "uc_vmem_read", types.int32(types.intp, types.uint64, types.int32, types.intp, types.uint64)
)
uc_vmem_translate = types.ExternalFunction(
    "uc_vmem_translate", types.int32(types.intp, types.uint64, types.int32, types.intp)
)
uc_context_save = types.ExternalFunction("uc_context_save", types.int32(types.intp, types.intp))
uc_context_restore = types.ExternalFunction("uc_context_restore", types.int32(types.intp, types.intp))
uc_ctl_2 = types.ExternalFunction("uc_ctl", types.int32(types.intp, types.int32, types.uint64, types.uint64))
clock_gettime = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.intp))

UC_CTL_EXITS_WRITE: Final = 6 | 2 << 26 | 1 << 30
UC_CTL_REMOVE_CACHE_WRITE: Final = 9 | 2 << 26 | 1 << 30


def _pointer_cast(target: Any) -> Any:
    """An intrinsic intp -> `target`*, for records and words at an address."""

    @intrinsic
    def cast(typing_context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return types.CPointer(target)(types.intp), generate

    return cast


as_control = _pointer_cast(control_record)
as_engine = _pointer_cast(engine_record)
as_regions = _pointer_cast(region_record)
as_blocks = _pointer_cast(block_record)
as_cells = _pointer_cast(cell_record)
as_code_pages = _pointer_cast(code_page_record)
as_rows = _pointer_cast(row_record)
as_log = _pointer_cast(log_record)
as_ring = _pointer_cast(ring_record)
as_u64 = _pointer_cast(types.uint64)
as_i64 = _pointer_cast(types.int64)
as_u32 = _pointer_cast(types.uint32)
as_u16 = _pointer_cast(types.uint16)
as_u8 = _pointer_cast(types.uint8)


@intrinsic
def address_of(typing_context: Any, pointer: Any) -> Any:
    """The address that a pointer holds."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ptrtoint(arguments[0], context.get_value_type(types.intp))

    return types.intp(pointer), generate


def _indirect(signature: Any) -> Any:
    """An intrinsic that calls a compiled function of `signature` by its address, its first argument."""

    def generate(context: Any, builder: Any, call_signature: Any, values: Any) -> Any:
        arguments = [context.get_value_type(one) for one in signature.args]
        function = ir.FunctionType(context.get_value_type(signature.return_type), arguments)
        return builder.call(builder.inttoptr(values[0], function.as_pointer()), values[1:])

    full = signature.return_type(types.intp, *signature.args)

    def one(typing_context: Any, address: Any, a: Any) -> Any:
        return full, generate

    def two(typing_context: Any, address: Any, a: Any, b: Any) -> Any:
        return full, generate

    def three(typing_context: Any, address: Any, a: Any, b: Any, c: Any) -> Any:
        return full, generate

    def four(typing_context: Any, address: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
        return full, generate

    return intrinsic({1: one, 2: two, 3: three, 4: four}[len(signature.args)])


call_word = _indirect(types.int64(types.intp))
call_block = _indirect(types.uint64(types.intp, types.int64))
call_odd_block = _indirect(types.int32(types.intp, types.uint64, types.uint32, types.intp))
call_engine = _indirect(types.int32(types.intp))
call_deliver = _indirect(types.int32(types.intp, types.uint64, types.uint64, types.uint64))


@njit(inline="always")
def code_at(engine: Record, pc: Word, size: Word) -> Word:
    """Host address at which `size` bytes of guest code at virtual `pc` can be read; 0 where they cannot.

    Straight from guest memory while the guest's MMU is off, else through the engine into the scratch area.
    """
    if engine.paging == np.uint64(0):
        regions = carray(as_regions(np.intp(engine.regions)), 1 << 20)
        for i in range(engine.regions_count):
            row = regions[i]
            if row.lo <= np.uint64(pc) and np.uint64(pc) + np.uint64(size) - np.uint64(1) <= row.hi:
                return np.intp(row.host + (np.uint64(pc) - row.lo))
        return np.intp(0)
    at = np.intp(engine.scratch)
    if uc_vmem_read(np.intp(engine.uc), np.uint64(pc), UC_PROT_EXEC, at, np.uint64(size)) != 0:
        return np.intp(0)
    return at


@njit(cache=True)
def walk(engine: Record, pc: Word, size: Word) -> Word:
    """Instructions in `size` bytes of guest code at `pc`; 0 where the code cannot be read."""
    at = code_at(engine, pc, size)
    if at == 0:
        return 0
    count, offset = 0, 0
    while offset < size:
        offset += call_word(np.intp(engine.length), at + offset)
        count += 1
    return count


@njit(cache=True)
def guest_time(engine: Record, control: Record) -> Word:
    """Guest time in ns."""
    if control.host_clock == np.uint64(0):
        return (control.retired + control.time_base) << control.time_shift
    at = np.intp(engine.scratch)
    clock_gettime(1, at)
    words = carray(as_u64(at), 2)
    return words[0] * np.uint64(1_000_000_000) + words[1] - control.host_start


@njit(cache=True)
def give_back(engine: Record, control: Record, pc: Word) -> None:
    """The last block ended early, at `pc`: take back what it was charged and did not execute."""
    begun = control.block_count
    if begun == np.uint64(0):
        return
    start, end = control.block_pc, control.block_pc + control.block_size
    if np.uint64(pc) < start or np.uint64(pc) >= end:
        return
    done = (
        np.uint64(0)
        if np.uint64(pc) == start
        else np.uint64(walk(engine, np.int64(start), np.int64(np.uint64(pc) - start)))
    )
    control.retired -= begun - done
    control.block_count = np.uint64(0)
    control.counter_register = np.uint64(0)


@njit(cache=True)
def note(
    engine: Record, control: Record, kind: Word, pc: Word, cause: Word, value: Word, level: Word
) -> Word:
    """Log an event; True where the log is full and must be drained."""
    head = engine.log_head
    if head < engine.log_size:
        entry = carray(as_log(np.intp(engine.log)), 1 << 20)[head]
        entry.kind, entry.retired, entry.pc = np.uint64(kind), control.retired, np.uint64(pc)
        entry.cause, entry.value, entry.level = np.uint64(cause), np.uint64(value), np.uint64(level)
        engine.log_head = head + np.uint64(1)
    return engine.log_head + np.uint64(8) >= engine.log_size


StateBytes: TypeAlias = bytes | bytearray | memoryview


class StateView(Protocol):
    """The ISA's registers by name in a saved CPU state of the engine."""

    @property
    def places(self) -> dict[str, tuple[int, int]]:
        """name -> (offset, size in bytes)."""
        ...

    def get(self, data: StateBytes, name: str) -> int: ...

    def put(self, data: bytearray | memoryview, name: str, value: int) -> None: ...

    def read(self, data: StateBytes) -> dict[str, int]: ...

    def write(self, data: bytearray | memoryview, registers: dict[str, int]) -> None: ...


@dataclass(frozen=True, slots=True)
class NativeAbilities:
    """The compiled half of an ISA plug-in. Each callback is a numba ``CFunc``; `None` where the ISA needs none.

    calibrate(probe) returns offsets of the ISA's registers in the engine's saved CPU state; view(layout, wide) reads
    and writes such a state by name. wakes(view, state, lines, lines told) says whether a halted CPU goes on;
    regime(view, state) is what decides how addresses are translated, to be compared. `outside` are registers that the
    saved state lacks, by name, with `reveal`: what must hold in the saved state while the API reads or writes them.
    `counted` are registers that read as the count of retired instructions (name, right shift, the control block's word
    that is added, and its bit of `counters_stopped`), `clocks` those that read as guest time (name, ns of a unit, right
    shift).
    """

    calibrate: Callable[[Any], list[int]]
    view: Callable[[list[int], bool], StateView]
    on_exception: Any  # UC_HOOK_INTR: void (uc, number, engine block)
    on_invalid: Any | None  # UC_HOOK_INSN_INVALID: bool (uc, engine block)
    on_fill: Any | None  # UC_HOOK_TLB_FILL: bool (uc, address, type, entry, engine block)
    length: Any
    halts: Any | None
    inspect: Any | None
    deliver: Any
    tell_lines: Any
    fault: Any
    advance: Any
    observe: Any | None
    mend: Any | None
    unprivileged: Any | None
    wakes: Callable[[StateView, StateBytes, int, int], bool]
    regime: Callable[[StateView, StateBytes], object]
    outside: tuple[str, ...] = ()
    reveal: tuple[tuple[str, int], ...] = ()
    counted: tuple[tuple[str, int, str, int], ...] = ()
    clocks: tuple[tuple[str, int, int], ...] = ()
