"""Programs on a real terminal: tmux has the screen, and says in which mode a program left it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.axemu.conftest import PATIENCE, ROOT


class Tmux:
    """One window with a shell in it, of a server of its own."""

    def __init__(self, folder: Path, columns: int = 80, rows: int = 24) -> None:
        self.socket, self.folder = str(folder / "tmux"), folder
        self.environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tools'}",
            "XDG_STATE_HOME": str(folder / "state"),
        }
        size = ("-x", str(columns), "-y", str(rows))
        self("-f", "/dev/null", "new-session", "-d", *size, "bash --norc --noprofile")
        self.line("PS1='rea''dy> '; clear")
        self.wait_for("ready>")

    def __call__(self, *arguments: str) -> str:
        command = ["tmux", "-S", self.socket, *arguments]
        return subprocess.run(
            command,
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        ).stdout

    def keys(self, *keys: str) -> None:
        for each in keys:
            self("send-keys", each)
            time.sleep(0.05)

    def line(self, text: str) -> None:
        self("send-keys", "-l", text)
        self("send-keys", "Enter")

    @property
    def screen(self) -> str:
        return self("capture-pane", "-p")

    def wait_until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"it never came; the screen:\n{self.screen}")
            time.sleep(0.05)

    def wait_for(self, text: str) -> str:
        self.wait_until(lambda: text in self.screen)
        return self.screen

    def command(self, text: str) -> None:
        """One line of the tracer's."""
        self.line(f":{text}")

    def start(self, *arguments: str, started: str = "START") -> None:
        """`axemu` with these arguments, until the screen has the words."""
        self.line(f"stty -g > {self.folder / 'before'}; {sys.executable} -m axemu {' '.join(arguments)}")
        self.wait_for(started)

    def mode_is_as_before(self) -> None:
        self.wait_for("ready>")
        after = self.folder / "after"
        self.line(f"stty -g > {after}; echo do''ne")
        self.wait_for("done")
        modes = [path.read_text() for path in (self.folder / "before", after)]
        assert modes[0] == modes[1], modes
        flags = self("display-message", "-p", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}")
        assert flags.split() == ["0", "0", "1"], flags

    @property
    def tracer(self) -> int:
        shell = self("display-message", "-p", "#{pane_pid}").strip()
        found = subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True, check=True)
        return int(found.stdout.split()[0])
