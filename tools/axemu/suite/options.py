"""The options that `axemu suite run` and `axemu suite list` share: which cases, of what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH...", help="Folders, suite.toml, guest.toml; default: here."),
]
ProtocolOption = Annotated[
    str | None,
    typer.Option(
        "--protocol", help="Programs without a manifest are cases, and this is how they say their verdict."
    ),
]
IsaOption = Annotated[str | None, typer.Option("--isa", help="Of programs without a manifest.")]
MachineOption = Annotated[str | None, typer.Option("--machine", help="Of programs without a manifest.")]
CpuOption = Annotated[
    str | None, typer.Option("--cpu", help="Of programs without a manifest: MODEL[,zba=on...].")
]
BudgetOption = Annotated[
    str | None, typer.Option("--max-insns", metavar="N", help="Budget of programs without a manifest; 100M.")
]
KeywordOption = Annotated[
    str | None,
    typer.Option("-k", metavar="EXPR", help="Cases whose name has these words: 'hello and not arm'."),
]
TagOption = Annotated[
    list[str] | None, typer.Option("-t", "--tag", metavar="TAG", help="Cases with this tag; '!TAG': without.")
]
ShardOption = Annotated[
    str | None, typer.Option("--shard", metavar="I/N", help="Every N-th case, from the I-th.")
]
CovOption = Annotated[
    bool,
    typer.Option("--cov", help="Measure what each case executes: the sum, files of each case, pages."),
]
CovBranchesOption = Annotated[
    bool, typer.Option("--cov-branches", help="--cov with conditional branches too: taken, not taken.")
]
CovFolderOption = Annotated[
    Path | None,
    typer.Option(
        "--cov-dir",
        metavar="DIR",
        help="For --cov, --cov-branches and --select-changed; default: coverage in --results.",
    ),
]
ChangedOption = Annotated[
    tuple[Path, Path] | None,
    typer.Option(
        "--select-changed",
        metavar="OLD.elf NEW.elf",
        help="Only cases that executed a function that the two builds differ in, as --cov has recorded.",
    ),
]
FailedOption = Annotated[bool, typer.Option("-f", "--only-failed", help="What failed in the last run.")]
ResultsOption = Annotated[
    Path, typer.Option("--results", metavar="DIR", help="Where history and failures are kept.")
]
