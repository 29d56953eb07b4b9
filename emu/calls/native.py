"""The calling-context tree and the shadow stacks, for compiled code: what they are made of."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import carray, njit

from emu.calls.records import (
    BUCKETS,
    CALLER,
    CALLS,
    FRAME,
    NODE,
    ROOM,
    STACK,
    STACK_ACTIVE,
    STACK_FREE,
    STACK_PARKED,
    SWITCH,
)
from isa.native import Record, Word, as_u32, as_u64, pointer_cast

U = np.uint64
calls_record: Any = numba.from_dtype(CALLS)
as_calls = pointer_cast(calls_record)
as_callers = pointer_cast(numba.from_dtype(CALLER))
as_nodes = pointer_cast(numba.from_dtype(NODE))
as_frames = pointer_cast(numba.from_dtype(FRAME))
as_stacks = pointer_cast(numba.from_dtype(STACK))
as_switches = pointer_cast(numba.from_dtype(SWITCH))
FRAME_SIZE = U(FRAME.itemsize)
MOST = 1 << 30
MARGIN = U(64)


@njit(forceinline=True)
def node_at(calls: Record, number: Word) -> Word:
    return carray(as_nodes(np.intp(calls.nodes)), MOST)[number]


@njit(forceinline=True)
def frame_at(frames: Word, number: Word) -> Word:
    return carray(as_frames(np.intp(frames)), MOST)[number]


@njit(forceinline=True)
def stack_at(calls: Record, number: Word) -> Word:
    return carray(as_stacks(np.intp(calls.stacks)), MOST)[number]


@njit(forceinline=True)
def frames_of(calls: Record, stack: Word) -> Word:
    """Address of a stack's first frame."""
    return calls.frames + U(stack) * calls.depth * FRAME_SIZE


@njit
def place(parent: Word, function: Word, mask: Word) -> Word:
    """Where the index is to be searched first."""
    mixed = (U(function) ^ U(parent) * U(0x9E3779B97F4A7C15)) * U(0xD6E8FEB86659FD93)
    return mixed >> U(32) & mask


@njit
def enter_index(calls: Record, number: Word, parent: Word, function: Word) -> None:
    index = carray(as_u32(np.intp(calls.index)), MOST)
    i = place(parent, function, calls.index_mask)
    while index[i] != np.uint32(0):
        i = (i + U(1)) & calls.index_mask
    index[i] = np.uint32(number)


@njit
def child(calls: Record, parent: Word, function: Word) -> Word:
    """The node of `function` below a node; where there is no room for another, that node itself."""
    above = node_at(calls, parent)
    last = U(above.last)
    if last != U(0) and node_at(calls, last).function == function:
        return last
    index = carray(as_u32(np.intp(calls.index)), MOST)
    i = place(parent, function, calls.index_mask)
    while index[i] != np.uint32(0):
        number = U(index[i])
        found = node_at(calls, number)
        if found.function == function and U(found.parent) == parent:
            above.last = np.uint32(number)
            return number
        i = (i + U(1)) & calls.index_mask
    number = calls.nodes_used
    if number == calls.nodes_size:
        return U(parent)
    made = node_at(calls, number)
    made.function, made.parent = U(function), np.uint32(parent)
    made.instructions, made.calls, made.last = U(0), U(0), np.uint32(0)
    index[i] = np.uint32(number)
    above.last = np.uint32(number)
    calls.nodes_used = number + U(1)
    return number


@njit
def full(calls: Record) -> Word:
    """Whether Python is to make room, or to look."""
    return (
        calls.turned != U(0)
        or calls.nodes_used + MARGIN >= calls.nodes_size
        or (calls.switches != U(0) and calls.switches_head + MARGIN >= calls.switches_size)
    )


@njit
def charge(calls: Record, caller: Record, retired: Word) -> None:
    """What the vCPU has executed since was of its node."""
    node_at(calls, caller.node).instructions += retired - caller.since
    caller.since = retired


@njit
def note_switch(calls: Record, caller: Record) -> None:
    head = calls.switches_head
    if head < calls.switches_size:
        row = carray(as_switches(np.intp(calls.switches)), MOST)[head]
        row.retired, row.node, row.vcpu = caller.since, np.uint32(caller.node), np.uint32(caller.vcpu)
        calls.switches_head = head + U(1)


