"""What native code of every instruction set builds on: Unicorn's C API by symbol, the engine block, pointers.

Compiled callbacks (numba ``@cfunc``) are called by the engine; they reach the engine back through ``ExternalFunction``
symbols, which are resolved when the object code is loaded. Importing this module imports numba: only `isa.objects` does,
to compile.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import llvmlite.binding as llvm
import numba
import numpy as np
import unicorn.unicorn_py3.unicorn as binding
from llvmlite import ir
from numba import carray, njit, types
from numba.extending import intrinsic

from axvcpu.control import CONTROL, Kind
from axvcpu.dispatch import ROW
from isa.records import (
    BLOCK,
    CELL,
    CODE_PAGE,
    ENGINE,
    EXTENSION,
    HOOK_DRAIN,
    HOOKS,
    LOG_ENTRY,
    LOG_INTERRUPT,
    LOG_READ,
    LOG_TRAP,
    LOG_WRITE,
    REGION,
    RING_ENTRY,
    SCRATCH,
    SPAN,
    TRACE,
    TRACE_CODE,
    TRACE_ENTRY,
    TRACE_RANGE,
    TRACE_SPAN,
    UC_PROT_EXEC,
    WATCH_ACCESS,
    WATCH_PAGES,
    WATCH_ROW,
    WATCH_WRITE,
    WATCHING,
    WINDOW,
)

llvm.load_library_permanently(binding.uclib._name)

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
watch_pages_record: Any = numba.from_dtype(WATCH_PAGES)

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


def pointer_cast(target: Any) -> Any:
    """An intrinsic intp -> `target`*, for records and words at an address."""

    @intrinsic
    def cast(typing_context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return types.CPointer(target)(types.intp), generate

    return cast


extension_record: Any = numba.from_dtype(EXTENSION)
as_control = pointer_cast(control_record)
as_engine = pointer_cast(engine_record)
as_regions = pointer_cast(region_record)
as_blocks = pointer_cast(block_record)
as_cells = pointer_cast(cell_record)
as_code_pages = pointer_cast(code_page_record)
as_rows = pointer_cast(row_record)
as_log = pointer_cast(log_record)
as_ring = pointer_cast(ring_record)
as_spans = pointer_cast(numba.from_dtype(SPAN))
as_extensions = pointer_cast(extension_record)
as_watching = pointer_cast(numba.from_dtype(WATCHING))
as_watch_rows = pointer_cast(numba.from_dtype(WATCH_ROW))
as_watch_accesses = pointer_cast(numba.from_dtype(WATCH_ACCESS))
as_watch_writes = pointer_cast(numba.from_dtype(WATCH_WRITE))
as_trace = pointer_cast(numba.from_dtype(TRACE))
as_trace_entries = pointer_cast(numba.from_dtype(TRACE_ENTRY))
as_trace_codes = pointer_cast(numba.from_dtype(TRACE_CODE))
as_trace_spans = pointer_cast(numba.from_dtype(TRACE_SPAN))
as_trace_ranges = pointer_cast(numba.from_dtype(TRACE_RANGE))
as_hooks = pointer_cast(numba.from_dtype(HOOKS))
as_u64 = pointer_cast(types.uint64)
as_i64 = pointer_cast(types.int64)
as_u32 = pointer_cast(types.uint32)
as_u16 = pointer_cast(types.uint16)
as_u8 = pointer_cast(types.uint8)


@intrinsic
def address_of(typing_context: Any, pointer: Any) -> Any:
    """The address that a pointer holds."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ptrtoint(arguments[0], context.get_value_type(types.intp))

    return types.intp(pointer), generate


