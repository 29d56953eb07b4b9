"""The files of followed calls: a flame graph, collapsed stacks, speedscope's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from axemu.errors import UsageError
from axemu.files import check_writable, write_whole

if TYPE_CHECKING:
    from axemu.profile.session import Counted


class Exports:
    """Made from what was counted, written when the run has been reported."""

    def __init__(self, flamegraph: Path | None, collapsed: Path | None, speedscope: Path | None) -> None:
        files = (
            (flamegraph, "the flame graph"),
            (collapsed, "the stacks"),
            (speedscope, "the profile"),
        )
        self._flamegraph, self._collapsed, self._speedscope = flamegraph, collapsed, speedscope
        self._files = [(path, what) for path, what in files if path is not None]
        self._made: list[tuple[Path, bytes, str]] = []

    @property
    def wanted(self) -> bool:
        return bool(self._files)

    def check(self) -> None:
        """Raises InputUnreadable where one cannot be written, UsageError where two are the same."""
        paths = [path for path, _ in self._files]
        if len({path.absolute() for path in paths}) < len(paths):
            raise UsageError(
                "--flamegraph, --collapsed and --speedscope expect files of their own.",
                f"They got {', '.join(map(str, paths))}.",
            )
        for path, what in self._files:
            check_writable(path, f"write {what}")

    def use(self, found: Counted) -> None:
        from axemu.profile.collapsed import collapsed  # noqa: PLC0415 - not for --help
        from axemu.profile.flamegraph import flamegraph, is_page  # noqa: PLC0415
        from axemu.profile.speedscope import speedscope  # noqa: PLC0415

        tree = found.calls
        if tree is None:
            return
        guest = found.debugger.machine.files
        title = guest[0].name if guest else found.debugger.machine.isa.name
        for path, what in self._files:
            if path == self._flamegraph:
                data = flamegraph(tree, title, page=is_page(path))
            elif path == self._collapsed:
                data = collapsed(tree)
            else:
                data = speedscope(tree, title)
            self._made.append((path, data, what))

    def write(self) -> None:
        """Raises InputUnreadable."""
        for path, data, what in self._made:
            write_whole(path, data, f"write {what}")
