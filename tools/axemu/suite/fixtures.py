"""Build commands: run once each, before the cases that need them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from axemu.suite.case import Case

PATIENCE = 600  # seconds
SHOWN = 20  # lines of a failed command's output


def build(cases: Sequence[Case]) -> Mapping[str, str]:
    """Run the build commands of these cases; for each case whose command failed, why."""
    outcomes: dict[tuple[Path, tuple[str, ...]], str] = {}
    failed = {}
    for case in cases:
        guests = [case.guest] if case.prefix is None else [case.prefix.guest, case.guest]
        for guest in guests:
            command = guest.build.command
            if not command:
                continue
            key = (guest.folder, command)
            if key not in outcomes:
                outcomes[key] = _run(guest.folder, command)
            if outcomes[key]:
                failed[case.name] = outcomes[key]
    return failed


def _run(folder: Path, command: tuple[str, ...]) -> str:
    """Why the command failed, "" where it did not."""
    said = " ".join(command)
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError:
        return f"build: the command {command[0]!r} is not installed ({said})"
    except subprocess.TimeoutExpired:
        return f"build: {said}: not done after {PATIENCE} s"
    except OSError as error:
        return f"build: {said}: {error.strerror}"
    if done.returncode == 0:
        return ""
    lines = (done.stdout + done.stderr).strip().splitlines()[-SHOWN:]
    return f"build: {said}: exit code {done.returncode}: " + " | ".join(lines)
