"""The command `axemu`: its verbs, and the one door through which every error leaves."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand

import axemu
from axemu import arguments, instruction_sets, machines
from axemu.assemble import asm
from axemu.cov.command import EXAMPLES as COV_EXAMPLES
from axemu.cov.command import MERGING, cov, merge
from axemu.dap.command import EXAMPLES as DAP_EXAMPLES
from axemu.dap.command import dap
from axemu.disassemble import disasm
from axemu.doctor import doctor
from axemu.errors import CommandError, UsageError
from axemu.examples.command import examples
from axemu.gdbserver.command import EXAMPLES as GDB_EXAMPLES
from axemu.gdbserver.command import gdb
from axemu.profile.command import EXAMPLES as PROFILE_EXAMPLES
from axemu.profile.command import profile
from axemu.query.command import EXAMPLES as QUERY_EXAMPLES
from axemu.query.command import query
from axemu.run import EXAMPLES, run
from axemu.stat.command import EXAMPLES as STAT_EXAMPLES
from axemu.stat.command import stat
from axemu.suite import command as suite
from axemu.tracer.command import debug, trace
from axemu.transcript.command import EXAMPLES as TRANSCRIPT_EXAMPLES
from axemu.transcript.command import transcript

USAGE, INTERRUPTED = 2, 130
COMPLETING = "_AXEMU_COMPLETE"  # set by the shells' completion scripts: the parser answers them itself
RUNS_A_GUEST = (
    "run",
    "trace",
    "debug",
    "gdb",
    "dap",
    "stat",
    "transcript",
    "profile",
    "cov",
)  # verbs whose options may be spelled as QEMU's
WITHIN: dict[tuple[str, ...], str] = {("cov", "merge"): "cov-merge", ("trace", "query"): "trace-query"}
"""Verbs within a verb that takes a guest; a guest folder of the same name is ./merge."""


class _Within(TyperCommand):
    """A verb within a verb: its help has its two words."""

    def make_context(self, info_name: str | None, *arguments: Any, **extra: Any) -> Any:  # noqa: ANN401
        return super().make_context(info_name and info_name.replace("-", " "), *arguments, **extra)


app = typer.Typer(
    name="axemu",
    help="Run and debug guest programs, firmware and kernels on an emulated machine.",
    epilog="Try: axemu run guests/riscv64/hello -v",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.command(name="run", help=EXAMPLES)(run)
app.command()(trace)
app.command()(debug)
app.command(name="gdb", help=GDB_EXAMPLES)(gdb)
app.command(name="dap", help=DAP_EXAMPLES)(dap)
app.command(name="transcript", help=TRANSCRIPT_EXAMPLES)(transcript)
app.command(name="stat", help=STAT_EXAMPLES)(stat)
app.command(name="profile", help=PROFILE_EXAMPLES)(profile)
app.command(name="cov", help=COV_EXAMPLES)(cov)
app.command(name="cov-merge", help=MERGING, hidden=True, cls=_Within)(merge)
app.command(name="trace-query", help=QUERY_EXAMPLES, hidden=True, cls=_Within)(query)
app.command()(asm)
app.command()(disasm)
app.command()(doctor)
app.command()(examples)
app.add_typer(instruction_sets.app, name="isa")
app.add_typer(machines.app, name="machine")
app.add_typer(suite.app, name="suite")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"axemu {axemu.version()}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    pass


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """The entry point. Exits with the verb's code; 2 for what is refused and for faults of our own, 130 for
    Ctrl-C."""
    gc.disable()  # a start makes objects that all stay: `run hello` 1.10 s with collections, 0.85 s without (user CPU)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads spin: 0.91 s with, 0.61 s without
    _keep_standard_streams()
    sys.exit(dispatch(sys.argv[1:] if argv is None else argv))


def dispatch(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code. No exception leaves."""
    try:
        _let_the_shell_be_named(argv)
        command = typer.main.get_command(app)
        if COMPLETING in os.environ:
            command.main(list(argv), prog_name="axemu")
        with command.make_context("axemu", _own_spelling(argv, command)) as context:
            command.invoke(context)
        return 0
    except typer.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return complain("interrupted before the guest ran", INTERRUPTED)
    except BrokenPipeError:
        _drop_standard_output()
        return complain("Standard output was closed by its reader.", USAGE)
    except Exception as error:
        return complain(paragraph(error), USAGE)


