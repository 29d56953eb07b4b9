"""A result as the text of a failed test."""

from __future__ import annotations

from collections.abc import Iterator

from axemu.suite.reports.consoles import clean, cut_note, last, one_line, plain
from axemu.suite.result import Result, Where

DETAILS = 20  # missed expectations
EXITS = 8
TAIL = 10  # lines of the console
SECTION = 64 << 10  # bytes of a console that go into a report's section
ACROSS = 4  # registers in a line


def headline(result: Result) -> str:
    """The verdict and its reason, in one line."""
    reason = one_line(result.reason)
    return f"{result.verdict.value}: {reason}" if reason else result.verdict.value


def failure_text(result: Result) -> Iterator[str]:
    """Lines: what was missed, where the guest stood, what it did last, and the command that runs it again."""
    yield headline(result)
    missed = [each for each in result.details if each != result.reason]
    for detail in missed[:DETAILS]:
        yield "  " + clean(detail).replace("\n", "\n  ")
    if len(missed) > DETAILS:
        yield f"  ... and {len(missed) - DETAILS} more"
    if result.where is not None:
        yield from _where(result.where, result.instructions)
    if result.console:
        lines = plain(result.console).rstrip("\n").split("\n")
        yield f"console, its last {TAIL} lines:" if len(lines) > TAIL else "console:"
        yield from ("  | " + each for each in lines[-TAIL:])
    if result.replay:
        yield "replay: " + one_line(result.replay)


def _where(where: Where, instructions: int) -> Iterator[str]:
    symbol = f" <{one_line(where.symbol)}>" if where.symbol else ""
    line = f" ({one_line(where.line)})" if where.line else ""
    vcpu = f", vCPU {where.vcpu}" if where.vcpu else ""
    yield f"at pc {where.pc:#x}{symbol}{line}{vcpu}, after {instructions:,} instructions"
    registers = [f"{name:>6} {value:<18x}" for name, value in where.registers.items()]
    for first in range(0, len(registers), ACROSS):
        yield "  " + "".join(registers[first : first + ACROSS]).rstrip()
    if where.exits:
        yield "last exits, the latest last:"
        yield from ("  " + one_line(each) for each in where.exits[-EXITS:])


def console_section(console: bytes) -> str:
    """The console for a report, its end where it is long."""
    kept, cut = last(console, SECTION)
    return cut_note(cut) + plain(kept)
