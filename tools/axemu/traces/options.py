"""What `axemu trace --plain` records, and where to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from axemu.errors import UsageError
from emu.trace.recorded import RECORDED

_PANEL = "Recording (--plain)"
FORMATS: Final = ("text", "spike", "jsonl", "perfetto", "arrow")
ENDINGS: Final = {
    ".parquet": "arrow",
    ".arrow": "arrow",
    ".jsonl": "jsonl",
    ".pftrace": "perfetto",
    ".perfetto-trace": "perfetto",
    ".txt": "text",
    ".log": "text",
    ".spike": "spike",
}
USUAL: Final = {
    "text": ("insns", "exits", "exceptions", "interrupts"),
    "jsonl": ("insns", "exits", "exceptions", "interrupts"),
    "arrow": ("insns", "exits", "exceptions", "interrupts", "contexts"),
    "spike": ("insns", "regs", "mem"),
    "perfetto": ("insns", "exits", "exceptions", "interrupts", "contexts", "console"),
}
"""What is recorded where --record is not given."""
STANDARD: Final = "-"


def _option(*names: str, help: str, metavar: str | None = None) -> typer.models.OptionInfo:
    return typer.Option(*names, help=help, metavar=metavar, rich_help_panel=_PANEL)  # type: ignore[no-any-return]


PlainOption = Annotated[bool, _option("--plain", help="Record into a file instead, without a screen.")]
OutputOption = Annotated[
    str | None, _option("--output", "-o", metavar="FILE", help='Where to; "-": standard output.')
]
FormatOption = Annotated[
    str | None,
    _option("--format", metavar="NAME", help=f"{', '.join(FORMATS)}; else by FILE's ending, or text."),
]
RecordOption = Annotated[
    str | None, _option("--record", metavar="KIND,...", help=f"What of: {', '.join(RECORDED)}; or all.")
]
OnlyOption = Annotated[
    list[str] | None,
    _option("--only", metavar="WHERE", help="ADDR..ADDR, a symbol or a source file. May be repeated."),
]
LevelOption = Annotated[str | None, _option("--level", metavar="NAME", help="Only at this privilege.")]
VcpuOption = Annotated[int | None, _option("--vcpu", metavar="N", help="Only of this vCPU.")]
FromOption = Annotated[int | None, _option("--from", metavar="N", help="From this instruction on.")]
ToOption = Annotated[int | None, _option("--to", metavar="N", help="Before this instruction.")]
CountOption = Annotated[
    int | None, _option("--count", metavar="N", help="So many instructions, then end the guest.")
]
StartOption = Annotated[
    str | None, _option("--start-at", metavar="LOCATION", help="From when it is executed first.")
]
StopOption = Annotated[
    str | None, _option("--stop-at", metavar="LOCATION", help="Until it is executed, once it records.")
]
CompressOption = Annotated[
    str | None, _option("--compress", metavar="zstd", help="Also where FILE ends in .zst.")
]
ForceOption = Annotated[bool, _option("--force", help="Overwrite FILE.")]


@dataclass(frozen=True, slots=True)
class TraceRequest:
    """One recording, checked as far as it can be without the guest."""

    output: str
    format: str
    record: frozenset[str]
    compress: bool = False
    force: bool = False
    only: tuple[str, ...] = ()
    level: str | None = None
    vcpu: int | None = None
    first: int = 0
    end: int | None = None
    count: int | None = None
    start_at: str | None = None
    stop_at: str | None = None
    options: tuple[tuple[str, object], ...] = ()
    """All that were given with the command, as JSON has them."""

    @property
    def printed(self) -> bool:
        return self.output == STANDARD

    def filters(self) -> dict[str, object]:
        """As the file's metadata has them."""
        return {
            "only": list(self.only),
            "level": self.level,
            "vcpu": self.vcpu,
            "from": self.first or None,
            "to": self.end,
            "count": self.count,
            "start_at": self.start_at,
            "stop_at": self.stop_at,
        }


def plain_options(
    options: Mapping[str, object], without: tuple[str, ...] = ()
) -> tuple[tuple[str, object], ...]:
    """Those that were given, by their names, as JSON can have them."""
    return tuple(
        (name, _plain(value))
        for name, value in options.items()
        if name not in without and value not in (None, False, "", (), [])
    )


def _plain(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value if isinstance(value, (bool, int, float)) else str(value)


def request_of(
    output: str | None,
    format: str | None,
    record: str | None,
    compress: str | None,
    numbers: dict[str, int | None],
) -> tuple[str, str, frozenset[str], bool]:
    """(output, format, kinds, compressed). Raises UsageError."""
    if output is None:
        raise UsageError(
            "`axemu trace --plain` records into a file.",
            "None is named.",
            "Try: axemu trace --plain GUEST -o trace.parquet; -o - prints text.",
        )
    if compress not in (None, "zstd"):
        raise UsageError("--compress takes zstd.", f"'{compress}' was given.")
    zst = output.endswith(".zst")
    ending = Path(output.removesuffix(".zst")).suffix.lower()
    chosen = format or ENDINGS.get(ending, "text")
    if chosen not in FORMATS:
        raise UsageError(f"--format takes {', '.join(FORMATS)}.", f"'{chosen}' was given.")
    if chosen == "arrow" and (output == STANDARD or ending not in (".parquet", ".arrow") or zst):
        raise UsageError(
            "The format arrow is a file that ends in .parquet or in .arrow; it is compressed inside.",
            f"'{output}' was given.",
        )
    if chosen == "perfetto" and output == STANDARD:
        raise UsageError("The format perfetto is binary.", "Standard output was given.", "Name a file.")
    for name, value in numbers.items():
        if value is not None and value < 0:
            raise UsageError(f"--{name} takes a number from 0 on.", f"{value} was given.")
    return output, chosen, _kinds(record, chosen), compress is not None or zst


def _kinds(record: str | None, chosen: str) -> frozenset[str]:
    if record is None:
        return frozenset(USUAL[chosen])
    if record == "all":
        return frozenset(RECORDED)
    names = [each.strip() for each in record.split(",") if each.strip()]
    wrong = [each for each in names if each not in RECORDED]
    if wrong or not names:
        raise UsageError(
            f"--record takes some of {', '.join(RECORDED)}, or all.",
            f"'{wrong[0] if wrong else record}' was given.",
        )
    if chosen == "spike" and not {"insns", "regs", "mem"} <= set(names):
        raise UsageError(
            "The format spike has instructions, registers and memory.", attempt="Leave --record out."
        )
    return frozenset(names)
