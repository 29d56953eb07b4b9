"""Measuring several sides in turn: each round runs every side once, each in a process of its own.

Machines drift; a side's rounds lie among the others', so that all see the same weather. What is compared are
minima (the least disturbed round); medians show how disturbed the run was.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

TOOL = Path(__file__).resolve().parent
ROOT = TOOL.parents[1]
TIMEOUT = 600.0  # seconds; a side that takes longer has failed


class MeasurementError(Exception):
    """A side did not do its work. Facts: side, text."""

    def __init__(self, side: str, text: str) -> None:
        super().__init__(side, text)
        self.side, self.text = side, text

    def __str__(self) -> str:
        return f"{self.side}: {self.text}"


@dataclass(frozen=True, slots=True)
class Task:
    """A side that a child process measures itself: `python tools/bench --task MODULE:FUNCTION ARGUMENTS`."""

    name: str
    task: str
    arguments: tuple[str, ...] = ()

    def run(self) -> float:
        """The number that the child prints."""
        command = [sys.executable, str(TOOL), "--task", self.task, *self.arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIMEOUT, env=environment()
        )
        if done.returncode != 0:
            raise MeasurementError(self.name, last_line(done.stderr) or exit_text(done.returncode))
        return float(json.loads(done.stdout.splitlines()[-1]))


class Clock(Enum):
    WALL = "wall"
    USER = "user CPU"
    CPU = "user and system CPU"


@dataclass(frozen=True, slots=True)
class Command:
    """A side that is a command, measured from outside, start-up included: seconds divided by `per`."""

    name: str
    command: tuple[str, ...]
    clock: Clock
    per: float = 1.0

    def run(self) -> float:
        start = time.perf_counter()
        null = subprocess.DEVNULL
        process = subprocess.Popen(
            self.command, stdin=null, stdout=null, stderr=subprocess.PIPE, env=environment(), cwd=ROOT
        )
        assert process.stderr is not None
        watch = threading.Timer(TIMEOUT, process.kill)
        watch.start()
        try:
            errors = process.stderr.read().decode("utf-8", "replace")
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            watch.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
        wall = time.perf_counter() - start
        if process.returncode != 0:
            raise MeasurementError(self.name, last_line(errors) or exit_text(process.returncode))
        seconds = {
            Clock.WALL: wall,
            Clock.USER: usage.ru_utime,
            Clock.CPU: usage.ru_utime + usage.ru_stime,
        }
        return seconds[self.clock] / self.per


@dataclass(frozen=True, slots=True)
class Difference:
    """A side that is what one command takes beyond another, which does the rest of the same."""

    name: str
    whole: Command
    part: Command

    def run(self) -> float:
        return self.whole.run() - self.part.run()


Side = Task | Command | Difference


def environment() -> dict[str, str]:
    """The children's environment: the packages of this tree are found."""
    found = os.environ.get("PYTHONPATH")
    here = os.pathsep.join([str(ROOT), str(TOOL.parent)])
    return {**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{found}" if found else here}


def exit_text(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by signal {-code}"


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else ""


@dataclass(frozen=True, slots=True)
class Samples:
    """A side's rounds, in the number's unit; `error` where it could not be measured."""

    values: tuple[float, ...]
    error: str = ""

    @property
    def minimum(self) -> float:
        return min(self.values)

    @property
    def median(self) -> float:
        return statistics.median(self.values)


def interleave(sides: Sequence[Side], rounds: int, tick: Callable[[str], None]) -> dict[str, Samples]:
    """Every side's samples by its name. A side that fails is not run again. `tick` is told what begins."""
    values: dict[str, list[float]] = {side.name: [] for side in sides}
    errors: dict[str, str] = {}
    for _ in range(rounds):
        for side in sides:
            tick(side.name)
            if side.name in errors:
                continue
            try:
                values[side.name].append(side.run())
            except (MeasurementError, subprocess.TimeoutExpired, OSError) as error:
                errors[side.name] = str(error)
    return {name: Samples(tuple(found), errors.get(name, "")) for name, found in values.items()}
