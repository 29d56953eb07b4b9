"""What a run must do to pass, and whether it did: the [expect] table of a manifest, and its judgement.

Theory: a run leaves evidence (how it ended, what it printed, what it cost, what memory and registers held), and every
expectation is a question about that evidence alone. So a run is judged the same way whoever ran it, and a stored run
can be judged again. Patterns come from strangers and meet a guest's output: they are matched with a limit on time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import regex

from emu.outcome import Ending, Outcome

PATIENCE = 2.0  # seconds for one pattern on one console; backtracking without end is cut there
NAMES: Mapping[str, str] = {
    "hypercall": "Hypercall",
    "mmio_read": "MmioRead",
    "mmio_write": "MmioWrite",
    "sysreg_read": "SysRegRead",
    "sysreg_write": "SysRegWrite",
    "io_read": "IoRead",
    "io_write": "IoWrite",
    "external_interrupt": "ExternalInterrupt",
    "nested_page_fault": "NestedPageFault",
    "halt": "Halt",
    "guest_exception": "GuestException",
    "fail_entry": "FailEntry",
    "preemption_timer": "PreemptionTimer",
    "nothing": "Nothing",
    "native": "native",
    "traps": "traps",
    "interrupts": "interrupts",
    "unmapped": "unmapped",
}
"""Counters of a run by the name that a manifest has for them, as `Evidence.exits` calls them. native: answered without
Python; traps and interrupts: taken by the guest; unmapped: accesses that nothing backs, whoever answered them."""

WATCHED = frozenset(("interrupts", "unmapped"))
"""Counters that are events: counted only where an expectation asks for them."""


@dataclass(frozen=True, slots=True)
class Place:
    """An address by symbol and offset, or as a number where symbol is "". Guest-virtual."""

    symbol: str
    offset: int = 0

    def __str__(self) -> str:
        if not self.symbol:
            return f"{self.offset:#x}"
        return f"{self.symbol}+{self.offset:#x}" if self.offset else self.symbol


@dataclass(frozen=True, slots=True)
class MemoryCheck:
    """What must be in guest memory at `place` when the run is over, or when the pc first reaches `when`: `data`, or the
    number `value` in `width` bytes of the ISA's byte order."""

    place: Place
    data: bytes
    when: Place | None = None
    value: int | None = None
    width: int = 4


@dataclass(frozen=True, slots=True)
class RegisterCheck:
    """Registers of a vCPU by name, when the run is over or when its pc first reaches `when`."""

    values: tuple[tuple[str, int], ...]
    vcpu: int = 0
    when: Place | None = None


