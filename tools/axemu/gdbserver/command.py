"""`axemu gdb`: a guest that gdb or LLDB debugs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from axemu.errors import UsageError
from axemu.gdbserver import address
from axemu.inherited import with_options_of_run
from axemu.run import plan_of, without_expectation

EXAMPLES = """Run a guest for gdb or LLDB: it waits, frozen at its first instruction, for `target remote :1234`.

[dim]axemu gdb guests/riscv64/hello[/]  then: gdb-multiarch guests/riscv64/hello/hello.elf -ex 'target remote :1234'
[dim]axemu gdb program.elf --port 0 --once[/]  any free port, which is printed; over when the client leaves
[dim]axemu gdb -kernel u-boot.elf --running[/]  the guest runs until a client comes

A client may leave and another come; the guest runs on between them. Ctrl-C ends it, on a raw console Ctrl-A x.
"""
_PANEL = "Debugger"
PortOption = Annotated[
    str | None,
    typer.Option("--port", metavar="N", help="Default: 1234. 0 takes any free one.", rich_help_panel=_PANEL),
]
ListenOption = Annotated[
    str | None,
    typer.Option(
        "--listen",
        metavar="HOST",
        help="Default: 127.0.0.1. Whoever reaches it owns the guest: there is no password.",
        rich_help_panel=_PANEL,
    ),
]
OnceOption = Annotated[
    bool,
    typer.Option("--once", help="End when the first client leaves.", rich_help_panel=_PANEL),
]
RunningOption = Annotated[
    bool,
    typer.Option("--running", help="Let the guest run until a client comes.", rich_help_panel=_PANEL),
]


@with_options_of_run(without=("hook",))
def gdb(
    port: PortOption = None,
    listen: ListenOption = None,
    once: OnceOption = False,
    running: RunningOption = False,
    **options: Any,  # noqa: ANN401
) -> None:
    from axemu.gdbserver.server import Manners  # noqa: PLC0415 - not for --help
    from axemu.gdbserver.session import serve  # noqa: PLC0415

    host, number = address.HOST, address.PORT
    given, freeze = options.pop("gdb"), options.pop("freeze")
    if given is not None:
        host, number = address.address(given)
    if port is not None:
        number = address.port(port, "--port")
    if running and freeze:
        raise UsageError("A guest is frozen at its start or runs.", "Both -S and --running were given.")
    manners = Manners(frozen=not running, once=once)
    plan = without_expectation(plan_of(**options), options)
    raise typer.Exit(serve(plan, listen or host, number, manners))
