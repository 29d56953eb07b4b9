"""The memory of followed calls: a tree that outlives engines, and a shadow stack for each vCPU and waiting thread."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

import numpy as np

from emu.calls.records import BUCKETS, CALLER, CALLS, DEPTH, FRAME, NODE, STACK, STACK_ACTIVE, SWITCH
from isa import objects
from isa.contract import Isa
from isa.register import Role

Rows: TypeAlias = np.ndarray[Any, Any]
NODES: Final = 1 << 14
"""Nodes that there is room for at first."""
STACKS: Final = 1024
SWITCHES: Final = 1 << 16


class CallTables:
    """What native code writes. `entries` are addresses that functions begin at: what jumps there makes a tail call, as
    it does where something was called before. `switches` hears, in bulk and in order, when a vCPU came to a node: rows
    of SWITCH. `turned` is called when the current vCPU has come to another thread, before `switches` hears of it.
    """

    def __init__(
        self,
        isa: Isa,
        vcpus: int,
        entries: Iterable[int] = (),
        switches: Callable[[Rows], None] | None = None,
        turned: Callable[[], None] | None = None,
    ) -> None:
        self._functions: Final = objects.functions("emu.calls.hooks")
        assert isa.native is not None
        self._record = np.zeros(1, CALLS)
        self._entries = np.array(sorted(set(entries)), np.uint64)
        self._stacks, self._buckets = np.zeros(STACKS, STACK), np.zeros(BUCKETS, np.uint32)
        self._frames = np.zeros(STACKS * DEPTH, FRAME)
        self._callers = np.zeros(vcpus, CALLER)
        self._listener, self._turned = switches, turned
        self._switches = np.zeros(SWITCHES if switches is not None else 0, SWITCH)
        self.address: Final = int(self._record.ctypes.data)
        self._put(
            entries=self._entries.ctypes.data,
            entries_count=len(self._entries),
            stacks=self._stacks.ctypes.data,
            stacks_count=STACKS,
            stacks_next=vcpus,
            buckets=self._buckets.ctypes.data,
            frames=self._frames.ctypes.data,
            depth=DEPTH,
            pushed=0 if isa.of_role(Role.RA) else isa.bits // 8,
            switches=self._switches.ctypes.data if len(self._switches) else 0,
            switches_size=len(self._switches),
            turns=int(turned is not None),
        )
        for number, caller in enumerate(self._callers):
            self._stacks[number]["state"] = STACK_ACTIVE
            caller["stack"] = caller["vcpu"] = number
            caller["frames"] = self._frames.ctypes.data + number * DEPTH * FRAME.itemsize
        self._nodes = np.zeros(1, NODE)
        self._put(nodes_used=1)
        self._grow(NODES)

    def _put(self, **words: int) -> None:
        for name, value in words.items():
            self._record[0][name] = value

    def _grow(self, size: int) -> None:
        nodes = np.zeros(size, NODE)
        nodes[: len(self._nodes)] = self._nodes
        self._nodes, self._index = nodes, np.zeros(2 * size, np.uint32)
        self._put(
            nodes=nodes.ctypes.data,
            nodes_size=size,
            index=self._index.ctypes.data,
            index_mask=2 * size - 1,
        )
        ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_size_t)(self._functions["enter_index"])(self.address)

    def functions(self, flow: str) -> dict[str, int]:
        """Fields of the engine block. `flow` is the ISA's module of that name."""
        found = {name: self._functions[name] for name in ("called", "landed", "marks")}
        return {**found, **objects.functions(flow), "calls": self.address}

    def block_hook(self, *, traced: bool) -> int:
        """`traced`: one that notes each block, too."""
        return self._functions["on_block_called_traced" if traced else "on_block_called"]

    def drain(self) -> None:
        """Make room, and hand on what has gathered."""
        if int(self._record[0]["turned"]):
            self._put(turned=0)
            if self._turned is not None:
                self._turned()
        head = int(self._record[0]["switches_head"])
        if head and self._listener is not None:
            self._listener(self._switches[:head].copy())
        self._put(switches_head=0)
        if 4 * int(self._record[0]["nodes_used"]) > 3 * len(self._nodes):
            self._grow(2 * len(self._nodes))

    def caller(self, vcpu: int) -> int:
        """Address of the vCPU's record."""
        return int(self._callers.ctypes.data) + vcpu * CALLER.itemsize

    def charge(self, vcpu: int, retired: int) -> None:
        """What the vCPU has executed since was of the node that it is in."""
        caller = self._callers[vcpu]
        self._nodes[int(caller["node"])]["instructions"] += np.uint64(retired - int(caller["since"]))
        caller["since"] = retired

    def stand(self, vcpu: int, retired: int) -> None:
        """Nothing is known of where the vCPU stands, and this is its count there."""
        caller = self._callers[vcpu]
        caller["since"], caller["fresh"], caller["node"], caller["depth"] = retired, 1, 0, 0

    @property
    def nodes(self) -> Rows:
        """Rows of NODE: parents before their children. Node 0 is where nothing was known yet."""
        return self._nodes[: int(self._record[0]["nodes_used"])]

    @property
    def lost(self) -> int:
        """Calls that were too deep to be told apart."""
        return int(self._record[0]["lost"])
