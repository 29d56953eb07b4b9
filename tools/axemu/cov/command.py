"""`axemu cov`: coverage of a guest that was built with -g and nothing else; `axemu cov merge` adds several up."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from axemu.cov.judge import Judge
from axemu.errors import UsageError
from axemu.inherited import with_options_of_run
from axemu.options import SymbolsOption
from axemu.run import plan_of

if TYPE_CHECKING:
    from axemu.cov.coverage import Coverage
    from axemu.profile.session import Counted
    from axemu.report import Report
    from emu.debug.info import DebugInfos
    from emu.machine import Machine

EXAMPLES = """Run a guest and say which of its lines and functions were executed. It needs debugging information (-g),
no instrumentation.

[dim]axemu cov guests/riscv64/workload[/]  a table by source file
[dim]axemu cov program.elf --lcov a.info[/]  then: genhtml a.info -o html
[dim]axemu cov program.elf --branches --html report[/]  pages for a browser, with branches
[dim]axemu cov program.elf --drcov a.drcov[/]  the blocks, for a disassembler; needs no -g
[dim]axemu cov program.elf --changed-since main --fail-under 80[/]  of what has changed
[dim]axemu cov merge a.info b.info -o all.info[/]  the sum of several runs

The options of `axemu run` serve here too; the guest's console is on standard output as there, before the table.
"""
MERGING = """Add up LCOV tracefiles: counts of the same lines and functions.

