"""The command. Exit codes: 0 every result as expected; 1 an unexpected failure or pass; 2 usage."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from conformance import qemu
from conformance.cases import Case, Result, find_cases
from conformance.reasons import reason_for
from conformance.report import Report, markdown, show, values
from conformance.workers import run_cases

app = typer.Typer(add_completion=False, help="Conformance suites on axemu, beside QEMU.")


@app.callback()
def suites() -> None:
    """Conformance suites on axemu, beside QEMU."""


@app.command("riscv-tests")
def riscv_tests(
    folder: Annotated[
        Path, typer.Argument(help="The folder that holds the built tests (rv64ui-p-add, ...).")
    ],
    only: Annotated[str, typer.Option("--only", "-k", help="Shell pattern of test names.")] = "*",
    with_qemu: Annotated[bool, typer.Option("--qemu", help="Run every test on QEMU too.")] = False,
    qemu_cpu: Annotated[str | None, typer.Option(help="QEMU's CPU model; default: QEMU's own.")] = None,
    jobs: Annotated[int, typer.Option("-j", help="Tests at a time.")] = os.cpu_count() or 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every result to this file.")] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
) -> None:
    """Run the built rv32 and rv64 tests: u{i,m,a,f,d,c}, mi and si, -p and -v.

    Example: python tools/conformance riscv-tests ../riscv-tests/isa --qemu
    """
    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is not a folder")
    cases = [case for case in find_cases(folder) if fnmatchcase(case.name, only)]
    if not cases:
        raise typer.BadParameter(
            f"{folder} holds no built test that matches {only!r}; build riscv-tests first"
        )
    from conformance.ours import run_case  # noqa: PLC0415  (heavy imports: not for --help)

    ours = collect("axemu", cases, run_cases(cases, run_case, jobs))
    theirs: dict[str, Result] = {}
    if with_qemu:
        theirs = beside(cases, partial(qemu.run_case, cpu=qemu_cpu), jobs)
    report = Report(ours, theirs, reason_for)
    if as_markdown:
        print("\n".join(markdown(report)))
    else:
        show(report, Console())
    if json_file is not None:
        content = {"axemu": values(list(ours.values())), "qemu": values(list(theirs.values()))}
        json_file.write_text(json.dumps(content, indent=1) + "\n")
    raise typer.Exit(1 if report.unexpected else 0)


@app.command("gdb")
def debuggers(
    isas: Annotated[
        list[str] | None, typer.Option("--isa", help="Instruction sets (repeatable); default: all.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="gdb-multiarch or lldb; default: both.")] = None,
    jobs: Annotated[int, typer.Option("-j", help="Sessions at a time.")] = 1,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
) -> None:
    """Debug a guest of every instruction set by script: gdb-multiarch and LLDB against `axemu gdb`. Fails where
    gdb does; LLDB does not know every instruction set.

    Example: python tools/conformance gdb --isa arm --only gdb-multiarch
    """
    from conformance import debugger_report  # noqa: PLC0415
    from conformance.debuggers import DEBUGGERS, GDB, ISAS, results  # noqa: PLC0415
    from conformance.sessions import installed, version_of  # noqa: PLC0415

    names = [each.name for each in DEBUGGERS]
    for name, known in (*((isa, ISAS) for isa in isas or []), *((each, names) for each in only or [])):
        if name not in known:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(known)}")
    chosen = [each for each in DEBUGGERS if not only or each.name in only]
    missing = [each.name for each in chosen if not installed(each.name)]
    if missing:
        raise typer.BadParameter(f"not installed; apt-get install {' '.join(missing)}")
    rows, good = isas or list(ISAS), True
    for debugger in chosen:
        with ThreadPoolExecutor(jobs) as pool:
            cells = dict(zip(rows, pool.map(partial(results, debugger), rows), strict=True))
        report = debugger_report.DebuggerReport(
            debugger.name, version_of(debugger.name), [task.name for task in debugger.tasks], cells
        )
        if as_markdown:
            print("\n".join(debugger_report.markdown(report)), end="\n\n")
        else:
            debugger_report.show(report, Console())
        good = good and (debugger is not GDB or not report.reasons)
    raise typer.Exit(0 if good else 1)


@app.command("dap")
def debug_adapter(
    schema: Annotated[Path, typer.Argument(help="debugAdapterProtocol.json, from the protocol's home.")],
    isas: Annotated[
        list[str] | None, typer.Option("--isa", help="Instruction sets (repeatable); default: all.")
    ] = None,
) -> None:
    """Hold every message of sessions with `axemu dap` against the protocol's schema.

    Example: python tools/conformance dap debugAdapterProtocol.json --isa riscv64
    """
    from conformance.adapter import ISAS, Schema, messages  # noqa: PLC0415

    for isa in isas or ():
        if isa not in ISAS:
            raise typer.BadParameter(f"{isa!r} is none of {', '.join(ISAS)}")
    try:
        known = Schema(schema)
    except ImportError:
        raise typer.BadParameter("the schema is read with jsonschema: pip install jsonschema") from None
    except (OSError, ValueError, KeyError) as error:
        raise typer.BadParameter(f"{schema} is not the protocol's schema: {error}") from None
    good = True
    for isa in isas or ISAS:
        sent = messages(isa)
        faults = sorted({fault for each in sent for fault in known.faults(each)})
        print(f"{isa}: {len(sent)} messages, {len(faults)} faults")
        for fault in faults:
            print(f"  {fault}")
        good = good and not faults
    raise typer.Exit(0 if good else 1)


@app.command("spike")
def spike(
    programs: Annotated[list[Path], typer.Argument(help="Built tests of riscv-tests, or their folder.")],
    simulator: Annotated[Path, typer.Option("--spike", help="The built Spike.")],
    only: Annotated[str, typer.Option("--only", "-k", help="Shell pattern of test names.")] = "*",
) -> None:
    """Compare traces of `axemu trace --format spike` with Spike's commit logs, line by line.

    Example: python tools/conformance spike --spike ../spike/build/spike ../riscv-tests/isa -k 'rv64ui-*'
    """
    from conformance.spike import run, table  # noqa: PLC0415

    if not os.access(simulator, os.X_OK) or simulator.is_dir():
        raise typer.BadParameter(f"{simulator} is no program; build riscv-isa-sim and give its spike")
    missing = [str(each) for each in programs if not each.exists()]
    if missing:
        raise typer.BadParameter(f"{', '.join(missing)}: no such file or folder")
    folders = {each if each.is_dir() else each.parent for each in programs}
    wanted = {each.absolute() for each in programs}
    cases = [
        case
        for folder in sorted(folders)
        for case in find_cases(folder)
        if fnmatchcase(case.name, only) and {case.path.absolute(), folder.absolute()} & wanted
    ]
    if not cases:
        raise typer.BadParameter(f"no built test among them that matches {only!r}; build riscv-tests first")
    results = []
    with TemporaryDirectory() as folder:
        for case in track(cases, description="Spike", console=Console(stderr=True), transient=True):
            results.append(run(case, simulator.absolute(), Path(folder)))
            if not results[-1].equal:
                print(f"{case.name}: {results[-1].trouble or results[-1].reason or 'the first difference:'}")
                print(results[-1].comparison.difference, flush=True)
    print("\n".join(table(results)))
    raise typer.Exit(0 if all(each.equal or each.reason for each in results) else 1)


def collect(title: str, cases: list[Case], results: Iterator[Result]) -> dict[str, Result]:
    """Every result by its test's name, with a progress bar on the way."""
    console = Console(stderr=True)
    bar = track(results, description=title, total=len(cases), console=console, transient=True)
    return {result.case.name: result for result in bar}


def beside(cases: list[Case], runner: Callable[[Case], Result], jobs: int) -> dict[str, Result]:
    """QEMU's results for the cases whose ISA's QEMU is installed."""
    wanted = [case for case in cases if qemu.available(case.isa)]
    with ThreadPoolExecutor(jobs) as pool:
        return collect("QEMU", wanted, pool.map(runner, wanted))


def main() -> int:
    """Run the command."""
    app(standalone_mode=True)
    return 0
