"""`axemu trace` and `axemu debug`: a guest on the full screen, with the options of `axemu run`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Annotated, Any, Final

import typer

from axemu.errors import UsageError
from axemu.inherited import with_options_of_run
from axemu.options import Request, SymbolsOption
from axemu.run import plan_of, request_of
from axemu.traces.options import (
    CompressOption,
    CountOption,
    ForceOption,
    FormatOption,
    FromOption,
    LevelOption,
    OnlyOption,
    OutputOption,
    PlainOption,
    RecordOption,
    StartOption,
    StopOption,
    ToOption,
    VcpuOption,
)

NOT_HERE: Final = ("verbose", "json", "log", "log_file", "dump_memory", "exit_code", "timeout", "hook")
"""Options of `axemu run` about a run's report."""
RECORDING: Final = ("timeout", "hook")
"""Those that go with --plain nevertheless."""
INSTEAD: Final = "`axemu gdb` serves a debugger, `axemu run -d exits` prints a trace."
DUMB: Final = ("dumb", "unknown", "")
RunOption = Annotated[
    bool, typer.Option("--run", help="Run at once, instead of frozen at the first instruction.")
]
DemoOption = Annotated[
    bool, typer.Option("--demo", help="A guest that comes with axemu: nothing else is needed.")
]
ThemeOption = Annotated[str | None, typer.Option("--theme", metavar="NAME", help="dark, light, mono.")]


@with_options_of_run(without=tuple(each for each in NOT_HERE if each not in RECORDING))
def trace(
    run: RunOption = False,
    demo: DemoOption = False,
    symbols: SymbolsOption = None,
    theme: ThemeOption = None,
    plain: PlainOption = False,
    output: OutputOption = None,
    format: FormatOption = None,
    record: RecordOption = None,
    only: OnlyOption = None,
    level: LevelOption = None,
    vcpu: VcpuOption = None,
    first: FromOption = None,
    end: ToOption = None,
    count: CountOption = None,
    start_at: StartOption = None,
    stop_at: StopOption = None,
    compress: CompressOption = None,
    force: ForceOption = False,
    **options: Any,  # noqa: ANN401
) -> None:
    """Watch and debug a guest on the full screen, frozen at its first instruction; c runs it, ? helps. With --plain,
    record what it does into a file instead.

    [dim]axemu trace guests/riscv64/crash[/]  from a crash to its cause
    [dim]axemu trace --demo[/]  without a guest of one's own
    [dim]axemu trace --plain guests/riscv64/hello -o -[/]  every instruction, as text
    [dim]axemu trace --plain guests/riscv64/hello --record all -o hello.parquet[/]  for `axemu trace query` and others
    """
    recorded = {
        "output": output, "format": format, "record": record, "only": only, "level": level, "vcpu": vcpu,
        "first": first, "end": end, "count": count, "start_at": start_at, "stop_at": stop_at,
        "compress": compress, "force": force or None,
    }  # fmt: skip
    if plain:
        raise typer.Exit(_record(recorded, options, symbols))
    if any(value is not None for value in recorded.values()):
        raise UsageError("-o and the options of a recording go with --plain.", attempt="Add --plain.")
    if options.pop("timeout") is not None:
        raise UsageError("--timeout goes with --plain.", attempt="Quit the tracer with q.")
    if options.pop("hook") is not None:
        raise UsageError("--hook goes with --plain.", attempt="Try: axemu run --hook FILE GUEST")
    raise typer.Exit(start(options, run=run, demo=demo, symbols=symbols, theme=theme))


@with_options_of_run(without=NOT_HERE)
def debug(
    run: RunOption = False,
    demo: DemoOption = False,
    symbols: SymbolsOption = None,
    theme: ThemeOption = None,
    **options: Any,  # noqa: ANN401
) -> None:
    """As `axemu trace`: the full screen, frozen at the first instruction.

    [dim]axemu debug -kernel Image -smp 2[/]  spelled as for QEMU
    """
    raise typer.Exit(start(options, run=run, demo=demo, symbols=symbols, theme=theme))


def _record(recorded: dict[str, Any], options: dict[str, Any], symbols: list[str] | None) -> int:
    from axemu.traces.options import TraceRequest, plain_options  # noqa: PLC0415
    from axemu.traces.options import request_of as recording_of  # noqa: PLC0415
    from axemu.traces.session import record  # noqa: PLC0415 - `axemu --help` must not pay for it

    options = {name: value for name, value in options.items() if name not in ("gdb", "freeze")}
    numbers = {
        "vcpu": recorded["vcpu"],
        "from": recorded["first"],
        "to": recorded["end"],
        "count": recorded["count"],
    }
    output, format, kinds, compressed = recording_of(
        recorded["output"], recorded["format"], recorded["record"], recorded["compress"], numbers
    )
    request = TraceRequest(
        output=output,
        format=format,
        record=kinds,
        compress=compressed,
        force=bool(recorded["force"]),
        only=tuple(recorded["only"] or ()),
        level=recorded["level"],
        vcpu=recorded["vcpu"],
        first=recorded["first"] or 0,
        end=recorded["end"],
        count=recorded["count"],
        start_at=recorded["start_at"],
        stop_at=recorded["stop_at"],
        options=plain_options(
            {**options, **recorded, "from": recorded["first"], "to": recorded["end"], "symbols": symbols},
            without=("first", "end"),
        ),
    )
    return record(plan_of(**options), request, tuple(symbols or ()))


def start(
    options: dict[str, Any], *, run: bool, demo: bool, symbols: list[str] | None, theme: str | None
) -> int:
    """The exit code."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "The tracer needs a terminal, and standard input or output is none.", attempt=INSTEAD
        )
    if os.environ.get("TERM") in DUMB:
        raise UsageError(
            f"The tracer needs a terminal whose cursor can be moved, and TERM is '{os.environ['TERM']}'.",
            attempt=f"Where the terminal can do more: TERM=xterm-256color axemu trace ... {INSTEAD}",
        )
    for name in ("gdb", "freeze"):  # it is frozen, and serves nobody
        options.pop(name)
    request = request_of(**options)
    if demo:
        request = _demo(request)
    from axemu.tracer.launch import launch  # noqa: PLC0415 - `axemu --help` must not pay for it

    return launch(request, run=run, theme=theme, symbols=tuple(symbols or ()))


def _demo(request: Request) -> Request:
    """The guest of `axemu examples hello`."""
    from pathlib import Path  # noqa: PLC0415

    from axemu.examples.example import Setting  # noqa: PLC0415
    from axemu.examples.hello import BASE, arguments  # noqa: PLC0415
    from isa.cache import base  # noqa: PLC0415

    program = arguments(Setting({}, base() / "examples" / "hello", False, None))[-1]
    return replace(request, guest=Path(program), isa="riscv64", machine="bare", base=hex(BASE))
