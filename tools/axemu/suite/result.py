"""What a case came to. Plain values that survive JSON, so that a stored run is as good as a live one.

The JSON of a run (`--json FILE`) is one object a line: first a `Run` header, then a `Result` for each case as it ends.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, Self

from emu.expectation import SubResult as Sub

__all__ = ["CONSOLE_KEPT", "SCHEMA", "Ended", "Result", "Run", "Sub", "Verdict", "Where"]

SCHEMA = 1  # of the JSON; grows when a key changes its meaning or goes
CONSOLE_KEPT = 1 << 20  # bytes of a console that a result carries; the last ones


class Verdict(Enum):
    """The value is the word in reports."""

    PASS = "pass"
    FAIL = "fail"  # an expectation was missed
    ERROR = "error"  # no verdict: the worker died, the guest could not be loaded, a fault of ours
    TIMEOUT = "timeout"  # a limit was reached: instructions or wall time
    NONDETERMINISTIC = "nondeterministic"  # two runs of the same case differed
    XFAIL = "xfail"  # failed, as its manifest says it must
    XPASS = "xpass"  # passed, and was expected to fail
    SKIP = "skip"
    QUARANTINED = "quarantined"  # failed, and its manifest says that nobody is to be stopped by it

    @property
    def good(self) -> bool:
        """Whether a run with only these exits with 0."""
        return self in (Verdict.PASS, Verdict.XFAIL, Verdict.SKIP, Verdict.QUARANTINED)


@dataclass(frozen=True, slots=True)
class Where:
    """Where the guest stood when it ended, or was last seen. pc as the guest's address; line is "file.c:12" or ""."""

    pc: int
    symbol: str = ""
    line: str = ""
    vcpu: int = 0
    registers: Mapping[str, int] = field(default_factory=dict)
    exits: tuple[str, ...] = ()  # the last 32, oldest first: "insn 1234: MmioWrite(...)"


@dataclass(frozen=True, slots=True)
class Result:
    """One case's end. reason: one line, "" for a plain pass; details: every expectation that was missed.

    seconds is host wall time of the run, overhead what the worker needed beside it; instructions and guest_ns are the
    guest's. console: its last CONSOLE_KEPT bytes; console_bytes counts all. bundle: folder with everything to look at a
    failure again, "" where there is none; replay: the command that runs the case once more.
    """

    case: str
    verdict: Verdict
    reason: str = ""
    details: tuple[str, ...] = ()
    suite: str = ""  # path of the manifest, from the folder that the run started in
    summary: str = ""
    isa: str = ""
    machine: str = ""
    cpu: str = ""
    tags: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    overhead: float = 0.0
    instructions: int = 0
    guest_ns: int = 0
    exits: Mapping[str, int] = field(default_factory=dict)
    ending: str = ""  # emu.outcome.Ending's name in lower case
    exit_code: int | None = None
    console: bytes = b""
    console_bytes: int = 0
    where: Where | None = None
    subresults: tuple[Sub, ...] = ()
    state_hash: str = ""
    bundle: str = ""
    replay: str = ""
    seed: int = 0
    worker: str = ""  # its number, or its address where it is on another machine
    attempt: int = 1  # 2 and more: run again after the worker was lost, or by --retry
    begun: float = 0.0  # seconds since the epoch
    coverage: Mapping[str, int] = field(
        default_factory=dict
    )  # lines and functions, those hit too; where measured

    def as_json(self) -> dict[str, Any]:
        """Plain values; the console as text where it is UTF-8, else as base64."""
        values = {"kind": "result", **_fields(self)}  # asdict would copy each value in them: a millisecond
        values["verdict"] = self.verdict.value
        values["where"] = None if self.where is None else _fields(self.where)
        values["subresults"] = [_fields(each) for each in self.subresults]
        try:
            values["console"] = self.console.decode()
        except UnicodeDecodeError:
            values["console"] = {"base64": base64.b64encode(self.console).decode()}
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Raises KeyError, ValueError or TypeError for what `as_json` did not write."""
        known = {each.name for each in fields(cls)}
        taken = {name: value for name, value in values.items() if name in known}
        console = taken.get("console", "")
        taken["console"] = (
            base64.b64decode(console["base64"]) if isinstance(console, dict) else str(console).encode()
        )
        taken["verdict"] = Verdict(taken["verdict"])
        taken["details"] = tuple(taken.get("details", ()))
        taken["tags"] = tuple(taken.get("tags", ()))
        taken["subresults"] = tuple(Sub(**each) for each in taken.get("subresults", ()))
        where = taken.get("where")
        taken["where"] = None if where is None else Where(**{**where, "exits": tuple(where.get("exits", ()))})
        return cls(**taken)


@dataclass(frozen=True, slots=True)
class Run:
    """The header of a stored run, and what its reports have in common. total: cases selected."""

    title: str  # the paths that were asked for
    command: str  # the command line
    axemu: str  # version
    host: str  # "Linux x86_64, 2 CPUs, Python 3.11.7"
    begun: float  # seconds since the epoch
    seed: int
    total: int
    workers: int = 1
    schema: int = SCHEMA

    def as_json(self) -> dict[str, Any]:
        return {"kind": "run", **_fields(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})


def _fields(record: Result | Where | Sub | Run) -> dict[str, Any]:
    return {each.name: getattr(record, each.name) for each in fields(record)}


@dataclass(frozen=True, slots=True)
class Ended:
    """The whole of a run. interrupted: Ctrl-C or -x ended it before every case had run; `results` has what there is."""

    run: Run
    results: tuple[Result, ...]
    seconds: float
    interrupted: bool = False

    def count(self, verdict: Verdict) -> int:
        return sum(each.verdict is verdict for each in self.results)

    @property
    def good(self) -> bool:
        return all(each.verdict.good for each in self.results)
