"""Where panes lie: a tree of splits whose leaves are stacks of panes, one of each stack in view. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from textual.geometry import Region, Size

LEAST_WIDTH, LEAST_HEIGHT = 18, 3


@dataclass(slots=True)
class Stack:
    """Panes one behind the other; `front` is the one in view."""

    panes: list[str]
    weight: float = 1.0
    front: str = ""

    def __post_init__(self) -> None:
        self.front = self.front or self.panes[0]


@dataclass(slots=True)
class Split:
    """Parts side by side, or, where `down`, one below the other."""

    parts: list[Stack | Split]
    down: bool = False
    weight: float = 1.0


Node = Stack | Split


def small() -> Node:
    """Below 76 columns: one above the other."""
    return Split(
        [
            Stack(["code", "source", "memory", "devices"], 1.2),
            Stack(["registers", "stack", "frames", "vcpus", "points"], 1.0),
            Stack(["exits", "console", "output", "timeline"], 0.8),
        ],
        down=True,
    )


def narrow() -> Node:
    """80 columns and up: code beside registers, exits beside nothing."""
    return Split(
        [
            Split(
                [
                    Stack(["code", "source", "memory", "devices"], 1.3),
                    Stack(["registers", "stack", "frames", "vcpus", "points"], 1.0),
                ],
                weight=1.35,
            ),
            Stack(["exits", "console", "output", "timeline"], 1.0),
        ],
        down=True,
    )


def medium() -> Node:
    return Split(
        [
            Split(
                [
                    Stack(["registers", "vcpus", "devices"], 1.0),
                    Split(
                        [Stack(["code", "source"], 1.3), Stack(["stack", "frames", "memory", "points"], 0.9)],
                        True,
                        1.3,
                    ),
                ],
                weight=1.5,
            ),
            Split([Stack(["exits", "timeline"], 1.7), Stack(["console", "output"], 1.0)], weight=1.0),
        ],
        down=True,
    )


def large() -> Node:
    return Split(
        [
            Split(
                [
                    Stack(["registers"], 1.1),
                    Split([Stack(["code"], 1.5), Stack(["source"], 1.0)], True, 1.35),
                    Split(
                        [
                            Stack(["stack"], 1.2),
                            Stack(["frames", "points"], 0.7),
                            Stack(["memory", "vcpus", "devices"], 0.9),
                        ],
                        True,
                        1.2,
                    ),
                ],
                weight=2.0,
            ),
            Split([Stack(["exits"], 1.4), Stack(["console", "output"], 1.0)], weight=1.0),
            Stack(["timeline"], 0.22),
        ],
        down=True,
    )  # fmt: skip


SIZES: Final[Mapping[str, Any]] = {"small": small, "narrow": narrow, "medium": medium, "large": large}


def size_class(width: int, height: int) -> str:
    """Which of SIZES serves a terminal."""
    if width < 76:
        return "small"
    if width < 120 or height < 34:
        return "narrow"
    return "large" if width >= 160 and height >= 44 else "medium"


@dataclass
class Arrangement:
    """A tree with what was hidden and what has all room alone."""

    root: Node
    hidden: set[str] = field(default_factory=set)
    alone: str | None = None

    def stacks(self, node: Node | None = None) -> Iterator[Stack]:
        node = self.root if node is None else node
        if isinstance(node, Stack):
            yield node
        else:
            for part in node.parts:
                yield from self.stacks(part)

    def stack_of(self, pane: str) -> Stack:
        return next(each for each in self.stacks() if pane in each.panes)

    def shown(self, stack: Stack) -> list[str]:
        return [pane for pane in stack.panes if pane not in self.hidden]

    def raise_(self, pane: str) -> None:
        """Bring it to the front of its stack, out of hiding."""
        self.hidden.discard(pane)
        self.stack_of(pane).front = pane
        if self.alone is not None:
            self.alone = pane

    def hide(self, pane: str) -> None:
        stack = self.stack_of(pane)
        self.hidden.add(pane)
        left = self.shown(stack)
        if left and stack.front == pane:
            stack.front = left[0]
        if self.alone == pane:
            self.alone = None

    def turn(self, pane: str, step: int) -> str:
        """The next pane of the same stack comes to the front; its name."""
        stack = self.stack_of(pane)
        names = self.shown(stack) or stack.panes
        at = names.index(pane) if pane in names else 0
        self.raise_(names[(at + step) % len(names)])
        return stack.front

    def grow(self, pane: str, factor: float) -> None:
        """The pane's stack, and every split around it, gets more of its neighbours' room, or less."""
        for node in self._path(self.root, pane)[1:]:
            node.weight = min(max(node.weight * factor, 0.1), 20.0)

    def _path(self, node: Node, pane: str) -> list[Node]:
        if isinstance(node, Stack):
            return [node] if pane in node.panes else []
        for part in node.parts:
            found = self._path(part, pane)
            if found:
                return [node, *found]
        return []

    def regions(self, size: Size) -> dict[str, Region]:
        """Of every pane in view."""
        whole = Region(0, 0, size.width, size.height)
        if self.alone is not None:
            return {self.alone: whole}
        found: dict[str, Region] = {}
        self._place(self.root, whole, found)
        return found

    def _visible(self, node: Node) -> bool:
        if isinstance(node, Stack):
            return bool(self.shown(node))
        return any(self._visible(part) for part in node.parts)

    def _place(self, node: Node, region: Region, found: dict[str, Region]) -> None:
        if isinstance(node, Stack):
            if self.shown(node):
                found[node.front] = region
            return
        parts = [part for part in node.parts if self._visible(part)]
        along = region.height if node.down else region.width
        least = LEAST_HEIGHT if node.down else LEAST_WIDTH
        total = sum(part.weight for part in parts) or 1.0
        at = 0
        for number, part in enumerate(parts):
            rest = parts[number + 1 :]
            wanted = round(along * part.weight / total)
            length = along - at if not rest else max(min(wanted, along - at - least * len(rest)), least)
            cut = (
                Region(region.x, region.y + at, region.width, length)
                if node.down
                else Region(region.x + at, region.y, length, region.height)
            )
            self._place(part, cut, found)
            at += length

    def save(self) -> dict[str, Any]:
        return {
            "hidden": sorted(self.hidden),
            "fronts": [each.front for each in self.stacks()],
            "weights": [each.weight for each in self._all(self.root)],
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """What `save` gave; what does not fit is left out."""
        panes = {pane for stack in self.stacks() for pane in stack.panes}
        self.hidden = {each for each in saved.get("hidden", ()) if each in panes}
        for stack, front in zip(self.stacks(), saved.get("fronts", ()), strict=False):
            if front in stack.panes:
                stack.front = front
        for node, weight in zip(self._all(self.root), saved.get("weights", ()), strict=False):
            if isinstance(weight, int | float) and 0.1 <= weight <= 20:
                node.weight = float(weight)

    def _all(self, node: Node) -> Iterator[Node]:
        yield node
        if isinstance(node, Split):
            for part in node.parts:
                yield from self._all(part)
