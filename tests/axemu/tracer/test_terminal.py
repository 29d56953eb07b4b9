"""The tracer on a real terminal: tmux has the screen, and says afterwards in which mode it was left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from tests.axemu.conftest import PATIENCE, ROOT

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Tmux:
    """One window of 80 by 24 with a shell in it, of a server of its own."""

    def __init__(self, folder) -> None:
        self.socket, self.folder = str(folder / "tmux"), folder
        self.environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tools'}",
            "XDG_STATE_HOME": str(folder / "state"),
        }
        self("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "bash --norc --noprofile")
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

    def start(self, *arguments: str, started: str = "START") -> None:
        self.line(f"stty -a > {self.folder / 'before'}; {sys.executable} -m axemu {' '.join(arguments)}")
        self.wait_for(started)

    def mode_is_as_before(self) -> None:
        self.wait_for("ready>")
        after = self.folder / "after"
        self.line(f"stty -a > {after}; echo do''ne")
        self.wait_for("done")
        modes = [
            path.read_text().splitlines()[1:] for path in (self.folder / "before", after)
        ]  # not the size
        assert modes[0] == modes[1]
        flags = self("display-message", "-p", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}")
        assert flags.split() == ["0", "0", "1"]

    @property
    def tracer(self) -> int:
        shell = self("display-message", "-p", "#{pane_pid}").strip()
        found = subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True, check=True)
        return int(found.stdout.split()[0])


@pytest.fixture
def tmux(tmp_path) -> Iterator[Tmux]:
    found = Tmux(tmp_path)
    try:
        yield found
    finally:
        found("kill-server")


def test_from_a_crash_to_its_cause_and_out(tmux: Tmux) -> None:
    tmux.start("trace", "guests/riscv64/crash", f"2>{tmux.folder / 'errors'}")
    tmux("resize-window", "-x", "132", "-y", "43")
    tmux.wait_until(
        lambda: tmux.screen.splitlines()[0].endswith("╮") and len(tmux.screen.splitlines()[0]) == 132
    )
    tmux.keys("c")
    tmux.wait_for("CRASHED")
    tmux.keys("y")
    screen = tmux.wait_for("why did it stop?")
    assert "store/AMO access fault" in screen
    assert "c.sw a1, 0(a0)" in screen
    assert "nothing is at guest-physical 0x8000000" in screen
    tmux.keys("Escape")
    tmux.wait_until(lambda: "why did it stop?" not in tmux.screen)  # Escape and a key at once are one key
    tmux.keys(":")
    tmux.line("restart")
    tmux.wait_for("the machine was reset")
    tmux.keys(":")
    tmux.line("goto 210")
    tmux.wait_for("insn 210")
    tmux.keys("q")
    tmux.mode_is_as_before()
    assert (tmux.folder / "errors").read_text() == ""


def test_keys_reach_the_guest_and_sigterm_restores_the_terminal(tmux: Tmux) -> None:
    tmux.start("debug", "guests/riscv64/uart-echo")
    tmux.keys("c", "i")
    tmux.wait_for("type a line:")
    tmux.wait_for("typing: Ctrl-A x ends it")
    tmux.keys("q", "y", "Enter")
    tmux.wait_for("you typed 2 bytes: qy")
    os.kill(tmux.tracer, signal.SIGTERM)
    tmux.mode_is_as_before()


def test_sigkill_restores_the_terminal(tmux: Tmux) -> None:
    tmux.start("trace", "guests/riscv64/crash")
    os.kill(tmux.tracer, signal.SIGKILL)
    tmux.mode_is_as_before()


def test_a_terminal_that_closes_ends_the_tracer_and_its_running_guest(tmux: Tmux) -> None:
    tmux("set-option", "-g", "remain-on-exit", "on")
    tmux.start("trace", "--run", "guests/riscv64/uart-flood", started="RUNNING")
    tracer = tmux.tracer
    tmux("respawn-pane", "-k", "sleep 600")
    tmux.wait_until(lambda: not os.path.exists(f"/proc/{tracer}"))


def test_a_dumb_terminal_is_refused_in_words(tmux: Tmux) -> None:
    tmux.line(f"TERM=dumb {sys.executable} -m axemu trace --demo; echo code $?")
    screen = tmux.wait_for("code 2")
    assert "TERM is" in screen and "axemu gdb" in screen


def test_without_a_terminal_it_says_what_serves_instead() -> None:
    command = [sys.executable, "-m", "axemu", "trace", "guests/riscv64/crash"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tools'}"}
    found = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert found.returncode == 2
    assert "needs a terminal" in found.stderr
    assert "axemu gdb" in found.stderr