@dataclass(frozen=True, slots=True)
class SubResult:
    """One check that the guest reported on its console by TAP, gtest or kvm-unit-tests."""

    name: str
    passed: bool
    skipped: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a run left. state_differences: the memory and register checks that it missed, one sentence each."""

    outcome: Outcome
    console: bytes
    instructions: int = 0
    exits: Mapping[str, int] = field(default_factory=dict)
    state_differences: tuple[str, ...] = ()
    subresults: tuple[SubResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """exit_code is the guest's own, asked of a run that powered off. console: each pattern must be found after the end
    of the one before it. console_text, where given, is the whole console. xfail turns the verdict round: the run must
    miss at least one of the other expectations; xfail_reason says why.

    max_instructions is the run's budget too. exact_exits and max_exits are by names of NAMES. until_console: the run
    ends as soon as every pattern of `console` was found (manifest: ending = "console").
    """

    ending: Ending = Ending.POWERED_OFF
    exit_code: int = 0
    console: tuple[str, ...] = ()
    console_text: str | None = None
    forbidden: tuple[str, ...] = ()
    max_instructions: int | None = None
    xfail: bool = False
    xfail_reason: str = ""
    instructions: int | None = None  # just so many
    max_exits: tuple[tuple[str, int], ...] = ()
    exact_exits: tuple[tuple[str, int], ...] = ()
    memory: tuple[MemoryCheck, ...] = ()
    registers: tuple[RegisterCheck, ...] = ()
    until_console: bool = False
    console_file: Path | None = None  # where console_text is kept, if it is (the golden console)

    @property
    def counters(self) -> frozenset[str]:
        """Names of the counters that are asked for."""
        return frozenset(name for name, _ in (*self.max_exits, *self.exact_exits))

    def differences(self, outcome: Outcome, console: bytes) -> tuple[str, ...]:
        """What `missed` says of a run of which no more is known."""
        return self.missed(Evidence(outcome, console))

    def missed(self, evidence: Evidence) -> tuple[str, ...]:
        """Every expectation that the run missed, one sentence each; empty where it met all. Ignores xfail."""
        text = console_text(evidence.console)
        return (
            *self._ending(evidence.outcome),
            *self._console(text),
            *self._counts(evidence),
            *evidence.state_differences,
            *(
                f"{each.name}: the guest reports a failure" + (f": {each.text}" if each.text else "")
                for each in evidence.subresults
                if not each.passed and not each.skipped
            ),
        )

    def _ending(self, outcome: Outcome) -> Iterator[str]:
        if self.until_console:
            if outcome.ending not in (Ending.EXIT, Ending.POWERED_OFF):
                yield f"ending: expected every line of the console, got {outcome.ending.value} ({outcome.text})"
        elif outcome.ending is not self.ending:
            yield f"ending: expected {self.ending.value}, got {outcome.ending.value} ({outcome.text})"
        elif outcome.ending is Ending.POWERED_OFF and outcome.code != self.exit_code:
            yield f"exit code: expected {self.exit_code}, got {outcome.code}"

    def _console(self, text: str) -> Iterator[str]:
        if self.console_text is not None and text != self.console_text:
            yield f"console: {first_difference(self.console_text, text)}"
        position = 0
        for pattern in self.console:
            found = search(pattern, text, position)
            if isinstance(found, str):
                yield f"console: {found}"
                break
            if found is None:
                yield f"console: expected a match of {pattern!r} in {shortened(text[position:])!r}"
                break
            position = found[1]
        for pattern in self.forbidden:
            found = search(pattern, text)
            if isinstance(found, str):
                yield f"console: {found}"
            elif found is not None:
                yield f"console: {pattern!r} is forbidden and matches {shortened(text[found[0] : found[1]])!r}"

    def _counts(self, evidence: Evidence) -> Iterator[str]:
        if self.instructions is not None and evidence.instructions != self.instructions:
            yield f"instructions: expected {self.instructions:,}, got {evidence.instructions:,}"
        if (
            self.max_instructions is not None
            and evidence.instructions > self.max_instructions
            and self.ending is not Ending.BUDGET
        ):
            yield f"instructions: expected at most {self.max_instructions:,}, got {evidence.instructions:,}"
        for name, limit in self.max_exits:
            count = evidence.exits.get(NAMES[name], 0)
            if count > limit:
                yield f"exits: expected at most {limit:,} of {name}, got {count:,}"
        for name, number in self.exact_exits:
            count = evidence.exits.get(NAMES[name], 0)
            if count != number:
                yield f"exits: expected {number:,} of {name}, got {count:,}"

    def passes(self, outcome: Outcome, console: bytes) -> bool:
        """The verdict, xfail taken into account."""
        return bool(self.differences(outcome, console)) == self.xfail


def search(pattern: str, text: str, position: int = 0) -> tuple[int, int] | str | None:
    """Where `pattern` first matches from `position` on, None where nowhere; a sentence where it took too long."""
    try:
        found = regex.compile(pattern, regex.MULTILINE).search(text, position, timeout=PATIENCE)
    except TimeoutError:
        return f"matching {pattern!r} took more than {PATIENCE:g} s: it backtracks too much; make it simpler"
    return None if found is None else found.span()


def bad_pattern(pattern: str) -> str | None:
    """Why `pattern` is no regular expression, None where it is one."""
    try:
        regex.compile(pattern, regex.MULTILINE)
    except regex.error as error:
        return str(error)
    return None


def console_text(console: bytes) -> str:
    """What is compared: bytes that are no UTF-8 replaced, line ends as newlines."""
    return console.decode("utf-8", "replace").replace("\r\n", "\n")


def first_difference(expected: str, actual: str) -> str:
    """The first line in which two texts differ, in one sentence."""
    if len(expected) <= 200 and len(actual) <= 200:
        return f"expected {expected!r}, got {actual!r}"
    wanted, got = expected.splitlines(), actual.splitlines()
    for number, (left, right) in enumerate(zip(wanted, got, strict=False), 1):
        if left != right:
            return f"line {number}: expected {shortened(left)!r}, got {shortened(right)!r}"
    if len(wanted) == len(got):
        return "only the end of the last line differs"
    longer, number = (wanted, len(got)) if len(wanted) > len(got) else (got, len(wanted))
    what = "missing" if longer is wanted else "not expected"
    return f"expected {len(wanted)} lines, got {len(got)}: line {number + 1} is {what}: {shortened(longer[number])!r}"


def shortened(text: str, limit: int = 200) -> str:
    """The end of a long text, where a run's trouble shows."""
    return text if len(text) <= limit else f"...{text[3 - limit :]}"


def place(text: str) -> Place | None:
    """``symbol``, ``symbol+0x10`` or ``0x80001000``; None where it is none of these."""
    number = r"0[xX][0-9a-fA-F]+|[0-9]+"
    match = re.fullmatch(rf"([A-Za-z_.$][\w.$@]*)(?:\s*\+\s*({number}))?|({number})", text.strip())
    if match is None:
        return None
    return Place(match[1] or "", int(match[2] or match[3] or "0", 0))