@njit
def push(calls: Record, caller: Record, kind: Word, back: Word, stack: Word) -> Word:
    """A frame, of what goes back to the node that the vCPU is in. False where there is no room."""
    depth = caller.depth
    room = U(ROOM) if kind == 0 else U(0)
    if depth + room >= calls.depth:
        calls.lost += U(1)
        return False
    frame = frame_at(caller.frames, depth)
    frame.back, frame.stack = U(back), U(stack)
    frame.node, frame.kind = np.uint32(caller.node), np.uint32(kind)
    caller.depth = depth + U(1)
    return True


@njit
def pop_to(caller: Record, depth: Word) -> None:
    """All frames from number `depth` on are left."""
    caller.node = U(frame_at(caller.frames, depth).node)
    caller.depth = U(depth)


@njit
def bucket(key: Word) -> Word:
    return (U(key) * U(0x9E3779B97F4A7C15)) >> U(32) & U(BUCKETS - 1)


@njit
def unlink(calls: Record, number: Word) -> None:
    """A parked stack is not parked any more."""
    stack = stack_at(calls, number)
    buckets = carray(as_u32(np.intp(calls.buckets)), BUCKETS)
    i = bucket(stack.key)
    wanted = np.uint32(number + U(1))
    if buckets[i] == wanted:
        buckets[i] = stack.next
    else:
        before = stack_at(calls, U(buckets[i]) - U(1))
        while before.next != wanted:
            before = stack_at(calls, U(before.next) - U(1))
        before.next = stack.next
    stack.state = np.uint32(STACK_FREE)


@njit
def park(calls: Record, caller: Record) -> None:
    """The vCPU leaves its stack, to be found again by its top frame."""
    stack = stack_at(calls, caller.stack)
    stack.state = np.uint32(STACK_FREE)
    if caller.depth == U(0):
        return
    stack.key = frame_at(caller.frames, caller.depth - U(1)).stack
    stack.depth, stack.node = np.uint32(caller.depth), np.uint32(caller.node)
    stack.state = np.uint32(STACK_PARKED)
    buckets = carray(as_u32(np.intp(calls.buckets)), BUCKETS)
    i = bucket(stack.key)
    stack.next = buckets[i]
    buckets[i] = np.uint32(caller.stack + U(1))


@njit
def parked(calls: Record, stack: Word, to: Word, slack: Word, kind: Word) -> Word:
    """The number, and 1, of the parked stack whose top frame, of that kind, goes back to `to` with this stack pointer;
    0: none does. Up to `slack` bytes may lie between on either side."""
    number = U(carray(as_u32(np.intp(calls.buckets)), BUCKETS)[bucket(stack)])
    while number != U(0):
        one = stack_at(calls, number - U(1))
        if one.key == stack:
            frame = frame_at(frames_of(calls, number - U(1)), U(one.depth) - U(1))
            if frame.kind == np.uint32(kind) and to + slack - frame.back <= U(2) * slack:
                return number
        number = U(one.next)
    return U(0)


@njit
def use(calls: Record, caller: Record, number: Word) -> None:
    """The vCPU is on this stack from here on."""
    calls.turned = calls.turns
    caller.stack, caller.frames = U(number), frames_of(calls, number)
    stack_at(calls, number).state = np.uint32(STACK_ACTIVE)


@njit
def following(calls: Record, number: Word) -> Word:
    """The stack after that of a number, in a circle."""
    return number + U(1) if number + U(1) < calls.stacks_count else U(0)


@njit
def begin_stack(calls: Record, caller: Record) -> None:
    """The vCPU leaves its stack for one that nothing is known of; the oldest one goes."""
    park(calls, caller)
    number = calls.stacks_next
    while stack_at(calls, number).state == np.uint32(STACK_ACTIVE):
        number = following(calls, number)
    if stack_at(calls, number).state == np.uint32(STACK_PARKED):
        unlink(calls, number)
    calls.stacks_next = following(calls, number)
    use(calls, caller, number)
    caller.depth = U(0)


@njit
def resume_stack(calls: Record, caller: Record, number: Word) -> None:
    """The vCPU leaves its stack for a parked one, and goes back from its top frame."""
    park(calls, caller)
    unlink(calls, number)
    use(calls, caller, number)
    pop_to(caller, U(stack_at(calls, number).depth) - U(1))


@njit
def is_entry(calls: Record, address: Word) -> Word:
    """Whether a function is known to begin there."""
    rows = carray(as_u64(np.intp(calls.entries)), MOST)
    low, high = U(0), calls.entries_count
    while low < high:
        middle = (low + high) >> U(1)
        if rows[middle] < address:
            low = middle + U(1)
        else:
            high = middle
    return low < calls.entries_count and rows[low] == address