def _let_the_shell_be_named(argv: Sequence[str]) -> None:
    """`--show-completion zsh`: the parser guesses the shell from its parent process, unless it is told not to.

    Raises UsageError where no parent is a shell and none is named.
    """
    if not argv or argv[0] not in ("--show-completion", "--install-completion"):
        return
    if len(argv) > 1:
        os.environ["_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"] = "1"
        return
    import shellingham  # noqa: PLC0415  (typer needs it for this)

    try:
        shellingham.detect_shell()
    except shellingham.ShellDetectionFailure:
        raise UsageError(
            "Which shell this is cannot be seen.", attempt=f"Name it: axemu {argv[0]} bash (or zsh, fish)"
        ) from None


def paragraph(error: Exception) -> str:
    """What a person is told. An error that nobody foresaw is a fault of ours, and says where to look."""
    if isinstance(error, typer.TyperException):
        return _usage(error)
    if _foreseen(error):
        return str(error)
    if os.environ.get("AXEMU_DEBUG"):
        import traceback  # noqa: PLC0415

        traceback.print_exception(error)
    where = f"{type(error).__name__}: {error}".rstrip(": ")
    return (
        f"internal error: {where}. This is a fault of axemu, not of your guest. Run the same command again "
        "with AXEMU_DEBUG=1 in the environment, and report what it and `axemu doctor` print."
    )


def complain(text: str, code: int) -> int:
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415

    screen = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())
    with suppress(OSError):
        screen.print(f"[bold red]axemu:[/] {escape(text)}")
    return code


def _foreseen(error: Exception) -> bool:
    from axemu.debian.errors import GuestError  # noqa: PLC0415
    from axvcpu.errors import AxError  # noqa: PLC0415
    from emu.errors import EmuError  # noqa: PLC0415
    from isa.errors import IsaError  # noqa: PLC0415

    return isinstance(error, (CommandError, GuestError, EmuError, IsaError, AxError))


def _usage(error: typer.TyperException) -> str:
    """The parser's complaint in one paragraph, with the help to read."""
    render = getattr(error, "format_message", None)
    text = str(render() if callable(render) else error).strip()
    path = getattr(getattr(error, "ctx", None), "command_path", "axemu")
    return f"{text.rstrip('.')}{'' if text.endswith('?') else '.'} Try: {path} --help"


def _own_spelling(argv: Sequence[str], command: object) -> list[str]:
    """The arguments with QEMU's spellings rewritten, where the verb runs a guest."""
    if not argv:
        return ["--help"]
    verb, *rest = argv
    within = WITHIN.get((verb, *rest[:1]))
    if within is not None:
        return [within, *rest[1:]]
    if verb not in RUNS_A_GUEST:
        return list(argv)
    verbs: Mapping[str, object] = getattr(command, "commands", {})
    return [verb, *respelled(rest, verbs[verb], verb)]


def respelled(rest: Sequence[str], verb: object, name: str = "run") -> list[str]:
    """The arguments of a verb with QEMU's spellings rewritten; `name`: of the verb whose help has its options."""
    own: dict[str, bool] = {"--help": False}
    letters: dict[str, str] = {}
    for parameter in getattr(verb, "params", []):
        valueless = getattr(parameter, "is_flag", False) or getattr(parameter, "count", False)
        names = [name for name in parameter.opts if name.startswith("--")]
        own |= dict.fromkeys(names, not valueless)
        letters |= {name: names[0] for name in parameter.opts if names and len(name) == 2}
    end = rest.index("--") if "--" in rest else len(rest)
    spelled = [*(letters.get(word, word) for word in rest[:end]), *rest[end:]]
    return arguments.rewrite(spelled, own, name)


def _keep_standard_streams() -> None:
    """Descriptors 0 to 2 stay what they are: where one is closed, a later file must not take its number."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - lives as long as the process


def _drop_standard_output() -> None:
    """What is still buffered has no reader; without this the interpreter would complain while it ends."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
