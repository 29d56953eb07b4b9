"""The raw terminal and its way back."""

from __future__ import annotations

import signal
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axemu.terminal import raw_mode

# A program that owns a console as `axemu run` does, and echoes in upper case until somebody stops it.
ECHO = """
import os, sys, threading
from axemu import console
from axemu.escape import Command
from axemu.signals import SignalWatch

stopped, arrived = threading.Event(), threading.Event()
def obey(command):
    if command is Command.LEAVE:
        stopped.set(); arrived.set()
    else:
        line.write(f"<{command.name}>".encode())
def stop():
    stopped.set(); arrived.set()
def resized():
    line.write(f"<{line.size}>".encode())
with console.attached(stored=None, output_fd=1, keep=False, stop=stop, obey=obey) as line:
    line.subscribe(arrived.set)
    line.start()
    line.write(b"ready\\n")
    with SignalWatch(stop, line.terminal, resized) as watch:
        while not stopped.is_set():
            arrived.wait(); arrived.clear()
            while data := line.read(3):
                if b"!" in data:
                    eval(ENDING)
                line.write(data.upper())
            if not line.live:
                break
        line.close()
sys.stdout.write(f"bye {watch.received and watch.received.name}\\n")
"""


@pytest.fixture
def echo(on_terminal: Callable[..., Any]) -> Callable[..., Any]:
    def start(ending: str = "None") -> object:
        program = on_terminal(sys.executable, "-c", ECHO.replace("ENDING", repr(ending)))
        program.read_until(b"ready")
        return program

    return start


def test_keys_reach_the_reader_at_once_and_unechoed_and_ctrl_c_is_a_key(echo: Callable[..., Any]) -> None:
    program = echo()
    assert program.is_raw
    program.type(b"ab\x03\x1a")
    output = program.read_until(b"AB\x03\x1a")
    assert b"ab" not in output


def test_ctrl_a_x_leaves_and_the_terminal_is_as_it_was(echo: Callable[..., Any]) -> None:
    program = echo()
    program.type(b"\x01x")
    assert program.wait() == 0
    assert program.mode == program.before
    assert b"bye None" in program.output


def test_ctrl_a_h_is_a_command_and_not_a_key(echo: Callable[..., Any]) -> None:
    program = echo()
    program.type(b"\x01h")
    assert b"<HELP>" in program.read_until(b"<HELP>")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_and_the_terminal_is_as_it_was(
    echo: Callable[..., Any], number: signal.Signals
) -> None:
    program = echo()
    program.send(number)
    assert program.wait() == 0
    assert f"bye {number.name}".encode() in program.output
    assert program.mode == program.before


@pytest.mark.parametrize(
    "ending",
    [
        "1 / 0",
        "sys.exit(3)",
        "os.abort()",
        "os._exit(4)",
        "os.kill(os.getpid(), 9)",
        "__import__('ctypes').string_at(0)",
    ],
)
def test_the_terminal_is_as_it_was_after_any_crash(echo: Callable[..., Any], ending: str) -> None:
    program = echo(ending)
    assert program.is_raw
    program.type(b"!")
    assert program.wait() != 0
    program.wait_for(lambda: program.mode == program.before)


def test_a_suspended_program_gives_the_terminal_back_and_takes_it_again(echo: Callable[..., Any]) -> None:
    program = echo()
    program.send(signal.SIGTSTP)
    program.wait_for(lambda: not program.is_raw and program.is_stopped)
    program.send(signal.SIGCONT)
    program.wait_for(lambda: program.is_raw)
    program.type(b"again")
    program.read_until(b"AGAIN")


def test_a_second_signal_ends_a_program_that_does_not_stop(on_terminal: Callable[..., Any]) -> None:
    stuck = ECHO.replace("ENDING", "''").replace(
        "def stop():\n    stopped.set(); arrived.set()", "def stop():\n    pass"
    )
    program = on_terminal(sys.executable, "-c", stuck)
    program.read_until(b"ready")
    program.send(signal.SIGINT)
    program.send(signal.SIGTERM)
    assert program.wait() in (128 + signal.SIGINT, 128 + signal.SIGTERM)
    assert b"a second time" in program.output
    assert program.mode == program.before


def test_a_terminal_without_a_size_has_none_and_another_size_is_told(echo: Callable[..., Any]) -> None:
    program = echo()
    program.send(signal.SIGWINCH)
    program.read_until(b"<None>")
    for columns, rows in ((100, 30), (80, 24)):
        termios.tcsetwinsize(program.slave, (rows, columns))
        program.read_until(f"<({columns}, {rows})>".encode())


def test_output_processing_stays_on_in_raw_mode(on_terminal: Callable[..., Any]) -> None:
    program = on_terminal(sys.executable, "-c", "pass")
    mode = raw_mode(termios.tcgetattr(program.slave))
    assert mode[1] & termios.OPOST
    assert not mode[3] & (termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
    assert mode[6][termios.VMIN] == 1
    assert termios.tcgetattr(program.slave) == program.before


def test_a_program_in_the_background_takes_the_terminal_when_it_comes_to_the_foreground(
    on_terminal: Callable[..., Any], tmp_path: Path
) -> None:
    program = tmp_path / "echo.py"
    program.write_text(ECHO.replace("ENDING", "''"))
    shell = on_terminal("bash", "--norc", "-i")
    shell.type(f"{sys.executable} {program} &\n".encode())
    shell.read_until(b"ready")
    assert not shell.is_raw
    shell.type(b"fg\n")
    shell.wait_for(lambda: shell.is_raw)
    shell.type(b"\x01x")
    shell.read_until(b"bye None")
