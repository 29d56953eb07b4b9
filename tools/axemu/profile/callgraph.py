"""Functions with what they call: inclusive counts, the tree as text, one function's callers and callees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from axemu.profile.texts import share

if TYPE_CHECKING:
    from emu.calls.tree import CallNode, CallTree, Function

RootNames = dict[int, str]
"""Of the roots, by `id`."""


@dataclass(slots=True)
class Edge:
    """Calls of one function by another. `total`: what they took, those inside one another once."""

    calls: int = 0
    total: int = 0


@dataclass(slots=True)
class CalledFunction:
    """`own` instructions, and `total` with all that it called: recursive calls count once."""

    name: str
    own: int = 0
    total: int = 0
    calls: int = 0
    callers: dict[Function | None, Edge] = field(default_factory=dict)
    callees: dict[Function | None, Edge] = field(default_factory=dict)


def by_function(tree: CallTree) -> dict[Function | None, CalledFunction]:
    """None is where execution began, or nothing is known."""
    found: dict[Function | None, CalledFunction] = {}
    above: Counter[object] = Counter()  # functions, and pairs of them, on the way to where the walk is
    waiting: list[tuple[CallNode, bool]] = [(root, True) for root in reversed(tree.roots)]
    while waiting:
        node, down = waiting.pop()
        pair = (node.parent.function if node.parent is not None else None, node.function)
        if not down:
            above.subtract((node.function, pair))
            continue
        one = found.setdefault(node.function, CalledFunction(node.name))
        one.own += node.instructions
        one.calls += node.calls
        one.total += 0 if above[node.function] else node.total
        if node.parent is not None:
            once = 0 if above[pair] else node.total
            for edges, other in ((one.callers, pair[0]), (found[pair[0]].callees, node.function)):
                edge = edges.setdefault(other, Edge())
                edge.calls += node.calls
                edge.total += once
        above.update((node.function, pair))
        waiting.append((node, False))
        waiting.extend((each, True) for each in reversed(node.children.values()))
    return found


def root_names(tree: CallTree) -> RootNames:
    """Where there are several, what each of the roots is."""
    names, processes = {}, 0
    for root in tree.roots:
        if root.space is None:
            names[id(root)] = "(unknown)"
        elif root.space == 0:
            names[id(root)] = "kernel" if any(each.space for each in tree.roots) else "guest"
        else:
            processes += 1
            address = root.space & ~1
            name = root.program or f"process {processes}"
            names[id(root)] = name + (f" ({address:#x})" if address else "")
    return names


def function_table(tree: CallTree, limit: int) -> Iterator[str]:
    """Those that took most with what they called."""
    total, found = tree.total, by_function(tree)
    rows = sorted(
        (each for function, each in found.items() if function is not None),
        key=lambda each: (-each.total, -each.own, each.name),
    )
    yield f"{'inclusive':>16} {'share':>8} {'self':>16} {'share':>8} {'calls':>13}  function"
    for each in rows[:limit]:
        yield (
            f"{each.total:>16,} {share(each.total, total):>8} {each.own:>16,} {share(each.own, total):>8} "
            f"{each.calls:>13,}  {each.name}"
        )
    if len(rows) > limit:
        yield f"{'':>16} {len(rows) - limit:,} more functions (--top shows more)"


def tree_table(tree: CallTree, limit: int) -> Iterator[str]:
    """The `limit` nodes that took most, as a tree: each comes after its callers."""
    total, names = tree.total, root_names(tree)
    nodes = [node for node in tree if node.parent is not None or len(tree.roots) > 1]
    shown = {id(node) for node in sorted(nodes, key=lambda node: -node.total)[:limit]}
    yield f"{'inclusive':>16} {'share':>8} {'self':>16} {'calls':>13}  call tree"
    waiting = [(root, 0) for root in reversed(tree.roots)]
    while waiting:
        node, depth = waiting.pop()
        if id(node) in shown:
            name = node.name if node.parent is not None else f"[{names[id(node)]}]"
            yield (
                f"{node.total:>16,} {share(node.total, total):>8} {node.instructions:>16,} "
                f"{node.calls or '-':>13{',' if node.calls else ''}}  {'  ' * depth}{name}"
            )
            depth += 1
        waiting.extend((each, depth) for each in reversed(node.largest_first))
    if len(nodes) > limit:
        yield f"{'':>16} {len(nodes) - len(shown):,} smaller nodes (--top shows more)"


def callers_and_callees(tree: CallTree, function: Function) -> Iterator[str]:
    """What calls a function, and what it calls, with calls and instructions."""
    found = by_function(tree)
    one, total = found.get(function), tree.total
    if one is None:
        yield "It was never executed."
        return
    yield (
        f"{one.name}: {one.total:,} instructions with what it calls ({share(one.total, total)}), "
        f"{one.own:,} of its own, {one.calls:,} calls"
    )
    for what, edges in (("called by", one.callers), ("calls", one.callees)):
        rows = sorted(edges.items(), key=lambda row: (-row[1].total, -row[1].calls, found[row[0]].name))
        yield from _edges(what, [(found[other], edge) for other, edge in rows], one.total)


def _edges(what: str, rows: Sequence[tuple[CalledFunction, Edge]], total: int) -> Iterator[str]:
    yield ""
    yield f"{'calls':>13} {'inclusive':>16} {'share':>8}  {what}"
    for other, edge in rows:
        yield f"{edge.calls:>13,} {edge.total:>16,} {share(edge.total, total):>8}  {other.name}"
    if not rows:
        yield f"{'-':>13}"


def as_json(tree: CallTree) -> dict[str, Any]:
    """What docs/profile.md describes."""
    names, numbers = root_names(tree), {}
    nodes = []
    for number, node in enumerate(tree):
        numbers[id(node)] = number
        root = node.parent is None
        nodes.append(
            {
                "parent": None if node.parent is None else numbers[id(node.parent)],
                "name": names[id(node)] if root else node.name,
                "address": None if root else f"{node.address:#x}",
                "instructions": node.instructions,
                "total": node.total,
                "calls": node.calls,
            }
        )
    return {"nodes": nodes, "lost": tree.lost}
