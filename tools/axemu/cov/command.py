"""`axemu cov`: coverage of a guest that was built with -g and nothing else; `axemu cov merge` adds several up."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from axemu.errors import UsageError
from axemu.options import SymbolsOption
from axemu.profile.borrowing import plan_for, with_options_of_run

if TYPE_CHECKING:
    from axemu.profile.session import Counted
    from axemu.report import Report
    from emu.machine import Machine

EXAMPLES = """Run a guest and say which of its lines and functions were executed. It needs debugging information (-g),
no instrumentation.

[dim]axemu cov guests/riscv64/workload[/]  a table by source file
[dim]axemu cov program.elf --lcov a.info[/]  then: genhtml a.info -o html
[dim]axemu cov program.elf --drcov a.drcov[/]  the blocks, for a disassembler; needs no -g
[dim]axemu cov merge a.info b.info -o all.info[/]  the sum of several runs

The options of `axemu run` serve here too; the guest's console is on standard output as there, before the table.
"""
MERGING = """Add up LCOV tracefiles: counts of the same lines and functions.

[dim]axemu cov merge a.info b.info -o all.info[/]
"""
_PANEL = "Coverage"


@with_options_of_run
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
    **options: Any,  # noqa: ANN401
) -> None:
    from axemu.profile.session import check_writable, counted  # noqa: PLC0415 - not for --help

    plan = plan_for(options, quiet=False)
    outputs = {"lcov": lcov, "cobertura": cobertura, "drcov": drcov}
    for path in outputs.values():
        if path is not None:
            check_writable(path, "the coverage")
    named = tuple(symbols or ())
    made: dict[str, bytes] = {}
    text: list[str] = []

    def check(machine: Machine) -> None:
        if not named and (drcov is None or lcov is not None or cobertura is not None):
            _check_debuggable(machine)

    def use(found: Counted) -> None:
        text.extend(_use(found, made))

    def finish(report: Report) -> None:
        from axemu.profile.session import write  # noqa: PLC0415

        for name, path in outputs.items():
            if path is not None:
                write(path, made[name], "the coverage")
        sys.stdout.write("\n".join(text) + "\n")
        sys.stdout.flush()

    raise typer.Exit(counted(plan, named, check, use, finish))


def merge(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="LCOV tracefiles.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The sum of them.")],
) -> None:
    from axemu.cov import lcov  # noqa: PLC0415
    from axemu.cov.coverage import Coverage  # noqa: PLC0415
    from axemu.cov.summary import table  # noqa: PLC0415
    from axemu.profile.session import write  # noqa: PLC0415

    whole = Coverage()
    for path in files:
        whole.add(lcov.read(path))
    write(output, lcov.written(whole).encode(), "the coverage")
    for line in table(whole):
        typer.echo(line)


def _check_debuggable(machine: Machine) -> None:
    """Raises UsageError."""
    from emu.debug.programs import infos_of  # noqa: PLC0415

    if not any(infos_of(machine)):
        files = ", ".join(f"'{path}'" for path in machine.files) or "nothing that is loaded"
        raise UsageError(
            "cov expects a guest with debugging information (DWARF).",
            f"There is none in {files}.",
            "Build it with -g and do not strip it; or name the program that has it with --symbols FILE[@BASE]; "
            "--drcov FILE alone needs none.",
        )


def _use(found: Counted, made: dict[str, bytes]) -> list[str]:
    """The files' contents into `made`; the table."""
    from axemu.cov import cobertura, drcov, lcov  # noqa: PLC0415
    from axemu.cov.coverage import Paths, coverage  # noqa: PLC0415
    from axemu.cov.summary import table  # noqa: PLC0415
    from axemu.profile.session import source_of  # noqa: PLC0415
    from emu.debug.programs import elf_files  # noqa: PLC0415

    paths = Paths(source_of(found))
    whole = coverage(found.executions, found.debugger.info, found.debugger.symbols, paths)
    made["lcov"] = lcov.written(whole).encode()
    made["cobertura"] = cobertura.written(whole, seconds=int(time.time()))
    modules = drcov.modules_of(elf_files(found.debugger.machine))
    made["drcov"], outside = drcov.written(found.executions, found.layouts, modules)
    notes = [f"{outside:,} blocks are in no ELF file and not in the drcov file"] if outside else []
    return [*(table(whole) if whole.files else ()), *notes]
