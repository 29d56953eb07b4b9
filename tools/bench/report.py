"""The table for a person, and the same as plain values."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.measure import Samples
from bench.numbers import AXEMU, Limit, Number


@dataclass(frozen=True, slots=True)
class Check:
    """A limit against a run. bound is in the number's unit; holds is None where either side is missing."""

    limit: Limit
    bound: float | None
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Measured:
    """A number and what came out."""

    number: Number
    samples: Mapping[str, Samples]
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """No limit is broken and axemu's side was measured."""
        return bool(self.samples[AXEMU].values) and all(check.holds is not False for check in self.checks)


def judge(number: Number, samples: Mapping[str, Samples], earlier: Mapping[str, Measured]) -> Measured:
    """Compare with the limits; `earlier` are the numbers of this run that a limit may refer to."""
    checks = []
    for limit in number.limits:
        bound: float | None = limit.value
        if limit.of is not None:
            other = samples.get(limit.of)
            if other is None and limit.of in earlier:
                other = earlier[limit.of].samples[AXEMU]
            bound = limit.value * other.minimum if other is not None and other.values else None
        own = samples[AXEMU]
        holds = own.minimum <= bound if own.values and bound is not None else None
        checks.append(Check(limit, bound, holds))
    return Measured(number, samples, tuple(checks))


def cell(samples: Samples, unit: str) -> str:
    """Minimum, and the median behind it."""
    if not samples.values:
        return f"not measured: {samples.error}"
    return f"{samples.minimum:.3g} ({samples.median:.3g}) {unit}"


def show(measured: list[Measured], console: Console) -> None:
    """One row a number; beside it each other side and axemu's ratio to it."""
    table = Table(title="Numbers: minimum (median); ratios are of minima", show_lines=True)
    for column in ("number", "axemu", "limit", "beside"):
        table.add_column(column, overflow="fold")
    for each in measured:
        own, unit = each.samples[AXEMU], each.number.unit
        limits = Text()
        for check in each.checks:
            style = {True: "green", False: "bold red", None: "dim"}[check.holds]
            word = {True: "holds", False: "BROKEN", None: "not comparable"}[check.holds]
            limits.append(f"{check.limit.text(unit)}: {word}\n", style)
        lines = []
        for name, samples in each.samples.items():
            if name == AXEMU:
                continue
            ratio = (
                f", x {own.minimum / samples.minimum:.2f}"
                if own.values and samples.values and samples.minimum > 0
                else ""
            )
            lines.append(f"{name} {cell(samples, unit)}{ratio}")
        title = Text(each.number.name, "bold").append(f"\n{each.number.text}", "not bold")
        limits.rstrip()
        table.add_row(title, cell(own, unit), limits, "\n".join(lines) or "-")
    console.print(table)


def surroundings() -> dict[str, str]:
    """What the numbers depend on."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "cpu": processor()}
    for package in ("unicorn", "numba", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    try:
        first = subprocess.run(
            ["qemu-system-riscv64", "--version"], capture_output=True, text=True, check=False
        )
        found["qemu"] = first.stdout.splitlines()[0]
    except (OSError, IndexError):
        found["qemu"] = "not installed"
    return found


def processor() -> str:
    """The host processor's name as the kernel gives it."""
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return f"{names[0]} x {len(names)}" if names else platform.processor()


def values(measured: list[Measured]) -> dict[str, object]:
    """The whole run as plain values."""
    return {
        "surroundings": surroundings(),
        "numbers": [
            {
                "name": each.number.name,
                "text": each.number.text,
                "unit": each.number.unit,
                "limits": [
                    {
                        "value": check.limit.value,
                        "of": check.limit.of,
                        "bound": check.bound,
                        "holds": check.holds,
                    }
                    for check in each.checks
                ],
                "sides": {
                    name: {"values": list(samples.values), "error": samples.error}
                    for name, samples in each.samples.items()
                },
            }
            for each in measured
        ],
    }
