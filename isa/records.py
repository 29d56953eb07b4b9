"""What native code and Python share of every instruction set: the engine block and its tables, the callbacks' contract.

Unicorn's numbers for hooks and errors are named here for native code; source: unicorn.h of 2.1.4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias

import numpy as np

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
        ("scratch", "u8"),  # SCRATCH bytes to read guest code into
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
        ("exits_logged", "u8"),  # accesses that native code answers are events too
        ("count_access", "u8"),  # a compiled function (engine block) that hears of each such access; 0: none
        ("exits_leave", "u8"),  # the dispatch table answers nothing: every access of a device is Python's
        ("level_on", "u8"),  # a change of privilege is an event, at the block that begins with it
        ("level_register", "i8"),
        ("level_mask", "u8"),
        ("level", "u8"),  # as it was last seen
        ("stirred", "u8"),  # an interrupt can be pending: `observe` is asked at blocks, until it says no
        ("observed", "u8"),  # 1 + retired, where `observe` has told of a block that has not begun yet
        ("regions", "u8"),  # rows of (lo, hi inclusive, host address): memory that code can be read from
        ("regions_count", "u8"),
        ("paging", "u8"),  # 0: our own TLB fill, 1: the engine's MMU
        ("until", "u8"),  # the run's one exit address, while an exact stop is under way
        ("until_set", "u8"),
        (
            "step",
            "u8",
        ),  # address of a word (u4) of the engine: the most instructions of the next block it translates; 0: not found
        (
            "exception",
            "u8",
        ),  # address of the engine's number (i4) of the exception under way, -1 none; 0: not found
        ("code_base", "u8"),  # what is added to a pc to get the address of code (x86: the base of cs)
        ("resuming", "u8"),  # the first block of this entry calls `resume`
        (
            "synchronous",
            "u8",
        ),  # int64 (engine block): the machine answers the access now; see NativeAbilities.windows
        ("breakpoints", "u8"),  # addresses of code, ascending
        ("breakpoints_count", "u8"),
        (
            "break_ahead",
            "u8",
        ),  # instructions to the next of them, where a block was kept from running over it
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
        ("code_size", "u8"),  # bytes of the longest instruction
        ("pc_register", "i8"),
        ("wide", "u8"),  # 1: registers of 64 bits
        ("big_endian", "u8"),
        ("extensions", "u8"),  # rows of EXTENSION: instructions that the engine lacks
        ("extensions_count", "u8"),
        # compiled functions of the ISA, by address
        ("odd_block", "u8"),  # int32 (engine block, address, size, cell): what the block hook leaves to it
        (
            "length",
            "u8",
        ),  # int64 (code address, engine block): bytes of the instruction there; 0: all have code_size
        ("halts", "u8"),  # int64 (code address, engine block): whether the instruction there is a halt
        ("inspect", "u8"),  # uint64 (code address, size): what a block needs beyond counting
        ("deliver", "u8"),  # int32 (engine block, cause, pc, value): take a trap
        (
            "tell_lines",
            "u8",
        ),  # int32 (engine block): hand the interrupt lines to the engine, 1 if one can wake
        ("fault", "u8"),  # int32 (engine block): an access that nothing backs, as the guest's own fault
        (
            "advance",
            "u8",
        ),  # int32 (engine block): go past the call, port or system register access that was answered
        (
            "refuse",
            "u8",
        ),  # int32 (engine block): the exit that it left with is the guest's own fault after all
        ("takes", "u8"),  # int32 (engine block): whether a hidden interrupt line can be taken now
        ("begin", "u8"),  # uint64 (engine block): where to enter, where that is not the pc alone
        (
            "settle",
            "u8",
        ),  # int32 (engine block): the engine has come back: put right what it says of its place
        ("resume", "u8"),  # int32 (engine block): at the first block of an entry, while `resuming`
        (
            "own_register",
            "u8",
        ),  # int32 (engine block): an access to a register of the CPU's own; see `native_answer`
        (
            "admit",
            "u8",
        ),  # int32 (engine block, address, size, cell): the Kind to leave with before a block that the engine must not
        # run as it is, 0: let it; with cell 0 only whether it has to be asked for this block
        ("locate", "u8"),  # uint64 (engine block): address of the code that makes a synchronous access
        (
            "observe",
            "u8",
        ),  # int32 (engine block): while log_on, at a block at which `attention` is set: note an interrupt that was just
        # taken; whether another may be without anybody saying so, and every block is to be looked at
        ("mend", "u8"),  # int32 (engine block): put right the counter that was just read
        ("unprivileged", "u8"),  # int32 (engine block): whether what runs is a program, not its kernel
        ("watching", "u8"),  # WATCHING: watched ranges, while there are any
        (
            "let_through",
            "u8",
        ),  # int32 (engine block): a hook of an access has had the engine look up its place in the block, and the block
        # goes on: put right what that has changed beside the pc
        ("falls_offset", "u8"),  # as runs_offset: how often it began where another had ended; 0: nobody asks
        # how often each block ran, while somebody counts (emu.engine.count_hooks)
        ("spans", "u8"),  # rows of SPAN; 0: nobody counts
        ("spans_head", "u8"),
        ("spans_size", "u8"),
        ("runs_offset", "u8"),  # half a cell's address and this: the address of its block's runs (u8)
        ("facts_offset", "u8"),  # a cell's address and this: the address of its block's BLOCK
        # who called whom, while somebody follows calls (emu.calls)
        ("calls", "u8"),  # CALLS; 0: nobody does
        ("marks", "u8"),  # int32 (engine block, address, size, cell): a block's marks, for its cell's key
        ("calls_full", "u8"),  # Python is to make room there before another block may begin
        ("called", "u8"),  # int32 (engine block, address, size, cell): a block that its hook leaves to others
        ("landed", "u8"),  # int32 (engine block, address, size, cell): such a block has begun
        ("flow", "u8"),  # int64 (code address, bytes of its block before it, engine block): FLOW_*
        ("stack", "u8"),  # uint64 (engine block): the stack pointer
        ("space", "u8"),  # uint64 (engine block): the running program's address space, 0 for its kernel
        ("tracing", "u8"),  # TRACE: what is recorded, while somebody records (emu.engine.trace_hooks)
        ("hooks", "u8"),  # HOOKS: a user's hooks, while there are any
    ],
    align=True,
)

SCRATCH: Final = 1 << 14
"""Bytes of the scratch area: the longest block, and more."""
PAGES: Final = 1 << 16
PAGE_CODE, PAGE_DATA = 1, 2
REGION: Final = np.dtype([("lo", "u8"), ("hi", "u8"), ("host", "u8")])
BLOCK: Final = np.dtype([("pc", "u8"), ("size", "u4"), ("count", "u4")])
CELL: Final = np.dtype([("key", "u8"), ("engine", "u8")])
"""What the block hook needs of its block. key: pc (32 bits), size (16), instructions (10), marks (6); 0 until it is
known, and where the block has to be looked up each time."""
CELL_MOST: Final = 0x3FF
"""Instructions of a block that has a key; the engine makes blocks of 512 at most."""
CELL_MARKS: Final = 58
"""Where a key's marks begin, which are there while somebody follows calls: FLOW_* of its end, and MARK_ENTRY."""
FLOW_NONE, FLOW_CALL, FLOW_RETURN, FLOW_TRAP_RETURN, FLOW_TRAP = 0, 1, 2, 3, 4
"""How the last instruction of a block goes on: not to be followed, a call, a return from one, a return from a trap, and
a trap of which nothing else tells. Where a condition keeps it from doing so, it leads to the code behind it."""
FLOW_DELAYED: Final = 8
"""Added: the instruction behind it, in the next block, is executed first."""
MARK_ENTRY: Final = 32
"""A function begins here."""
SPAN: Final = np.dtype([("pc", "u8"), ("size", "u8"), ("first", "i4"), ("last", "i4")])
"""Instructions that ran once more than the blocks' runs say: those numbered from `first` on and before `last`, of the
straight-line code at `pc`; where `last` is less, those from `last` on and before `first` ran once less. The block there
has `size` bytes and `first` instructions, or `last` where `first` is 0. A row with both -1: code
at `pc` was gone on with, without a branch."""
RING_ENTRY: Final = np.dtype([("row", "u8"), ("address", "u8"), ("width", "u8"), ("value", "u8")])
LOG_ENTRY: Final = np.dtype(
    [("kind", "u8"), ("retired", "u8"), ("pc", "u8"), ("cause", "u8"), ("value", "u8"), ("level", "u8")]
)
LOG_TRAP, LOG_INTERRUPT, LOG_UNMAPPED, LOG_READ, LOG_WRITE, LOG_LEVEL = 1, 2, 3, 4, 5, 6
"""Of LOG_READ and LOG_WRITE, `value` is the address, `cause` the width and `level` the data; of LOG_LEVEL, `level` and
`cause` are the privilege now and before (`level_mask` of `level_register`)."""
TRACE: Final = np.dtype(
    [
        ("entries", "u8"),  # TRACE_ENTRY: what happened, in order
        ("head", "u8"),
        ("enough", "u8"),  # with so many, they are to be taken before another block begins
        ("size", "u8"),
        ("lost", "u8"),  # entries that found no room
        (
            "codes",
            "u8",
        ),  # the code of blocks as they are translated: TRACE_CODE, its bytes, up to a multiple of 8
        ("codes_head", "u8"),  # bytes
        ("codes_enough", "u8"),
        ("codes_size", "u8"),
        ("vcpu", "u8"),
        ("detailed", "u8"),  # each instruction is noted
        ("whole", "u8"),  # each block is noted: also where instructions are
        (
            "next",
            "u8",
        ),  # the number of the next instruction; where blocks are noted, of the last one within its block
        ("pc", "u8"),  # of the last instruction
        ("looked", "u8"),  # what it has written is noted already
        ("cell", "u8"),  # of the block that it is in
        ("piece_address", "u8"),  # a misaligned store comes again byte by byte: the next one
        ("pieces", "u8"),  # to come
        ("spans", "u8"),  # TRACE_SPAN: where registers lie
        ("spans_count", "u8"),
        ("near_count", "u8"),  # of them, the first: looked at after each instruction
        ("far", "u8"),  # the others are to be looked at before the next instruction
        ("far_always", "u8"),  # and after each one of this block
        ("general_only", "u8"),  # u1 by cell: its instructions change nothing of the others
        ("first_cell", "u8"),
        ("ranges", "u8"),  # TRACE_RANGE: code that is looked at; none: all
        ("ranges_count", "u8"),
        ("outside", "u8"),  # the loaded vCPU is outside of them
        ("gap", "u8"),  # the last block or instruction was followed by a TRACE_GAP
        ("masks", "u8"),  # of each word the bits that are looked at
        ("shadow", "u8"),  # the words as they were last seen, of the loaded vCPU
        ("fresh", "u8"),  # they have not been seen yet
        ("reads", "u8"),  # i8: registers that the engine's API reads; their words follow those of the spans
        ("reads_count", "u8"),
        ("word", "u8"),  # room for one of them
        ("contexts", "u8"),  # TRACE_SPAN of one word each, looked at when a block begins
        ("contexts_count", "u8"),
        ("context_masks", "u8"),
        ("context_shadow", "u8"),
        ("context_fresh", "u8"),
    ]
)
TRACE_ENTRY: Final = np.dtype(
    [("kind", "u1"), ("vcpu", "u1"), ("size", "u2"), ("count", "u4"), ("a", "u8"), ("b", "u8"), ("c", "u8")]
)
"""By kind: TRACE_BLOCK a block of `count` instructions in `size` bytes begins: pc, retired before it, its cell.
TRACE_INSN an instruction of `size` bytes begins: pc, its number, the block's cell. TRACE_READ, TRACE_WRITE an access of
`size` bytes: address, value. TRACE_REG, TRACE_CONTEXT word `count` has changed: from, to; of TRACE_CONTEXT, retired
before the block that begins with it. TRACE_GAP: from here on nothing is noted: pc, retired before it. Where blocks are
noted, what their instructions do names them: TRACE_REG in `size`, TRACE_READ and TRACE_WRITE in `count` how many of the
block are before it, and its pc."""
TRACE_INSN, TRACE_REG, TRACE_READ, TRACE_WRITE, TRACE_CONTEXT, TRACE_BLOCK, TRACE_GAP = 0, 1, 2, 3, 8, 10, 11
TRACE_CODE: Final = np.dtype([("cell", "u8"), ("pc", "u8"), ("size", "u4"), ("count", "u4")])
TRACE_SPAN: Final = np.dtype([("host", "u8"), ("count", "u8"), ("first", "u8")])
"""`count` words at a host address; the first is number `first`."""
TRACE_RANGE: Final = np.dtype([("low", "u8"), ("end", "u8")])
CODE_PAGE: Final = np.dtype([("address", "u8"), ("host", "u8"), ("knows", "u8")])
CODE_PAGE_SIZE: Final = 4096
CODE_PAGES: Final = 4096
"""With more, all translated code is forgotten and they are found anew."""
CODE_PLACES: Final = 4 * CODE_PAGES
CODE_SAME, CODE_CHANGED, CODE_EMPTY = 0, 1, 2
"""What a row knows of its page: its copy is of the page, or is not, or there is none."""
EXTENSION: Final = np.dtype([("mask", "u8"), ("match", "u8"), ("function", "u8")])
WINDOW: Final = np.dtype([("engine", "u8"), ("index", "u8"), ("base", "u8")])
HOOKS: Final = np.dtype(
    [
        (
            "on_exit",
            "u8",
        ),  # int32 (engine block, value): the guest was left, as the control block says; 0: nobody asks
        ("asks", "u8"),  # HOOK_DRAIN, HOOK_STOP: what a hook wants of Python
        ("line", "u8"),  # of the user's file: where the hook is, or was last
        (
            "again",
            "u8",
        ),  # the instruction at `again_pc` is begun anew, after so many retired: the hooks have seen it
        ("again_pc", "u8"),
        ("again_retired", "u8"),
        ("stop", "u8"),  # number of the stop that was asked for
        ("failed", "u8"),  # 1 + number of the hook that has raised; 0: none
        ("exception", "u8"),  # what it has raised, as numba keeps it
        ("interrupt", "u8"),  # a loop of a hook is to end
    ]
)
"""What a user's hooks (emu.hook), native code and Python tell each other."""
HOOK_DRAIN, HOOK_STOP = 1, 2
WATCHING: Final = np.dtype(
    [
        ("rows", "u8"),  # WATCH_ROW
        ("rows_count", "u8"),
        ("control", "u8"),  # the vCPU that stands before an access near one, and where; 0: none does
        ("pc", "u8"),
        ("retired", "u8"),
        ("open", "u8"),  # it makes that access: what it does is logged
        ("accesses", "u8"),  # WATCH_ACCESS: those of watched ranges, in their order
        ("accesses_count", "u8"),
        ("accesses_size", "u8"),
        ("writes", "u8"),  # WATCH_WRITE: what was in memory
        ("writes_count", "u8"),
        ("writes_size", "u8"),
        (
            "piece_address",
            "u8",
        ),  # a misaligned store that was let through comes again byte by byte: the next one
        ("pieces", "u8"),  # to come
        ("load", "u8"),  # the load that was let through, aligned, and bytes of it to come
        ("load_bytes", "u8"),
        ("walked", "u8"),  # 1 + an address that was read for no load: the MMU has looked at a table there
    ]
)
WATCH_ROW: Final = np.dtype(
    [("lo", "u8"), ("hi", "u8"), ("access", "u8"), ("near_lo", "u8"), ("near_access", "u8")]
)
"""A watched range (hi inclusive), and from where on which accesses have their instruction run by itself."""
WATCH_ACCESS: Final = np.dtype([("access", "u8"), ("address", "u8"), ("width", "u8"), ("pc", "u8")])
WATCH_WRITE: Final = np.dtype([("address", "u8"), ("width", "u8"), ("old", "u8")])
WATCH_PAGES: Final = np.dtype([("engine", "u8"), ("base", "u8"), ("host", "u8")])

