"""A flame graph: SVG, or a page around it, that needs nothing else. A click zooms, a word is searched for.

Each function is a bar over the one that called it, as wide as what it took with all that it called. Bars are drawn where
they are; the script in it only moves them, so the picture is whole where scripts do not run.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from axemu.profile.callgraph import root_names
from axemu.profile.texts import share

if TYPE_CHECKING:
    from emu.calls.tree import CallNode, CallTree

WIDTH, EDGE, BAR, LETTER = 1200, 10, 18, 6.7
_HEAD, _FOOT = 52, 30
_FINEST: Final = 20_000  # bars side by side; narrower ones are left out
_COLOURS: Final = 8


def flamegraph(tree: CallTree, title: str, *, page: bool) -> bytes:
    """`page`: as HTML."""
    shown, deepest, hidden = _bars(tree)
    height = _HEAD + (deepest + 1) * BAR + _FOOT
    total = max(tree.total, 1)
    scale = (WIDTH - 2 * EDGE) / total
    note = f"{tree.total:,} instructions"
    if hidden:
        note += f"; {hidden:,} bars are too narrow to be drawn"
    asset = files("axemu.profile") / "assets"
    style = (asset / "flamegraph.css").read_text(encoding="utf-8")
    script = (asset / "flamegraph.js").read_text(encoding="utf-8")
    numbers = {"total": total, "width": WIDTH, "edge": EDGE, "letter": LETTER}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="flamegraph" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}">',
        f"<style>{style}</style>",
        f'<rect class="back" width="{WIDTH}" height="{height}"/>',
        f'<text class="title" x="{WIDTH // 2}" y="24">{_text(title)}</text>',
        f'<text class="reset" x="{EDGE}" y="24">show all</text>',
        f'<text class="search" x="{WIDTH - EDGE}" y="24">search</text>',
        *(_bar(*each, scale, total, height) for each in shown),
        f'<text class="detail" x="{EDGE}" y="{height - 10}">{note}</text>',
        f'<text class="found" x="{WIDTH - EDGE}" y="{height - 10}"/>',
        f"<script>//<![CDATA[\nconst FLAMES = {json.dumps(numbers)};\n{script}//]]></script>",
        "</svg>",
    ]
    picture = "\n".join(lines) + "\n"
    if page:
        picture = (
            f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{_text(title)}</title>\n'
            '<meta name="viewport" content="width=device-width">\n'
            "<style>:root{color-scheme:light dark}body{margin:0}svg{width:100%;height:auto}</style>\n"
            f"{picture}</html>\n"
        )
    return picture.encode()


def is_page(path: Path) -> bool:
    """Whether a file of that name is to be a page."""
    return path.suffix.lower() in (".html", ".htm")


def _bars(tree: CallTree) -> tuple[list[tuple[CallNode, str, int, int]], int, int]:
    """(node, name, first instruction, depth) of all that are wide enough; the greatest depth; how many are not."""
    names, several = root_names(tree), len(tree.roots) > 1
    least = tree.total // _FINEST
    found: list[tuple[CallNode, str, int, int]] = []
    deepest = hidden = 0

    def below(nodes: list[CallNode], start: int, depth: int) -> Iterator[tuple[CallNode, int, int]]:
        for node in nodes:
            yield node, start, depth
            start += node.total

    waiting = list(below(tree.roots, 0, 0))
    while waiting:
        node, start, depth = waiting.pop()
        if node.total <= least and least:
            hidden += 1
            continue
        drawn = node.parent is not None or several or not node.children
        if drawn:
            found.append((node, names.get(id(node), node.name), start, depth))
            deepest = max(deepest, depth)
        children = sorted(node.children.values(), key=lambda each: (each.name, each.address))
        waiting += below(children, start, depth + drawn)
    return sorted(found, key=lambda each: (each[3], each[2])), deepest, hidden


def _bar(node: CallNode, name: str, start: int, depth: int, scale: float, total: int, height: int) -> str:
    x, width = EDGE + start * scale, node.total * scale
    y = height - _FOOT - (depth + 1) * BAR
    room = int((width - 6) / LETTER)
    label = name if len(name) <= room else name[: room - 2] + ".." if room > 3 else ""
    colour = zlib.crc32(name.encode()) % _COLOURS
    detail = (
        f"{name}: {node.total:,} instructions ({share(node.total, total)}), {node.instructions:,} of its own"
        + (f", {node.calls:,} calls" if node.calls else "")
    )
    return (
        f'<g class="bar c{colour}" data-start="{start}" data-size="{node.total}" data-depth="{depth}">'
        f"<title>{_text(detail)}</title>"
        f'<rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{BAR - 1}"/>'
        f'<text x="{x + 3:.2f}" y="{y + 13}">{_text(label)}</text></g>'
    )


def _text(text: str) -> str:
    return escape("".join(each if each.isprintable() else "?" for each in text))
