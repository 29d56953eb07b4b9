"""`axemu dap`: a guest that an editor debugs."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from axemu.errors import UsageError
from axemu.gdbserver import address
from axemu.inherited import with_options_of_run
from axemu.options import SymbolsOption
from axemu.run import plan_of

if TYPE_CHECKING:
    from axemu.tracer.guest import TracedGuest

EXAMPLES = """Serve an editor that speaks the Debug Adapter Protocol: VS Code, Neovim, Emacs, Helix.

[dim]axemu dap[/]  on standard input and output: this is what an editor starts; it says what to run (launch)
[dim]axemu dap --port 4711[/]  at a port of this host; clients come one after another
[dim]axemu dap --port 4711 -kernel u-boot.elf[/]  with a guest, frozen at its first instruction: for attach

docs/dap.md has the settings of each editor.
"""
HOST: Final = "127.0.0.1"
NOT_HERE: Final = ("verbose", "json", "log", "log_file", "dump_memory", "timeout", "gdb", "freeze")
_PANEL = "Debugger"
PortOption = Annotated[
    str | None,
    typer.Option(
        "--port",
        metavar="N",
        help="Listen there instead of standard input. 0 takes any free port, which is printed.",
        rich_help_panel=_PANEL,
    ),
]
ListenOption = Annotated[
    str | None,
    typer.Option(
        "--listen",
        metavar="HOST[:PORT]",
        help="Default: 127.0.0.1. Whoever reaches it owns this account: there is no password.",
        rich_help_panel=_PANEL,
    ),
]
OnceOption = Annotated[
    bool, typer.Option("--once", help="End when the first client leaves.", rich_help_panel=_PANEL)
]
RunningOption = Annotated[
    bool, typer.Option("--running", help="Let the guest run until a client comes.", rich_help_panel=_PANEL)
]

ConsoleOption = Annotated[str | None, typer.Option("--console-at", metavar="SOCKET", hidden=True)]


@with_options_of_run(without=NOT_HERE)
def dap(
    port: PortOption = None,
    listen: ListenOption = None,
    once: OnceOption = False,
    running: RunningOption = False,
    symbols: SymbolsOption = None,
    console_at: ConsoleOption = None,
    **options: Any,  # noqa: ANN401
) -> None:
    if console_at is not None:
        from axemu.dap.relay import relay  # noqa: PLC0415 - for this alone

        raise typer.Exit(relay(console_at))
    place = _place(port, listen)
    if place is None and os.isatty(0):
        raise UsageError(
            "axemu dap speaks a protocol for programs on standard input and output.",
            "Standard input is a terminal.",
            "Let an editor start it (docs/dap.md), or serve one at a port: axemu dap --port 4711",
        )
    has_guest = any(options.values()) or bool(symbols)
    if running and not has_guest:
        raise UsageError("--running lets a GUEST run until a client comes.", "There is none.", "Name one.")
    raise typer.Exit(_serve(place, options if has_guest else None, tuple(symbols or ()), once, running))


def _place(port: str | None, listen: str | None) -> tuple[str, int] | None:
    """Where to listen; None for standard input and output."""
    if port is None and listen is None:
        return None
    host, number = listen or HOST, None
    if listen is not None and (listen.count(":") == 1 or "]:" in listen):
        host, _, text = listen.rpartition(":")
        number = address.port(text, "--listen")
    if port is not None:
        if number is not None:
            raise UsageError("There can be one port.", "--listen and --port name one each.")
        number = address.port(port, "--port")
    if number is None:
        raise UsageError("--listen expects HOST:PORT.", f"It got '{listen}'.", "Add --port N.")
    return host.strip("[]") or HOST, number


def _serve(
    place: tuple[str, int] | None,
    options: dict[str, Any] | None,
    symbols: tuple[str, ...],
    once: bool,
    running: bool,
) -> int:
    from axemu.dap.server import Terminated, serve_streams  # noqa: PLC0415 - not for --help
    from axemu.signals import die_of  # noqa: PLC0415

    with ExitStack() as stack:
        try:
            if place is not None:
                return _listen(stack, place, options, symbols, once, running)
            serve_streams(_guest(stack, options, symbols, running))
        except KeyboardInterrupt:
            return 130
        except Terminated as ended:
            stack.close()
            die_of(ended.number)
    return 0


def _listen(
    stack: ExitStack,
    place: tuple[str, int],
    options: dict[str, Any] | None,
    symbols: tuple[str, ...],
    once: bool,
    running: bool,
) -> int:
    from rich.console import Console  # noqa: PLC0415

    from axemu.dap.server import Server, ended_by_signals  # noqa: PLC0415
    from axemu.listening import listen  # noqa: PLC0415

    screen = Console(stderr=True, highlight=False, soft_wrap=True)
    listener = listen(*place)
    held = _guest(stack, options, symbols, running)

    def say(text: str) -> None:
        screen.print(f"[dim]axemu:[/] {text}", markup=True)

    host, number = listener.getsockname()[:2]
    shown = f"[{host}]:{number}" if ":" in host else f"{host}:{number}"
    waits = "" if held is None else "; the guest runs" if running else "; the guest waits, frozen"
    say(f"DAP server at {shown}{waits}")
    with ended_by_signals():
        Server(listener, held, once=once, say=say).serve()
    return 0


def _guest(
    stack: ExitStack, options: dict[str, Any] | None, symbols: tuple[str, ...], running: bool
) -> TracedGuest | None:
    if options is None:
        return None
    from rich.console import Console  # noqa: PLC0415

    from axemu import compilation  # noqa: PLC0415
    from axemu.dap.configuration import Launch  # noqa: PLC0415
    from axemu.dap.starting import made  # noqa: PLC0415

    plan = plan_of(**options)
    if options["max_insns"] is None:
        plan = plan.unlimited()
    with compilation.announced(Console(stderr=True)):
        guest = stack.enter_context(made(Launch(plan, symbols)))
    if running:
        guest.run(lambda debugger: debugger.go())
    return guest