UC_MEM_READ_UNMAPPED, UC_MEM_WRITE_UNMAPPED, UC_MEM_FETCH_UNMAPPED = 19, 20, 21
UC_MEM_WRITE_PROT, UC_MEM_READ_PROT, UC_MEM_FETCH_PROT = 22, 23, 24
UC_PROT_READ, UC_PROT_WRITE, UC_PROT_EXEC = 1, 2, 4
UC_MEM_WRITE, UC_MEM_FETCH = 17, 18

BLOCK_COUNT_MASK: Final = 0xFFFF
"""Low bits of a block's `count`; 0 there: counted anew each time (two address spaces disagree)."""
BLOCK_SPECIAL: Final = 1 << 16
"""The block needs more than counting."""
BLOCK_PAUSE: Final = 1 << 17
"""It holds a pause: the vCPU waits for another."""
BLOCK_ADMIT: Final = 1 << 18
"""`admit` is asked before it runs."""
BLOCK_BREAK: Final = 1 << 19
"""It holds a breakpoint."""
BLOCK_STIRS: Final = 1 << 20
"""It ends in an instruction that can make an interrupt pending: `observe` is asked from there on."""
BLOCK_MEND: Final = 21
"""The bits from this one on: it ends in an instruction that `mend` must put right, which number says how; 0: none."""

