"""The tracer on a real terminal: tmux has the screen, and says afterwards in which mode it was left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.axemu.conftest import PATIENCE, ROOT
from tests.tmux import Tmux

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


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