@intrinsic
def leading_zeros(typing_context: Any, value: Any) -> Any:
    """Of a 64-bit word; 64 of zero."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], context.get_constant(types.boolean, False))

    return types.uint64(types.uint64), generate


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
call_code = _indirect(types.int64(types.intp, types.intp))
call_block = _indirect(types.uint64(types.intp, types.int64))
call_odd_block = _indirect(types.int32(types.intp, types.uint64, types.uint32, types.intp))
call_flow = _indirect(types.int64(types.intp, types.int64, types.intp))
call_engine = _indirect(types.int32(types.intp))
call_instruction = _indirect(types.int32(types.intp, types.uint64))
call_place = _indirect(types.uint64(types.intp))
call_deliver = _indirect(types.int32(types.intp, types.uint64, types.uint64, types.uint64))


@njit(forceinline=True)
def save(engine: Record) -> None:
    """Before registers of the CPU state are read: have them in `engine.state`. Nothing where they are there in place."""
    if engine.context != np.uint64(0):
        uc_context_save(np.intp(engine.uc), np.intp(engine.context))


@njit(forceinline=True)
def restore(engine: Record) -> None:
    """After registers of the CPU state were changed: give them to the engine."""
    if engine.context != np.uint64(0):
        uc_context_restore(np.intp(engine.uc), np.intp(engine.context))


@njit(forceinline=True)
def place(engine: Record, slot: Word) -> Word:
    """Host address of entry `slot` of the ISA's layout in the CPU state."""
    return np.intp(engine.state) + carray(as_i64(np.intp(engine.layout)), 1 << 10)[slot]


@njit(forceinline=True)
def get32(engine: Record, slot: Word) -> Word:
    """32 bits of the CPU state, as 64."""
    return np.uint64(carray(as_u32(place(engine, slot)), 1)[0])


@njit(forceinline=True)
def put32(engine: Record, slot: Word, value: Word) -> None:
    carray(as_u32(place(engine, slot)), 1)[0] = np.uint32(value)


@njit(forceinline=True)
def get64(engine: Record, slot: Word) -> Word:
    return carray(as_u64(place(engine, slot)), 1)[0]


@njit(forceinline=True)
def put64(engine: Record, slot: Word, value: Word) -> None:
    carray(as_u64(place(engine, slot)), 1)[0] = np.uint64(value)


@njit
def code_at(engine: Record, pc: Word, size: Word) -> Word:
    """Host address at which `size` bytes of guest code at virtual `pc` can be read, and a longest instruction beyond
    them, be they code or not; 0 where they cannot.

    Straight from guest memory while the guest's MMU is off and there is so much of it, else in the scratch area.
    """
    at, scratch = np.intp(0), np.intp(engine.scratch)
    first, last = np.uint64(pc), np.uint64(pc) + np.uint64(size) - np.uint64(1)
    if np.uint64(size) > np.uint64(SCRATCH - 16):
        return at
    if engine.paging == np.uint64(0):
        regions = carray(as_regions(np.intp(engine.regions)), 1 << 20)
        for i in range(engine.regions_count):
            row = regions[i]
            if row.lo <= first and last <= row.hi:
                at = np.intp(row.host + (first - row.lo))
                if last + engine.code_size > row.hi:
                    source, copy = carray(as_u8(at), SCRATCH), carray(as_u8(scratch), SCRATCH)
                    for k in range(np.int64(size)):
                        copy[k] = source[k]
                    return scratch
                return at
        return at
    if uc_vmem_read(np.intp(engine.uc), first, UC_PROT_EXEC, scratch, np.uint64(size)) != 0:
        return at
    return scratch


@njit
def instruction_place(engine: Record, pc: Word) -> Word:
    """Host address at which the instruction at virtual `pc` can be read; 0 where it cannot."""
    size = engine.code_size
    while size > np.uint64(0):  # the last one of memory may be shorter than the longest
        at = code_at(engine, pc, size)
        if at != 0:
            return at
        size -= np.uint64(1)
    return np.intp(0)


@njit(error_model="numpy")  # a division by zero has a value
def walk(engine: Record, pc: Word, size: Word) -> Word:
    """Instructions in `size` bytes of guest code at `pc`; 0 where the code cannot be read."""
    if engine.length == np.uint64(0):  # all have one length
        return np.int64(size) // np.int64(engine.code_size)
    at = code_at(engine, pc, size)
    if at == 0:
        return 0
    count, offset = 0, 0
    while offset < size:
        offset += call_code(np.intp(engine.length), at + offset, np.intp(engine.address))
        count += 1
    return count


@njit
def extended(engine: Record, word: Word) -> Word:
    """Carry out an instruction that the engine lacks, of an extension that this CPU has; False where there is none.

    `save` comes before it and `restore` after it; the pc and the count are for the caller.
    """
    rows = carray(as_extensions(np.intp(engine.extensions)), 1 << 12)
    for i in range(engine.extensions_count):
        row = rows[i]
        if np.uint64(word) & row.mask == row.match:
            return call_instruction(np.intp(row.function), np.intp(engine.address), np.uint64(word)) != 0
    return False


