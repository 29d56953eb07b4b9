"""The child's side of a Task: one measurement, one number on standard output."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path


def perform(task: str, arguments: list[str]) -> float:
    """`ours:NAME` or `plain:NAME` with its arguments as text."""
    module, _, name = task.partition(":")
    sides = import_module(f"bench.{module}")
    match task:
        case "ours:compute" | "plain:compute":
            value = getattr(sides, name)(Path(arguments[0]))
        case "ours:big_ram":
            value = sides.big_ram(int(arguments[0]), Path(arguments[1]))
        case "plain:big_ram":
            value = sides.big_ram(int(arguments[0]))
        case "ours:counted" | "ours:uncounted":
            value = getattr(sides, name)(Path(arguments[0]))
        case "counting:bundle" | "counting:linux" | "querying:answer":
            value = getattr(sides, name)(*arguments)
        case "ours:emulated":
            value = sides.emulated(Path(arguments[0]), Path(arguments[1]), int(arguments[2]))
        case "tracing:traced":
            value = sides.traced(Path(arguments[0]), arguments[1], int(arguments[2]))
        case "ours:disk_read" | "ours:linux_memory":
            value = getattr(sides, name)(Path(arguments[0]), Path(arguments[1]))
        case _:
            value = getattr(sides, name)(Path(arguments[0]), int(arguments[1]))
    return float(value)


def main(task: str, arguments: list[str]) -> None:
    print(json.dumps(perform(task, arguments)))
