"""What a run came to: one frozen value, as exit code, as a line, as a table, as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from rich.console import Console as RichConsole
from rich.markup import escape
from rich.table import Table

from axemu import version
from axemu.quantities import show_time
from emu.config import MachineConfig
from emu.guest import Guest
from emu.outcome import Ending, Outcome

HOOKS_FAILED = 2
SCHEMA = 1  # of the JSON; grows when a key changes its meaning or goes


def passed(outcome: Outcome, guest: Guest | None, missed: tuple[str, ...] | None) -> bool:
    """Whether a run came to what it should; `missed` as in Report."""
    if missed is not None and guest is not None:
        return bool(missed) == guest.expect.xfail
    return outcome.exit_code == 0


def exit_code(
    outcome: Outcome, guest: Guest | None, missed: tuple[str, ...] | None, *, guest_exit_code: bool
) -> int:
    """Of a run that nobody has left: 0 pass, 1 the guest failed, 124 a limit, 130 interrupted, what a hook has said."""
    if outcome.ending is Ending.HOOK:
        return outcome.code
    if outcome.ending is Ending.INTERRUPTED:
        return outcome.exit_code
    if guest_exit_code and outcome.ending is Ending.POWERED_OFF:
        return outcome.code & 0xFF
    if passed(outcome, guest, missed):
        return 0
    return outcome.exit_code or 1


@dataclass(frozen=True, slots=True)
class Report:
    """`seconds` is host wall time of the run itself. `cause` says who ended the run from outside, "" where it
    ended by itself. `live`: input came at host times, so the run cannot be repeated exactly. `missed`:
    expectations that were not met, None where there are none to check. `hooks`: what the user's hooks have kept, None
    where there are none; `hook_failure`: why they have failed, "" where they have not. `console` counts what the guest
    wrote and hashes it."""

    title: str
    config: MachineConfig
    outcome: Outcome
    instructions: int
    guest_ns: int
    seconds: float
    exits: Mapping[str, int]
    console_bytes: int
    console_sha256: str
    live: bool
    cause: str = ""
    guest: Guest | None = None
    missed: tuple[str, ...] | None = None
    guest_exit_code: bool = False
    left: bool = False
    hooks: Mapping[str, Any] | None = None
    hook_failure: str = ""

    @property
    def passed(self) -> bool:
        """The verdict: a guest folder's expectation where there is one, else the guest's own word."""
        return passed(self.outcome, self.guest, self.missed)

    @property
    def exit_code(self) -> int:
        """This process's exit code (ux.md: 0 pass, 1 the guest failed, 124 a limit, 130 interrupted)."""
        if self.hook_failure:
            return HOOKS_FAILED
        if self.left:
            return 0
        return exit_code(self.outcome, self.guest, self.missed, guest_exit_code=self.guest_exit_code)

    @property
    def mips(self) -> float:
        return self.instructions / self.seconds / 1e6 if self.seconds > 0 else 0.0

    @property
    def reason(self) -> str:
        """Why the run ended: one line, always with pc, symbol and instruction count."""
        outcome = self.outcome
        where = f"pc {outcome.pc:#x}" + (f" ({outcome.symbol})" if outcome.symbol else "")
        if outcome.vcpu_id:
            where = f"cpu{outcome.vcpu_id} {where}"
        text = (self.cause or outcome.text).rstrip(".")
        parts = [text, f"{where}, {self.instructions:,} instructions"]
        if self.live:
            parts.append("live input: not repeatable")
        return "; ".join(parts)

    def verdict(self) -> str:
        """The line for a guest folder's expectation, with what was missed; "" where there is none."""
        if self.guest is None or self.missed is None:
            return ""
        word = "pass" if self.passed else "fail"
        if self.guest.expect.xfail:
            word = "xfail (fails, as expected)" if self.passed else "xpass (passes, and was expected to fail)"
        return "\n".join((f"{self.guest.name}: {word}", *(f"  {each}" for each in self.missed)))

    def as_json(self) -> dict[str, Any]:
        """The result object of --json; docs/running.md describes it."""
        outcome, config = self.outcome, self.config
        return {
            "schema": SCHEMA,
            "axemu": version(),
            "guest": self.title,
            "isa": config.isa,
            "machine": config.board,
            "cpus": config.smp,
            "clock": config.clock,
            "passed": self.passed,
            "exit_code": self.exit_code,
            "ending": outcome.ending.name.lower(),
            "reason": self.reason,
            "guest_code": outcome.code,
            "vcpu": outcome.vcpu_id,
            "pc": f"{outcome.pc:#x}",
            "symbol": outcome.symbol,
            "exit": exit_json(outcome.exit),
            "instructions": self.instructions,
            "guest_ns": self.guest_ns,
            "host_seconds": round(self.seconds, 6),
            "exits": dict(self.exits),
            "console": {"bytes": self.console_bytes, "sha256": self.console_sha256},
            "live_input": self.live,
            "missed": list(self.missed) if self.missed is not None else None,
            "hooks": None if self.hooks is None else {**self.hooks, "failure": self.hook_failure or None},
        }

    def show_summary(self, screen: RichConsole) -> None:
        """The exit summary of -v."""
        table = Table(title="Exit summary", title_justify="left", show_header=False, box=None, pad_edge=False)
        table.add_column(style="bold")
        table.add_column(justify="right")
        table.add_row("instructions", f"{self.instructions:,}")
        table.add_row("guest time", show_time(self.guest_ns))
        table.add_row("host time", f"{self.seconds:.3f} s")
        table.add_row("speed", f"{self.mips:,.1f} MIPS")
        table.add_row("console output", f"{self.console_bytes:,} bytes")
        total = sum(self.exits.values())
        table.add_row("VM exits", f"{total:,}")
        for kind, count in sorted(self.exits.items(), key=lambda item: (-item[1], item[0])):
            if count:
                table.add_row(f"  {escape(kind)}", f"{count:,}")
        screen.print(table)


def exit_json(reason: object) -> dict[str, Any] | None:
    """A VM exit by its class and fields; addresses and the like stay numbers."""
    if reason is None or not dataclasses.is_dataclass(reason) or isinstance(reason, type):
        return None
    fields = {field.name: _plain(getattr(reason, field.name)) for field in dataclasses.fields(reason)}
    return {"kind": type(reason).__name__, **fields}


def _plain(value: object) -> int | float | str | bool | list[Any] | None:
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    return value if isinstance(value, (int, float, str, bool)) or value is None else str(value)