@njit
def guest_time(engine: Record, control: Record) -> Word:
    """Guest time in ns."""
    if control.host_clock == np.uint64(0):
        return (control.retired + control.time_base) << control.time_shift
    at = np.intp(engine.scratch)
    clock_gettime(1, at)
    words = carray(as_u64(at), 2)
    return words[0] * np.uint64(1_000_000_000) + words[1] - control.host_start


@njit
def give_back(engine: Record, control: Record, pc: Word) -> None:
    """The last block ended early, before the code at `pc`: take back what it was charged and did not execute."""
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


@njit
def repeats(control: Record, cause: Word, pc: Word) -> Word:
    """Count a trap; whether traps go round in a circle, with no instruction retired between them.

    One of them is remembered: the first, the second, the fourth and so on. So a circle of any length is found."""
    control.traps += np.uint64(1)
    if control.trap_row == np.uint64(0) or control.trap_retired != control.retired:
        control.trap_row = np.uint64(0)
    elif control.trap_cause == np.uint64(cause) and control.trap_pc == np.uint64(pc):
        return True
    control.trap_row += np.uint64(1)
    if control.trap_row & (control.trap_row - np.uint64(1)) == np.uint64(0):
        control.trap_cause, control.trap_pc = np.uint64(cause), np.uint64(pc)
    control.trap_retired = control.retired
    return False


@njit
def note_trapped(engine: Record, control: Record, pc: Word) -> None:
    """The first of some traps in a row, for those who follow calls. Where the CPU state is in place, the stack pointer
    and the address space are mostly still what they were."""
    if control.trapped != np.uint64(0):
        return
    control.trapped, control.trapped_pc = np.uint64(1), np.uint64(pc) + engine.code_base
    if engine.context == np.uint64(0):
        control.trapped = np.uint64(2)
        control.trapped_stack = call_place(np.intp(engine.stack), np.intp(engine.address))
        control.trapped_space = call_place(np.intp(engine.space), np.intp(engine.address))


@njit
def note(
    engine: Record, control: Record, kind: Word, pc: Word, cause: Word, value: Word, level: Word
) -> Word:
    """Log an event; True where the log is full and must be drained, at the next block at the latest."""
    head = engine.log_head
    if head < engine.log_size:
        entry = carray(as_log(np.intp(engine.log)), 1 << 20)[head]
        entry.kind, entry.retired, entry.pc = np.uint64(kind), control.retired, np.uint64(pc)
        entry.cause, entry.value, entry.level = np.uint64(cause), np.uint64(value), np.uint64(level)
        engine.log_head = head + np.uint64(1)
    if engine.calls != np.uint64(0) and kind in (LOG_TRAP, LOG_INTERRUPT):
        note_trapped(engine, control, pc)
    full = engine.log_head + np.uint64(8) >= engine.log_size
    if full:
        control.attention = np.uint64(1)
    return full


@njit
def hooks_full(engine: Record) -> Word:
    """Whether a user's hooks want Python to take what they keep."""
    if engine.hooks == np.uint64(0):
        return False
    return carray(as_hooks(np.intp(engine.hooks)), 1)[0].asks & np.uint64(HOOK_DRAIN) != np.uint64(0)


@njit
def tell_exit(engine: Record, value: Word) -> None:
    """The user's hooks hear of the exit that the control block describes; `value` was read or written."""
    if engine.hooks != np.uint64(0):
        function = carray(as_hooks(np.intp(engine.hooks)), 1)[0].on_exit
        if function != np.uint64(0):
            call_instruction(np.intp(function), np.intp(engine.address), np.uint64(value))


MMIO_WRITE = int(Kind.MMIO_WRITE)


@njit
def note_access(engine: Record, control: Record, value: Word) -> None:
    """Have the access that the control block describes, which native code has answered with `value`, counted or logged
    where somebody wants that."""
    if engine.count_access != np.uint64(0):
        call_engine(np.intp(engine.count_access), np.intp(engine.address))
        return
    if engine.exits_logged == np.uint64(0):
        return
    write = control.kind == np.uint64(MMIO_WRITE)
    kind, data = (LOG_WRITE, control.data) if write else (LOG_READ, np.uint64(value))
    note(engine, control, kind, control.pc, control.width, control.address, data)
