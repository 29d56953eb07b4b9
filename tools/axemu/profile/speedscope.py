"""A profile as speedscope opens it: https://www.speedscope.app/file-format-schema.json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from axemu.profile.callgraph import root_names

if TYPE_CHECKING:
    from emu.calls.tree import CallNode, CallTree

_SCHEMA: Final = "https://www.speedscope.app/file-format-schema.json"


def speedscope(tree: CallTree, name: str) -> bytes:
    """One profile for each root. Each way of calls is a sample, whose weight are its instructions."""
    frames: dict[str, int] = {}
    names = root_names(tree)
    profiles = [_profile(root, names[id(root)], frames) for root in tree.roots]
    document = {
        "$schema": _SCHEMA,
        "shared": {"frames": [{"name": each} for each in frames]},
        "profiles": profiles,
        "name": name,
        "activeProfileIndex": max(range(len(profiles)), key=lambda i: tree.roots[i].total, default=0),
        "exporter": "axemu",
    }
    return (json.dumps(document, separators=(",", ":")) + "\n").encode()


def _profile(root: CallNode, name: str, frames: dict[str, int]) -> dict[str, Any]:
    samples: list[list[int]] = []
    weights: list[int] = []
    waiting: list[tuple[CallNode, list[int]]] = [(root, [])]
    while waiting:
        node, above = waiting.pop()
        stack = above
        if node.parent is not None or node.instructions:
            own = name if node.parent is None else node.name
            stack = [*above, frames.setdefault(own, len(frames))]
        if node.instructions:
            samples.append(stack)
            weights.append(node.instructions)
        below = above if node.parent is None else stack
        waiting.extend((each, below) for each in reversed(node.largest_first))
    return {
        "type": "sampled",
        "name": name,
        "unit": "none",
        "startValue": 0,
        "endValue": root.total,
        "samples": samples,
        "weights": weights,
    }
