"""`axemu suite`: run, list, report."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from axemu import screens, version
from axemu.compilation import announced
from axemu.errors import UsageError
from axemu.quantities import count, duration
from axemu.suite import history, selection
from axemu.suite.case import Case
from axemu.suite.options import (
    BudgetOption,
    ChangedOption,
    CovBranchesOption,
    CovFolderOption,
    CovOption,
    CpuOption,
    FailedOption,
    IsaOption,
    KeywordOption,
    MachineOption,
    Paths,
    ProtocolOption,
    ResultsOption,
    ShardOption,
    TagOption,
)
from axemu.suite.report_command import report
from axemu.suite.result import Ended, Result, Run, Verdict
from axemu.suite.watcher import Watcher

if TYPE_CHECKING:
    from axemu.suite.coverage.keeper import Keeper
    from axemu.suite.runner import Engine

EXAMPLES = """Run guest regression suites: folders with suite.toml and guest.toml, or of programs alone.

[dim]axemu suite run guests -j 2 --verify-determinism[/]  every guest, twice, two at a time
[dim]axemu suite run riscv-tests/isa --protocol tohost[/]  programs without a manifest
[dim]axemu suite run -f[/]  what failed last time

Exit codes: 0 all passed (xfail and skip count as passed), 1 something failed, 2 usage, 130 interrupted.
"""
INTERRUPTED = 130

app = typer.Typer(
    help="Guest regression suites: run, list, report.", no_args_is_help=True, rich_markup_mode="rich"
)
app.command("report")(report)
LAST = "last.jsonl"
COVERAGE = "coverage"
BUDGET = 100_000_000  # instructions of a program without a manifest


@app.command("run", help=EXAMPLES)
def run(
    paths: Paths = None,
    jobs: Annotated[
        int, typer.Option("-j", "--jobs", min=1, max=256, help="Guests at a time.")
    ] = os.cpu_count() or 1,
    keyword: KeywordOption = None,
    tags: TagOption = None,
    shard: ShardOption = None,
    only_failed: FailedOption = False,
    protocol: ProtocolOption = None,
    isa: IsaOption = None,
    machine: MachineOption = None,
    cpu: CpuOption = None,
    max_insns: BudgetOption = None,
    exit_first: Annotated[
        bool, typer.Option("-x", "--exit-first", help="Stop at the first failure.")
    ] = False,
    max_failures: Annotated[
        int, typer.Option("--max-failures", min=0, help="Stop after so many; 0: never.")
    ] = 0,
    timeout: Annotated[
        str | None,
        typer.Option("--timeout", metavar="TIME", help="Host time for a case that says nothing; 60s."),
    ] = None,
    retry: Annotated[int, typer.Option("--retry", min=0, help="Run a failed case again; hides flakes.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="For entropy devices and --order random.")] = 0,
    order: Annotated[str, typer.Option("--order", help="smart, manifest or random.")] = "smart",
    verify: Annotated[
        bool, typer.Option("--verify-determinism", help="Run each case twice; a difference is a verdict.")
    ] = False,
    slicing: Annotated[
        bool, typer.Option("--slicing", help="With --verify-determinism: cut the second run otherwise.")
    ] = False,
    update_golden: Annotated[
        bool, typer.Option("--update-golden", help="Write the files of console_file anew.")
    ] = False,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="JUnit XML.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="A JSON object a line.")
    ] = None,
    tap: Annotated[Path | None, typer.Option("--tap", metavar="FILE", help="TAP version 14.")] = None,
    cov: CovOption = False,
    cov_branches: CovBranchesOption = False,
    cov_dir: CovFolderOption = None,
    select_changed: ChangedOption = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="One page, for a browser.")
    ] = None,
    results: ResultsOption = history.FOLDER,
    engine: Annotated[str, typer.Option("--engine", help="local, or dask for several machines.")] = "local",
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="ADDRESS", help="Of --engine dask.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("-y", "--dry-run", "--list", help="Say what would run.")] = False,
    verbose: Annotated[int, typer.Option("-v", count=True, help="A line for every case.")] = 0,
) -> None:
    if engine == "local" and not dry_run:
        from axemu.suite.forkserver import warm  # noqa: PLC0415

        warm()
    from axemu.suite.orders import TIMEOUT, Orders, Terms  # noqa: PLC0415
    from axemu.suite.runner import Plan  # noqa: PLC0415
    from axemu.suite.runner import run as run_plan  # noqa: PLC0415
    from emu.natives import compile_for  # noqa: PLC0415 - imports LLVM

    where = paths or [Path()]
    if engine != "local" and update_golden:
        raise UsageError("--update-golden is of --engine local.", f"The engine is {engine!r}.")
    cov = cov or cov_branches
    if engine != "local" and cov:
        raise UsageError("--cov is of --engine local.", f"The engine is {engine!r}.")
    if order not in selection.ORDERS:
        raise UsageError(f"--order takes {', '.join(selection.ORDERS)}.", f"Got {order!r}.")
    with history.opened(results) as folder:
        past = history.read(folder)
        bare = bare_case(protocol, isa, machine, cpu, max_insns)
        cases = chosen(where, bare, keyword, tags, shard)
        if only_failed:
            cases = tuple(case for case in cases if case.name in past and not past[case.name].good)
            if not cases:
                raise UsageError(
                    "-f runs what failed last time, and nothing did.", f"The history is in {results}."
                )
        if select_changed is not None:
            cases = of_changed(cases, cov_dir or folder / COVERAGE, *select_changed)
        cases = selection.ordered(cases, order, past, seed)
        if dry_run:
            show(cases, as_json=False)
            return
        cases, given = without_run(cases)
        header = Run(
            title=" ".join(str(path) for path in where),
            command=shlex.join(["axemu", *sys.argv[1:]]),
            axemu=version(),
            host=f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}",
            begun=time.time(),
            seed=seed,
            total=len(cases) + len(given),
            workers=jobs,
        )
        orders = Orders(
            Terms(timeout=duration(timeout, "--timeout") if timeout is not None else TIMEOUT, seed=seed),
            verify=verify,
            slicing=slicing,
            update_golden=update_golden,
            bundles=(folder / "bundles").resolve(),
            coverage=cov,
            branches=cov_branches,
        )
        keeper = kept(cov_dir or folder / COVERAGE, cases) if cov else None
        stop_after = 1 if exit_first else max_failures
        keep = None if keeper is None else keeper.keep
        plan = Plan(header, cases, orders, jobs, stop_after, retry, given, keep)
        files = {"--json": json_file, "--junit": junit, "--tap": tap, "--html": html}
        if engine == "local":
            with announced(Console(stderr=True, highlight=False)):
                compile_for({(case.guest.isa, case.guest.cpu) for case in cases})
        ended = run_plan(plan, engine_for(engine, scheduler), watchers_for(folder, verbose, files))
        history.write(folder, past, ended.results)
        if keeper is not None:
            told(keeper)
    raise typer.Exit(exit_code(ended))


@app.command("list")
def list_cases(
    paths: Paths = None,
    keyword: KeywordOption = None,
    tags: TagOption = None,
    shard: ShardOption = None,
    protocol: ProtocolOption = None,
    isa: IsaOption = None,
    machine: MachineOption = None,
    cpu: CpuOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list.")] = False,
) -> None:
    """List the cases of suites, without running them.

    Example: axemu suite list guests -k 'hello and not arm'
    """
    bare = bare_case(protocol, isa, machine, cpu, None)
    show(chosen(paths or [Path()], bare, keyword, tags, shard), as_json=as_json)


def chosen(
    paths: Sequence[Path],
    bare: Mapping[str, Any] | None,
    keyword: str | None,
    tags: list[str] | None,
    shard: str | None,
) -> tuple[Case, ...]:
    """The cases that were asked for. Raises UsageError where that is none."""
    from axemu.suite.manifest import collect  # noqa: PLC0415

    cases = collect(paths, bare, Path.cwd())
    everything = len(cases)
    if keyword is not None:
        wanted = selection.expression(keyword)
        cases = tuple(case for case in cases if wanted(case))
    if tags:
        cases = selection.tagged(cases, tags)
    if shard is not None:
        cases = selection.sharded(cases, shard)
    if not cases:
        raise UsageError("No case is left to run.", f"Of {everything} cases, -k, -t and --shard take none.")
    return cases


def bare_case(
    protocol: str | None, isa: str | None, machine: str | None, cpu: str | None, max_insns: str | None
) -> Mapping[str, Any] | None:
    """What is said of programs that no manifest describes, None where they are no cases."""
    from emu.guest import PROTOCOLS  # noqa: PLC0415

    said = {"isa": isa, "machine": machine, "cpu": cpu}
    if protocol is None:
        for option, value in (*said.items(), ("max-insns", max_insns)):
            if value is not None:
                raise UsageError(
                    f"--{option} is for programs without a manifest, with --protocol.", f"Got {value!r}."
                )
        return None
    if protocol not in PROTOCOLS:
        raise UsageError(f"--protocol takes {', '.join(PROTOCOLS)}.", f"Got {protocol!r}.")
    budget = BUDGET if max_insns is None else count(max_insns, "--max-insns")
    return {
        "protocol": protocol,
        "expect": {"max_instructions": budget},
        **{key: value for key, value in said.items() if value is not None},
    }


def without_run(cases: tuple[Case, ...]) -> tuple[tuple[Case, ...], tuple[Result, ...]]:
    """The cases to run, and results of those that need no run: skipped, or not built."""
    from axemu.suite.fixtures import build  # noqa: PLC0415
    from axemu.suite.orders import described  # noqa: PLC0415

    skipped = {case.name: reason for case in cases if (reason := selection.skip_reason(case))}
    wanted = tuple(case for case in cases if case.name not in skipped)
    unbuilt = build(wanted)
    given = []
    for case in cases:
        if case.name in skipped:
            result = Result(case.name, Verdict.SKIP, skipped[case.name])
        elif case.name in unbuilt:
            result = Result(case.name, Verdict.ERROR, unbuilt[case.name], (unbuilt[case.name],))
        else:
            continue
        given.append(described(case, result, 0))
    return tuple(case for case in wanted if case.name not in unbuilt), tuple(given)


def watchers_for(folder: Path, verbose: int, files: Mapping[str, Path | None]) -> list[Watcher]:
    """The display, the stored run, and the reports that were asked for. Raises what cannot be written, at once."""
    from axemu.files import check_writable  # noqa: PLC0415
    from axemu.suite.reports import html, jsonl, junit, live, tap  # noqa: PLC0415

    kinds: Mapping[str, Callable[[Path], Watcher]] = {
        "--json": jsonl.JsonLines,
        "--junit": junit.JUnit,
        "--tap": tap.Tap,
        "--html": html.Html,
    }
    made: list[Watcher] = [
        live.display(sys.stderr, os.environ, verbose=bool(verbose)),
        jsonl.JsonLines(folder / LAST),
    ]
    for option, path in files.items():
        if path is not None:
            check_writable(path, f"write the {option} report")
            made.append(kinds[option](path))
    return made


def engine_for(name: str, scheduler: str | None) -> Engine:
    """Where cases run."""
    from axemu.suite.runner import Pool  # noqa: PLC0415

    if name == "local":
        if scheduler is not None:
            raise UsageError("--scheduler is of --engine dask.", f"The engine is {name!r}.")
        return Pool()
    if name == "dask":
        from axemu.suite.cluster.engine import connected  # noqa: PLC0415

        if scheduler is None:
            raise UsageError("--engine dask needs --scheduler ADDRESS.", "", "Start one with: dask scheduler")
        return connected(scheduler)
    raise UsageError("--engine takes local or dask.", f"Got {name!r}.")


def of_changed(cases: tuple[Case, ...], folder: Path, old: Path, new: Path) -> tuple[Case, ...]:
    """Those that a change from `old` to `new` concerns; says which, and why."""
    from axemu.suite.changed.choice import choose  # noqa: PLC0415

    choice = choose(cases, folder / "tests", old, new)
    for line in choice.lines():
        sys.stderr.write(f"axemu: {line}\n")
    return tuple(case for case, _ in choice.chosen)


def kept(folder: Path, cases: Sequence[Case]) -> Keeper:
    """Who takes what the cases execute."""
    from axemu.suite.coverage.keeper import Keeper  # noqa: PLC0415

    return Keeper(folder, {case.name: case for case in cases})


def told(keeper: Keeper) -> None:
    """Write the sum, and say it. Raises InputUnreadable."""
    for line in keeper.finish(seconds=int(time.time())):
        sys.stdout.write(f"{line}\n")


def show(cases: Sequence[Case], *, as_json: bool) -> None:
    """The list of cases."""
    if as_json:
        screens.print_json(
            [
                {
                    "name": case.name,
                    "summary": case.guest.summary,
                    "isa": case.guest.isa,
                    "machine": case.guest.machine,
                    "protocol": case.guest.protocol,
                    "tags": list(case.tags),
                    "parameters": dict(case.parameters),
                    "manifest": str(case.manifest),
                    "xfail": case.guest.expect.xfail,
                    "skip": selection.skip_reason(case),
                }
                for case in cases
            ]
        )
        return
    table = screens.table("case", "isa", "machine", "tags", "summary")
    for case in cases:
        skip = selection.skip_reason(case)
        marks = [*case.tags, *(["xfail"] if case.guest.expect.xfail else []), *(["skip"] if skip else [])]
        summary = skip or case.guest.summary
        table.add_row(
            escape(case.name),
            case.guest.isa,
            case.guest.machine or "",
            escape(" ".join(marks)),
            escape(summary),
        )
    console = screens.standard_output()
    console.print(table)
    console.print(f"{len(cases)} case{'' if len(cases) == 1 else 's'}")


def exit_code(ended: Ended) -> int:
    if not ended.good:
        return 1
    return INTERRUPTED if ended.interrupted else 0