UC_CTL_EXITS_WRITE: Final = 6 | 2 << 26 | 1 << 30
UC_CTL_REMOVE_CACHE_WRITE: Final = 9 | 2 << 26 | 1 << 30


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
    """What the engine needs of an ISA plug-in.

    `callbacks` is a module of numba ``CFunc``s, compiled by `isa.objects`, by name. For hooks: on_exception
    (UC_HOOK_INTR: void (uc, number, engine block)), on_invalid (UC_HOOK_INSN_INVALID: bool (uc, engine block)),
    on_fill (UC_HOOK_TLB_FILL: bool (uc, address, type, entry, engine block)). For the engine block: those that it
    names. An ISA that does not need on_invalid, on_fill, halts, inspect, observe, mend, unprivileged, refuse, takes,
    let_through, begin, settle, resume, admit, locate or own_register lacks them; one whose instructions all have the
    longest one's length lacks length.

    calibrate(probe) returns offsets of the ISA's registers in the engine's saved CPU state; view(layout, wide) reads
    and writes such a state by name. wakes(view, state, lines, lines told) says whether a halted CPU goes on;
    regime(view, state) is what decides how addresses are translated, to be compared. `outside` are registers that the
    saved state lacks, by name, with `reveal`: what must hold in the saved state while the API reads or writes them.
    `attached` is state in memory of the engine's own, of which contexts hold an address at most: the register that
    shows it, and (host address of the CPU state in place, bytes of it that contexts hold) -> (host address, bytes) of
    its parts. `counted` are registers that read as the count of retired instructions (name, right shift, the control
    block's word that is added, and its bit of `counters_stopped`), `clocks` those that read as guest time (name, ns of
    a unit, right shift).

    prepare(handle of the engine) comes before everything else, once the CPU model is chosen. extent(layout) says how
    many bytes at the begin of the saved state are the guest's (None: all): pointers of the engine's own may follow.
    flow is a module of three callbacks, `flow`, `stack` and `space` (see the engine block), for those who follow calls.

    identify(view, state, number) makes the state of power-on that of vCPU `number`. `instructions` are hooks of single
    instructions, (the engine's number, callback). windows says how accesses of device windows leave: "gate", both by
    gate and latch; "loads", loads so, stores answered inside the access; "synchronous", both answered inside it. What
    is answered inside is counted as an exit like any other, and never returned by `run`. `reach` is the last
    guest-physical address that a guest can name: above it the plug-in may keep memory of its own in the engine.
    `irrevocable` is how many bytes the longest instruction may already have changed, or loaded over its own address,
    when an access is refused that it makes behind them, so that it cannot be begun again.
    """

    calibrate: Callable[[Any], list[int]]
    view: Callable[[list[int], bool], StateView]
    callbacks: str
    wakes: Callable[[StateView, StateBytes, int, int], bool]
    regime: Callable[[StateView, StateBytes], object]
    outside: tuple[str, ...] = ()
    attached: tuple[str, Callable[[int, int], tuple[tuple[int, int], ...]]] | None = None
    reveal: tuple[tuple[str, int], ...] = ()
    prepare: Callable[[Any], None] | None = None
    identify: Callable[[StateView, bytearray, int], None] | None = None
    extent: Callable[[list[int]], int] | None = None
    instructions: tuple[tuple[int, str], ...] = ()
    windows: Literal["gate", "loads", "synchronous"] = "gate"
    reach: int = (1 << 64) - 1
    irrevocable: int = 0
    counted: tuple[tuple[str, int, str, int], ...] = ()
    flow: str | None = None
    clocks: tuple[tuple[str, int, int], ...] = ()