[dim]axemu cov merge a.info b.info -o all.info[/]
"""
_PANEL = "Coverage"
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--changed-since",
        metavar="REV",
        help="Say which lines of `git diff REV` ran, and which did not.",
        rich_help_panel=_PANEL,
    ),
]
UnderOption = Annotated[
    float | None,
    typer.Option(
        "--fail-under",
        metavar="PERCENT",
        min=0,
        max=100,
        help="Exit code 1 where fewer lines ran, of those of --changed-since or of all.",
        rich_help_panel=_PANEL,
    ),
]


@with_options_of_run(without=("gdb", "freeze", "json"))
def cov(
    symbols: SymbolsOption = None,
    lcov: Annotated[
        Path | None,
        typer.Option(
            "--lcov", metavar="FILE", help="An LCOV tracefile: for genhtml.", rich_help_panel=_PANEL
        ),
    ] = None,
    cobertura: Annotated[
        Path | None,
        typer.Option(
            "--cobertura", metavar="FILE", help="XML, as CI systems read it.", rich_help_panel=_PANEL
        ),
    ] = None,
    drcov: Annotated[
        Path | None,
        typer.Option(
            "--drcov", metavar="FILE", help="Blocks, as disassemblers read them.", rich_help_panel=_PANEL
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="DIR", help="Pages for a browser.", rich_help_panel=_PANEL),
    ] = None,
    branches: Annotated[
        bool,
        typer.Option(
            "--branches", help="Conditional branches too: taken, not taken.", rich_help_panel=_PANEL
        ),
    ] = False,
    changed_since: SinceOption = None,
    fail_under: UnderOption = None,
    **options: Any,  # noqa: ANN401
) -> None:
    from axemu.cov import pages  # noqa: PLC0415 - not for --help
    from axemu.files import check_writable, write_whole  # noqa: PLC0415
    from axemu.profile.session import counted  # noqa: PLC0415

    plan = plan_of(**options)
    given = {"lcov": lcov, "cobertura": cobertura, "drcov": drcov}
    outputs = {name: path for name, path in given.items() if path is not None}
    for path in outputs.values():
        check_writable(path, "write the coverage")
    if html is not None:
        pages.check(html)
    named = tuple(symbols or ())
    from axemu.cov.coverage import Coverage  # noqa: PLC0415

    judge = Judge.of(changed_since, fail_under)
    blocks_alone = set(outputs) == {"drcov"} and not judge.asked and html is None
    made: dict[str, bytes] = {}
    text: list[str] = []
    whole = Coverage()

    def check(machine: Machine) -> None:
        if not named and not blocks_alone:
            from emu.debug.programs import infos_of  # noqa: PLC0415

            _check_debuggable(infos_of(machine), machine.files)

    def use(found: Counted) -> None:
        if not blocks_alone:
            _check_debuggable(found.debugger.info, found.debugger.machine.files)
        whole.add(_measured(found))
        text.extend(_use(found, whole, set(outputs), made, judge))

    def finish(report: Report) -> None:
        for name, path in outputs.items():
            write_whole(path, made[name], "write the coverage")
        if html is not None:
            pages.write(whole, html)
        sys.stdout.write("".join(f"{line}\n" for line in text))
        sys.stdout.flush()

    code = counted(plan, named, check, use, finish, branches=branches)
    raise typer.Exit(code or judge.exit_code())


def merge(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="LCOV tracefiles.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The sum of them.")],
    html: Annotated[Path | None, typer.Option("--html", metavar="DIR", help="Pages for a browser.")] = None,
    changed_since: SinceOption = None,
    fail_under: UnderOption = None,
) -> None:
    from axemu.cov import lcov, pages  # noqa: PLC0415
    from axemu.cov.coverage import Coverage  # noqa: PLC0415
    from axemu.cov.summary import table  # noqa: PLC0415
    from axemu.files import write_whole  # noqa: PLC0415

    judge = Judge.of(changed_since, fail_under)
    if html is not None:
        pages.check(html)
    whole = Coverage()
    for path in files:
        whole.add(lcov.read(path))
    write_whole(output, lcov.written(whole).encode(), "write the coverage")
    if html is not None:
        pages.write(whole, html)
    for line in (*table(whole), *judge.text(whole)):
        typer.echo(line)
    raise typer.Exit(judge.exit_code())


def _check_debuggable(infos: DebugInfos, paths: Sequence[Path]) -> None:
    """Raises UsageError."""
    if not any(infos):
        files = ", ".join(f"'{path}'" for path in paths) or "nothing that is loaded"
        raise UsageError(
            "cov expects a guest with debugging information (DWARF).",
            f"There is none in {files}.",
            "Build it with -g and do not strip it; or name the program that has it with --symbols FILE[@BASE]; "
            "--drcov FILE alone needs none.",
        )


def _measured(found: Counted) -> Coverage:
    from axemu.cov.branches import Falls  # noqa: PLC0415
    from axemu.cov.coverage import Names, Paths, Program, coverage  # noqa: PLC0415
    from axemu.profile.session import source_of  # noqa: PLC0415

    debugger = found.debugger
    names, paths = Names(debugger.symbols, debugger.machine.isa), Paths(source_of(found))
    counts = debugger.machine.block_counts
    falls = Falls(counts) if counts.falls is not None else None
    programs = [Program(info, names, paths, branches=falls is not None) for info in debugger.info]
    return coverage(found.executions, programs, falls)


def _use(
    found: Counted, whole: Coverage, wanted: set[str], made: dict[str, bytes], judge: Judge
) -> list[str]:
    """The contents of the files that are wanted into `made`; the table."""
    from axemu.cov import cobertura, drcov, lcov  # noqa: PLC0415
    from axemu.cov.summary import table  # noqa: PLC0415

    debugger, notes = found.debugger, []
    if "lcov" in wanted:
        made["lcov"] = lcov.written(whole).encode()
    if "cobertura" in wanted:
        made["cobertura"] = cobertura.written(whole, seconds=int(time.time()))
    if "drcov" in wanted:
        modules = drcov.modules_of(debugger.info)
        made["drcov"], outside = drcov.written(found.executions, found.layouts, modules)
        if outside:
            notes.append(f"{outside:,} blocks are in no ELF file and not in the drcov file")
    return [*(table(whole) if whole.files else ()), *judge.text(whole), *notes]
