"""Following calls: what happens as a block begins, by how the block before it ended.

Each vCPU has a shadow stack of frames and is in a node of the tree. Its instructions are added up when it leaves the
node: between two changes nothing has to be done, and a block that ends in no call and no return costs what it costs to
be counted. So the sums of all nodes are the retired instructions, whatever is believed of calls.

**Returns** are matched by the return address and the stack pointer. One that no frame of the stack waits for is either
that of another thread, whose stack was parked when it was left and is found by the same two; or one beyond frames that
were left otherwise (longjmp), which the stack pointer tells; or it leads on in the same place, as a jump does.

**Traps** push a frame too. What returns from a trap to somewhere else has switched threads.

**Jumps** to where a function begins are tail calls: the function takes the other's place.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from emu.calls.native import (
    U,
    as_callers,
    as_calls,
    begin_stack,
    charge,
    child,
    frame_at,
    full,
    is_entry,
    node_at,
    note_switch,
    parked,
    pop_to,
    push,
    resume_stack,
)
from emu.calls.native import enter_index as put_in_index
from emu.calls.records import FRAME_CALL, FRAME_TRAP, ROOM
from emu.engine.trace_hooks import begin
from isa.native import (
    Record,
    Word,
    address_of,
    as_cells,
    as_control,
    as_engine,
    as_u64,
    call_code,
    call_flow,
    call_odd_block,
    call_place,
    cell_record,
    code_at,
)
from isa.records import (
    CELL_MARKS,
    CELL_MOST,
    FLOW_CALL,
    FLOW_DELAYED,
    FLOW_NONE,
    FLOW_RETURN,
    FLOW_TRAP,
    MARK_ENTRY,
)

NEAR = U(16)
"""Bytes between an instruction that trapped and where its trap returns to."""
INSIDE = U(2048)
"""Bytes of stack within which a return that nothing waits for is believed to be of the same function."""
SAME = U(256)
"""Bytes by which a return may move the stack pointer, arguments and all, and a trap with what it pushes."""
PLACE = 0xFFFFFFFFFFFF
KINDS = 7


@njit
def ending(engine: Record, address: Word, size: Word) -> Word:
    """How a block goes on: FLOW_*."""
    at = code_at(engine, np.int64(address), np.int64(size))
    if at == 0:
        return np.int64(FLOW_NONE)
    last, end = np.int64(0), np.int64(size)
    if engine.length == U(0):
        last = end - np.int64(engine.code_size)
    else:
        after = last
        while after < end:
            last = after
            after += call_code(np.intp(engine.length), at + last, np.intp(engine.address))
    return np.int64(call_flow(np.intp(engine.flow), at + last, last, np.intp(engine.address)))


@cfunc(types.int32(types.intp, types.uint64, types.uint32, types.intp))
def marks(user: Word, address: Word, size: Word, cell: Word) -> Word:
    """The marks of a block, for the key of its cell."""
    engine = carray(as_engine(user), 1)[0]
    calls = carray(as_calls(np.intp(engine.calls)), 1)[0]
    found = ending(engine, address, size)
    if is_entry(calls, address):
        found |= np.int64(MARK_ENTRY)
    return np.int32(found)


@njit
def stack_pointer(engine: Record, control: Record) -> Word:
    """That of what the block before has led to, be it a block or a trap."""
    if control.trapped == U(2):
        return control.trapped_stack
    return call_place(np.intp(engine.stack), np.intp(engine.address))


@njit
def root(engine: Record, control: Record, calls: Record) -> Word:
    space = control.trapped_space
    if control.trapped != U(2):
        space = call_place(np.intp(engine.space), np.intp(engine.address))
    return child(calls, U(0), space)


@njit
def take_place(calls: Record, caller: Record, function: Word) -> None:
    """What was jumped to takes the place of what jumped."""
    parent = U(node_at(calls, caller.node).parent)
    caller.node = child(calls, parent if parent != U(0) else caller.node, function)


@njit
def outermost(caller: Record) -> Word:
    """Number of the first frame since the last trap; there is one."""
    i = caller.depth - U(1)
    while i > U(0) and frame_at(caller.frames, i - U(1)).kind == np.uint32(FRAME_CALL):
        i -= U(1)
    return i


@njit
def come_back(engine: Record, control: Record, calls: Record, caller: Record, to: Word, slack: Word) -> None:
    """A return has led to `to`, or up to `slack` bytes before it."""
    stack = stack_pointer(engine, control)
    i = caller.depth
    while i > U(0):
        i -= U(1)
        frame = frame_at(caller.frames, i)
        call = frame.kind == np.uint32(FRAME_CALL)
        if call and frame.stack > stack + calls.pushed:
            break
        same = not call or stack + calls.pushed - frame.stack <= SAME
        if same and to - frame.back <= slack and (call or i + U(1) == caller.depth):
            pop_to(caller, i)
            return
        if not call:
            break
    if caller.depth == U(0):
        caller.node = child(calls, root(engine, control, calls), to)
        return
    top = frame_at(caller.frames, caller.depth - U(1))
    if top.kind == np.uint32(FRAME_TRAP):
        if to + NEAR - top.back <= NEAR + NEAR:  # a trap may be returned from so, too
            pop_to(caller, caller.depth - U(1))
            return
    elif stack < top.stack and caller.depth + U(ROOM) >= calls.depth:
        return  # of a call that there was no room for
    number = parked(calls, stack, to, U(0), FRAME_CALL)
    if number != U(0):
        resume_stack(calls, caller, number - U(1))
    elif top.kind == np.uint32(FRAME_TRAP) or (stack < top.stack and top.stack - stack <= INSIDE):
        take_place(calls, caller, to)
    elif stack >= top.stack and stack <= frame_at(caller.frames, outermost(caller)).stack:
        i = caller.depth - U(1)
        while i > U(0):
            frame = frame_at(caller.frames, i - U(1))
            if frame.kind == np.uint32(FRAME_TRAP) or frame.stack > stack:
                break
            i -= U(1)
        pop_to(caller, i)
    else:
        begin_stack(calls, caller)
        caller.node = child(calls, root(engine, control, calls), to)


@njit
def come_back_from_trap(engine: Record, control: Record, calls: Record, caller: Record, to: Word) -> None:
    """A return from a trap has led to `to`."""
    stack = stack_pointer(engine, control)
    i = caller.depth
    while i > U(0) and frame_at(caller.frames, i - U(1)).kind != np.uint32(FRAME_TRAP):
        i -= U(1)
    if i == U(0):  # there was none: a way to another privilege
        come_back(engine, control, calls, caller, to, U(0))
        return
    frame = frame_at(caller.frames, i - U(1))
    near = to + NEAR - frame.back <= NEAR + NEAR
    if near and frame.stack == stack:
        pop_to(caller, i - U(1))
        return
    number = parked(calls, stack, to, NEAR, FRAME_TRAP)
    if number != U(0):
        caller.depth = i
        resume_stack(calls, caller, number - U(1))
    elif near or frame.stack + SAME - stack <= SAME + SAME:
        pop_to(caller, i - U(1))
    else:
        caller.depth = i
        begin_stack(calls, caller)
        caller.node = child(calls, root(engine, control, calls), to)


@njit
def go(
    engine: Record, control: Record, calls: Record, caller: Record, flow: Word, to: Word, slack: Word
) -> None:
    """The block before has ended with this, and led to `to`, or up to `slack` bytes before it."""
    after = control.counted_pc + control.counted_size
    if to == after:
        return
    if flow == U(FLOW_CALL) or flow == U(FLOW_TRAP):
        stack = stack_pointer(engine, control)
        call = flow == U(FLOW_CALL)
        kind = FRAME_CALL if call else FRAME_TRAP
        if push(calls, caller, kind, after, stack + calls.pushed if call else stack):
            caller.node = child(calls, caller.node, to)
            node_at(calls, caller.node).calls += U(1)
    elif flow == U(FLOW_RETURN):
        come_back(engine, control, calls, caller, to, slack)
    else:
        come_back_from_trap(engine, control, calls, caller, to)


@njit
def follow(
    engine: Record, control: Record, calls: Record, cell: Word, address: Word, before: Word, mark: Word
) -> None:
    """A block begins. `before` instructions were retired before it."""
    caller = carray(as_callers(np.intp(control.caller)), 1)[0]
    flow, trapped = control.flow, control.trapped
    control.flow = mark & U(15)
    if np.int64(before - control.counted_retired) < 0:
        flow = U(FLOW_NONE)  # what ends it was not executed
    elif flow & U(FLOW_DELAYED) != U(0):
        flow &= U(KINDS)
        if trapped == U(0) and address == control.counted_pc + control.counted_size:
            control.flow = flow
            return
    entry = mark & U(MARK_ENTRY) != U(0)
    idle = flow | trapped | caller.fresh == U(0)
    if idle and (not entry or node_at(calls, caller.node).function == address):
        return
    slack = NEAR if before != control.counted_retired else U(0)  # something was executed without a block
    charge(calls, caller, before)
    was = caller.node
    if caller.fresh != U(0):
        caller.fresh = control.trapped = U(0)
        caller.depth = U(0)
        caller.node = child(calls, root(engine, control, calls), address)
        node_at(calls, caller.node).calls += U(1)
    elif trapped != U(0):
        if flow != U(FLOW_NONE):
            go(engine, control, calls, caller, flow, control.trapped_pc, slack)
        if address != control.trapped_pc:
            stack = stack_pointer(engine, control)
            if push(calls, caller, FRAME_TRAP, control.trapped_pc, stack):
                caller.node = child(calls, caller.node, address)
                node_at(calls, caller.node).calls += U(1)
        control.trapped = U(0)
    elif flow != U(FLOW_NONE):
        go(engine, control, calls, caller, flow, address, slack)
        if flow == U(FLOW_CALL) and address != control.counted_pc + control.counted_size:
            learn(cell, address)
    elif node_at(calls, caller.node).function != address:
        take_place(calls, caller, address)
        node_at(calls, caller.node).calls += U(1)
    if calls.switches != U(0) and caller.node != was:
        note_switch(calls, caller)
    if full(calls):
        engine.calls_full = control.attention = U(1)


@njit
def learn(cell: Word, address: Word) -> None:
    """A function begins here: what jumps to it makes a tail call."""
    one = carray(as_cells(cell), 1)[0]
    if one.key != U(0) and one.key & U(0xFFFFFFFF) == address & U(0xFFFFFFFF):
        one.key |= U(MARK_ENTRY) << U(CELL_MARKS)


@cfunc(types.int32(types.intp, types.uint64, types.uint32, types.intp))
def landed(user: Word, address: Word, size: Word, cell: Word) -> Word:
    """A block has begun, and been charged, that `on_block_called` did not know."""
    engine = carray(as_engine(user), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if control.caller == U(0):
        return 0
    calls = carray(as_calls(np.intp(engine.calls)), 1)[0]
    key = carray(as_cells(cell), 1)[0].key
    if key != U(0) and key & U(PLACE) == (address & U(0xFFFFFFFF)) | U(size) << U(32):
        mark = key >> U(CELL_MARKS)
    else:
        mark = U(ending(engine, address, size))
        if is_entry(calls, address):
            mark |= U(MARK_ENTRY)
    follow(engine, control, calls, cell, address, control.retired - control.block_count, mark)
    return 0


@cfunc(types.int32(types.intp, types.uint64, types.uint32, types.intp))
def called(user: Word, address: Word, size: Word, cell: Word) -> Word:
    """A block that `on_block_called` leaves to others: after a call or a return, or one that needs more than that."""
    engine = carray(as_engine(user), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    key = carray(as_cells(cell), 1)[0].key
    count = key >> U(48) & U(CELL_MOST)
    before = control.retired
    retired = before + count
    plain = key & U(PLACE) == (address & U(0xFFFFFFFF)) | U(size) << U(32)
    steady = (control.attention | control.kick) == U(0) and before == control.counted_retired
    if not (plain and steady and retired <= control.limit and control.caller != U(0)):
        return call_odd_block(np.intp(engine.odd_block), user, address, size, cell)
    calls = carray(as_calls(np.intp(engine.calls)), 1)[0]
    follow(engine, control, calls, cell, address, before, key >> U(CELL_MARKS))
    control.retired = retired
    control.block_pc = control.counted_pc = address
    control.block_size = control.counted_size = U(size)
    control.block_count = control.counted_count = count
    control.counted_retired = retired
    carray(as_u64(np.intp((U(cell) >> U(1)) + engine.runs_offset)), 1)[0] += U(1)
    return 0


@cfunc(
    types.void(types.intp, types.uint64, types.uint32, types.CPointer(cell_record)),
    forceinline=True,
)
def on_block_called(uc: Word, address: Word, size: Word, user: Record) -> None:
    """UC_HOOK_BLOCK: what `on_block_counted` does, and leave what follows a call or a return to `called`."""
    cell = carray(user, 1)[0]
    engine = carray(as_engine(np.intp(cell.engine)), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    key = cell.key
    count = key >> U(48) & U(CELL_MOST)
    before = control.retired
    retired = before + count
    plain = key & U(PLACE) == (address & U(0xFFFFFFFF)) | U(size) << U(32)
    odd = control.attention | control.kick | control.flow | control.trapped | key >> U(63)
    if plain and odd == U(0) and before == control.counted_retired and retired <= control.limit:
        control.flow = key >> U(CELL_MARKS)
        control.retired = retired
        control.block_pc = address
        control.block_size = U(size)
        control.block_count = count
        control.counted_pc = address
        control.counted_size = U(size)
        control.counted_count = count
        control.counted_retired = retired
        carray(as_u64(np.intp((U(address_of(user)) >> U(1)) + engine.runs_offset)), 1)[0] += U(1)
    else:
        call_odd_block(np.intp(engine.called), np.intp(engine.address), address, size, address_of(user))


@cfunc(
    types.void(types.intp, types.uint64, types.uint32, types.CPointer(cell_record)),
    forceinline=True,
)
def on_block_called_traced(uc: Word, address: Word, size: Word, user: Record) -> None:
    """UC_HOOK_BLOCK: what `on_block_called` does, and note the block."""
    cell = carray(user, 1)[0]
    engine = carray(as_engine(np.intp(cell.engine)), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    before = control.retired
    call_odd_block(np.intp(engine.called), np.intp(engine.address), address, size, address_of(user))
    if control.retired != before:
        begin(engine, control, uc, address, size, control.block_count, before, address_of(user), False)


@cfunc(types.int32(types.intp))
def enter_index(address: Word) -> Word:
    """Put all nodes into an index that is empty."""
    calls = carray(as_calls(address), 1)[0]
    for number in range(1, np.int64(calls.nodes_used)):
        node = node_at(calls, number)
        put_in_index(calls, U(number), U(node.parent), node.function)
    return 0
