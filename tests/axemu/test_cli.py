"""The command line as a whole: help, errors, completion, and what is imported for them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from axemu import cli, version
from axemu.errors import UsageError

HEAVY = ("numba", "numpy", "llvmlite", "unicorn", "capstone", "keystone", "elftools", "fdt", "emu.machine")
Run = Callable[..., subprocess.CompletedProcess[bytes]]


def dispatched(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.dispatch(list(words))
    out, err = capfd.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["run", "--help"],
        ["run", "-help"],
        ["--version"],
        ["run", "nowhere.elf"],
        ["rnu"],
        ["machine", "list"],
    ],
)
def test_help_and_errors_import_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys; from axemu import cli; cli.dispatch(sys.argv[1:]); "
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.endswith("heavy: []\n")


@pytest.mark.parametrize(
    "verb", ["run", "profile", "cov", "isa", "machine", "asm", "disasm", "doctor", "examples"]
)
def test_every_verb_is_in_the_help_and_has_help_with_an_example(
    capfd: pytest.CaptureFixture[str], verb: str
) -> None:
    _, listing, _ = dispatched(capfd, "--help")
    assert verb in listing
    for words in ([verb, "list"], [verb, "show"]) if verb in ("isa", "machine") else ([verb],):
        code, text, _ = dispatched(capfd, *words, "--help")
        assert code == 0
        assert f"axemu {verb}" in text.split("Usage:")[1].split("\n", 1)[1]


def test_no_arguments_print_the_help(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = dispatched(capfd)
    assert code == 0
    assert "Usage: axemu" in out


def test_the_version_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    assert dispatched(capfd, "--version")[:2] == (0, f"axemu {version()}\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["rnu"], "Did you mean 'run'"),
        (["run"], "Nothing to run"),
        (["run", "-kernl", "x"], "Did you mean -kernel?"),
        (["run", "--max-insn", "5", "x"], "Did you mean --max-insns?"),
        (["run", "-S", "guests/riscv64/hello"], "leaves the guest to a debugger"),
        (["run", "-gdb", "tcp::70000", "guests/riscv64/hello"], "65535"),
        (["run", "-gdb", "stdio", "guests/riscv64/hello"], "tcp:HOST:PORT"),
        (["gdb", "--port", "x", "guests/riscv64/hello"], "65535"),
        (["gdb", "--nosuch", "x"], "`axemu gdb --help` lists"),
        (["run", "-netdev", "user", "x"], "no network"),
        (["run", "nowhere.elf"], "no such file"),
        (["run", "guests"], "guest.toml"),
        (["run", "guests/riscv64/hello", "extra"], "extra"),
        (["run", "--smp"], "expects a value"),
        (["isa", "show", "risk64"], "riscv64"),
        (["machine", "show", "vrit"], "'virt'"),
        (["isa", "shwo", "riscv64"], "Did you mean 'show'"),
        (["asm"], "TEXT"),
        (["asm", "--isa", "riscv65", "nop"], "riscv64"),
        (["asm", "nopp"], "nopp"),
        (["asm", "-f", "nowhere.s"], "No such file"),
        (["disasm"], "--hex"),
        (["disasm", "--hex", "xyz"], "hexadecimal"),
        (["disasm", "nowhere.elf"], "no such file"),
        (["disasm", "guests/riscv64/hello/hello.elf", "--start", "mian"], "'main'"),
    ],
)
def test_bad_input_is_one_clear_paragraph_with_exit_code_2(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], says: str
) -> None:
    monkeypatch.chdir(str(cli.__file__).rsplit("/tools/", 1)[0])
    code, out, err = dispatched(capfd, *words)
    assert code == 2
    assert out == ""
    text = " ".join(err.split())
    assert says in text
    assert text.startswith("axemu: ")
    assert "Traceback" not in err
    assert "\n\n" not in err.strip()


@pytest.mark.parametrize("verb", ["cov merge", "trace query"])
def test_a_verb_within_a_verb_is_known_by_its_two_words(verb: str, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = dispatched(capfd, *verb.split(), "--help")
    assert code == 0
    assert f"Usage: axemu {verb} " in out
    code, _, err = dispatched(capfd, *verb.split())
    assert code == 2
    assert f"axemu {verb} --help" in err


def test_an_error_that_nobody_foresaw_says_that_it_is_ours(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(request: object) -> None:
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr("axemu.plan.Plan.of", broken)
    monkeypatch.delenv("AXEMU_DEBUG", raising=False)
    code, _, err = dispatched(capfd, "run", "x")
    assert code == 2
    assert "ZeroDivisionError: by accident" in " ".join(err.split())
    assert "fault of axemu" in " ".join(err.split())
    assert "Traceback" not in err
    monkeypatch.setenv("AXEMU_DEBUG", "1")
    assert "Traceback" in dispatched(capfd, "run", "x")[2]


def test_an_interrupt_before_the_guest_runs_is_130(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(request: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("axemu.plan.Plan.of", interrupted)
    code, _, err = dispatched(capfd, "run", "x")
    assert code == 130
    assert "interrupted" in err


def test_the_shell_is_answered_when_it_completes(axemu: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "_AXEMU_COMPLETE": "complete_bash",
        "COMP_WORDS": "axemu ma",
        "COMP_CWORD": "1",
    }.items():
        monkeypatch.setenv(name, value)
    done = axemu()
    assert done.stdout.split() == [b"machine"]


def test_text_that_looks_like_markup_is_shown_as_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.complain(cli.paragraph(UsageError("[bold]no[/bold] such thing")), 2) == 2
    assert "[bold]no[/bold]" in capfd.readouterr().err


def test_the_instruction_sets_and_machines_print_json(capfd: pytest.CaptureFixture[str]) -> None:
    isas = {each["name"]: each for each in json.loads(dispatched(capfd, "isa", "list", "--json")[1])}
    assert isas["riscv64"]["bits"] == 64
    shown = json.loads(dispatched(capfd, "isa", "show", "rv32", "--json")[1])
    assert shown["name"] == "riscv32"
    assert any(register["name"] == "mstatus" for register in shown["registers"])
    boards = {each["name"] for each in json.loads(dispatched(capfd, "machine", "list", "--json")[1])}
    assert {"virt", "bare"} <= boards
    slots = json.loads(dispatched(capfd, "machine", "show", "virt", "--json")[1])["slots"]
    assert {"name": "uart0", "kind": "ns16550a", "base": 0x1000_0000, "size": 0x100, "irq": 10} in slots


def test_assembly_and_disassembly_are_each_other_s_inverse(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = dispatched(capfd, "asm", "--format", "hex", "addi a0, a0, 1; ecall")
    assert (code, out.strip()) == (0, "1305150073000000")
    text = dispatched(capfd, "disasm", "--hex", out.strip(), "--base", "0x80000000")[1]
    assert "0x0080000000" in text
    assert "addi a0, a0, 1" in text
    assert "ecall" in text


def test_a_file_is_disassembled_from_a_symbol_on(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(cli.__file__).rsplit("/tools/", 1)[0])
    out = dispatched(capfd, "disasm", "guests/riscv64/hello/hello.elf", "--start", "main", "-n", "3")[1]
    assert out.strip().startswith("main:")
    assert len(out.strip().splitlines()) == 4


@pytest.mark.parametrize(
    ("shell", "word"),
    [("bash", b"COMPREPLY"), ("zsh", b"#compdef axemu"), ("fish", b"complete --command axemu")],
)
def test_the_completion_script_of_the_shell_that_is_named_is_printed(
    axemu: Run, shell: str, word: bytes
) -> None:
    done = axemu("--show-completion", shell)
    assert done.returncode == 0
    assert word in done.stdout
    assert b"_AXEMU_COMPLETE" in done.stdout


def test_a_shell_that_is_none_is_refused(axemu: Run) -> None:
    assert axemu("--show-completion", "tcl").returncode == 2


def test_ctrl_c_while_axemu_is_still_loaded_is_answered_in_words() -> None:
    code = (
        "import sys, builtins; whole = builtins.__import__\n"
        "def interrupted(name, *rest):\n"
        "    if name == 'typer': raise KeyboardInterrupt\n"
        "    return whole(name, *rest)\n"
        "from axemu import entry; builtins.__import__ = interrupted; entry.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "axemu: interrupted before the guest ran\n")


def test_a_reader_of_a_listing_may_go_away() -> None:
    command = f"{sys.executable} -m axemu isa show riscv64 --registers | true"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
