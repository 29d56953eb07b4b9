"""Collapsed stacks, as flame graph programs read them: a line `a;b;c N` for each way of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axemu.profile.callgraph import root_names

if TYPE_CHECKING:
    from emu.calls.tree import CallTree


def collapsed(tree: CallTree) -> bytes:
    """Sorted. A `;` in a name becomes a `,`; a line break a blank."""
    names = root_names(tree)
    several = len(tree.roots) > 1
    paths: dict[int, str] = {}
    lines: dict[str, int] = {}
    for node in tree:
        if node.parent is None:
            path = names[id(node)] if several or node.instructions else ""
            prefix = names[id(node)] if several else ""
        else:
            name = " ".join(node.name.replace(";", ",").split())
            above = paths[id(node.parent)]
            path = prefix = f"{above};{name}" if above else name
        paths[id(node)] = prefix
        if node.instructions:
            lines[path] = lines.get(path, 0) + node.instructions
    return "".join(f"{path} {count}\n" for path, count in sorted(lines.items())).encode()
