"""What a test is, and how it ended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

NAME = re.compile(r"(?P<isa>rv(?:32|64))(?P<group>\w+)-(?P<environment>[a-z]+)-(?P<test>\w+)")
BASE_GROUPS = ("ui", "um", "ua", "uf", "ud", "uc", "mi", "si", "uzba", "uzbb", "uzbc", "uzbs", "uzicond")


@dataclass(frozen=True, slots=True)
class Case:
    """One built test of riscv-tests. `environment` is p (physical memory) or v (virtual memory)."""

    path: Path
    isa: str  # riscv64 or riscv32
    group: str  # rv64ui, rv32mi, ...
    environment: str
    test: str

    @property
    def extension(self) -> str | None:
        """The extension that the group is of, where the base ISA lacks it: zba."""
        name = self.group[5:]  # rv64u
        return name if name.startswith("z") else None

    @property
    def name(self) -> str:
        return f"{self.group}-{self.environment}-{self.test}"

    @property
    def row(self) -> str:
        """The row of the results table it counts in."""
        return f"{self.group}-{self.environment}"


class Verdict(Enum):
    PASS = "pass"
    FAIL = "fail"  # the guest says so: `number` is the test within the file
    TIMEOUT = "timeout"  # no word from the guest within its budget
    ERROR = "error"  # the machine gave up, or the process died


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one test. `text` says for a person what happened where it did not pass."""

    case: Case
    verdict: Verdict
    number: int | None = None
    text: str = ""
    seconds: float = 0.0
    instructions: int | None = None

    @property
    def passed(self) -> bool:
        return self.verdict is Verdict.PASS


def find_cases(folder: Path, groups: tuple[str, ...] = BASE_GROUPS) -> list[Case]:
    """Every built test of these groups in the folder (riscv-tests' `isa`, or an installed copy), by name."""
    found = []
    for path in sorted(folder.iterdir()):
        match = NAME.fullmatch(path.name)
        if match and match["group"] in groups and path.is_file():
            width = match["isa"][2:]
            group = match["isa"] + match["group"]
            found.append(Case(path, f"riscv{width}", group, match["environment"], match["test"]))
    return found
