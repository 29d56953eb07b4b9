"""`axemu run --hook`: the examples, what is refused with the file's line, and a hook that fails or is stopped."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from axemu import cli

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
HELLO = "guests/riscv64/hello"
HEAD = "from emu.hook import *\n"


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def hooked(capfd: pytest.CaptureFixture[str], folder: Path, text: str, *words: str) -> tuple[int, str, str]:
    path = folder / "h.py"
    path.write_text(HEAD + textwrap.dedent(text))
    code = cli.dispatch(["run", HELLO, "--hook", str(path), *words])
    out, err = capfd.readouterr()
    return code, out, err.replace(f"{folder}/", "")


@pytest.mark.parametrize("example", ["calls", "writes", "coverage"])
def test_the_examples_print_what_the_guide_says(example: str, capfd: pytest.CaptureFixture[str]) -> None:
    command = f"axemu run guests/riscv64/workload --hook docs/hooks/{example}.py"
    printed = GUIDE.partition(f"    $ {command}\n")[2].partition("\n\n")[0]
    assert cli.dispatch(command.split()[1:]) == 0
    out, err = capfd.readouterr()
    said = [line for line in err.splitlines() if "compiling" not in line]
    assert sorted((*out.splitlines(), *said)) == sorted(line[4:] for line in printed.splitlines())
    assert f"```python\n{(ROOT / 'docs' / 'hooks' / example).with_suffix('.py').read_text()}```" in GUIDE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:", "h.py:2: not Python: invalid syntax"),
        ("x = 1\ny = x / 0", "h.py:3: ZeroDivisionError: division by zero"),
        (
            "import nothing_of_this_name",
            "h.py:2: ModuleNotFoundError: No module named 'nothing_of_this_name'",
        ),
        ("raise SystemExit(3)", "h.py:2: the file ends the program"),
        ("x = 1", "h.py: no function in it is a hook: put @on_insn"),
        ("@on_insn\ndef f():\n    pass", "h.py:2: a hook has one argument, the context; f has 0"),
        ("@on_insn(at=[])\ndef f(ctx):\n    pass", "h.py:2: at= expects an address, a symbol, or several"),
        (
            "@on_write(within=3)\ndef f(ctx):\n    pass",
            "h.py:2: within= expects a symbol, or (address or symbol, bytes)",
        ),
        ("counter('a')\ncounter('a')", "h.py:3: two objects are named 'a'"),
        ("ring('r')", "h.py:2: ValueError: a ring has at least one column"),
        ("table('t', keys=9)", "h.py:2: ValueError: a table has 1 to 4 keys, and not 9"),
        ("\0", "h.py: not Python"),
        (
            "@on_insn(at='mian')\ndef f(ctx):\n    pass",
            "h.py:2: f: the guest has no symbol 'mian': did you mean 'main'?",
        ),
        (
            "@on_exit(device='uart7')\ndef f(ctx):\n    pass",
            "h.py:2: f: the machine has no device 'uart7'; it has ",
        ),
        (
            "@on_read(within=(1 << 60, 8))\ndef f(ctx):\n    pass",
            "h.py:2: f: within= expects guest-physical addresses",
        ),
    ],
)
def test_a_file_that_cannot_serve_is_refused_with_its_line(
    text: str, message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, out, err = hooked(capfd, tmp_path, text)
    assert (code, out) == (2, "")
    assert message in err.replace("\n", " ") and "Traceback" not in err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "n.add(ctx.foo)",
            "h.py:6: numba cannot compile f: there is no ctx.foo; a context of on_insn has pc, vcpu",
        ),
        ("n.add(helper(1))", "h.py:6: numba cannot compile f: Untyped global name 'helper'"),
        ("n.add(ctx.reg('q7'))", "h.py:6: numba cannot compile f: riscv64 has no register 'q7'"),
        ("n.add(ctx.reg(ctx.pc))", "h.py:6: numba cannot compile f: ctx.reg(NAME) expects a constant"),
        ("x = ctx.pc + 'text'", "h.py:6: numba cannot compile f: No implementation of function"),
        ("ctx.stop('x', 300)", "h.py:6: numba cannot compile f: ctx.stop(TEXT, CODE) expects constants"),
    ],
)
def test_what_numba_cannot_compile_is_said_in_one_line(
    line: str, message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = f"n = counter('n')\ndef helper(x): return x\n@on_insn(at='main')\ndef f(ctx):\n    {line}\n"
    code, out, err = hooked(capfd, tmp_path, text)
    assert (code, out) == (2, "")
    assert message in err and "Traceback" not in err and "internal error" not in err and len(err) < 400


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("n.add(8 // (n.value - 1))", "h.py:7: f: ZeroDivisionError: integer division by zero"),
        ("a[ctx.pc] = 4", "h.py:7: f: IndexError: index is out of bounds of the array"),
        ("assert ctx.pc == 4, 'elsewhere'", "h.py:7: f: AssertionError: elsewhere"),
        ("n.add(ctx.read_u64(1 << 60))", "h.py:7: f: LookupError: no memory is there to be read"),
    ],
)
def test_a_hook_that_fails_ends_the_run_and_what_was_found_survives(
    line: str, message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = (
        "n, a = counter('n'), array('a', 4)\n@on_insn(at='main')\ndef f(ctx):\n    n.add()\n    if n.value:\n"
    )
    text += f"        {line}\n"
    code, out, err = hooked(capfd, tmp_path, text)
    assert (code, out.splitlines()[0]) == (2, "n: 1")
    assert (
        f"axemu: a hook has failed: {message}; pc 0x" in err and "(main), " in err and "Traceback" not in err
    )


def test_a_loop_without_end_is_ended_by_the_timeout(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = (
        "n = counter('n')\n@on_insn(at='main')\ndef f(ctx):\n    n.add()\n    while True:\n        n.value\n"
    )
    code, out, err = hooked(capfd, tmp_path, text, "--timeout", "0.2")
    assert (code, out) == (2, "n: 1\n")
    assert "a hook has failed: h.py:7: f was looping when the run was stopped; pc 0x" in err


def test_a_stop_gives_its_text_its_code_and_the_results_in_the_json(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = """
        n, a, t, r = counter("n"), array("a", 2), table("t", keys=2), ring("r", "pc")

        @on_insn(at="main")
        def f(ctx):
            n.add(3)
            a[1] = 7
            t[ctx.pc - ctx.pc, 2] += 5
            r.add(1 << 63)
            ctx.stop("main is reached", 9)
    """
    code, out, err = hooked(capfd, tmp_path, text, "--json", "-")
    result = json.loads(out)
    assert (code, result["exit_code"], result["ending"], result["missed"]) == (9, 9, "hook", None)
    assert result["hooks"] == {
        "counters": {"n": 3},
        "arrays": {"a": [0, 7]},
        "tables": {"t": [[0, 2, 5]]},
        "rings": {"r": {"columns": ["pc"], "total": 1, "rows": [[1 << 63]]}},
        "failure": None,
    }
    assert "a hook has stopped it: main is reached; pc 0x" in err and "n: 3" in err


def test_a_finish_that_fails_is_told_and_the_run_is_reported_all_the_same(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = """
        n = counter("n")

        @on_insn(at="main")
        def f(ctx):
            n.add()

        @finish
        def report(found):
            print(f"{found['n'].value} call of {found.symbol(found.address('main'))}")
            found["m"]
    """
    code, out, err = hooked(capfd, tmp_path, text)
    assert code == 2
    assert "1 call of main" in out
    assert "h.py:12: KeyError: 'm'" in err and "axemu: hello: pass" in err and "Traceback" not in err


def test_hooks_and_the_exact_profile_go_together(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "h.py"
    path.write_text(HEAD + "n = counter('blocks')\n@on_block\ndef f(ctx):\n    n.add()\n")
    assert cli.dispatch(["profile", HELLO]) == 0
    plain, _ = capfd.readouterr()
    assert cli.dispatch(["profile", HELLO, "--hook", str(path)]) == 0
    both, _ = capfd.readouterr()
    assert [line for line in both.splitlines() if not line.startswith("blocks: ")] == plain.splitlines()
    assert "blocks: " in both


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["run", HELLO, "--hook", "docs/hooks/calls.py", "--gdb", "tcp::0"],
            "--hook is for a run without a debugger",
        ),
        (["run", HELLO, "--hook", "nowhere.py"], "Cannot read the hooks: No such file or directory"),
        (["run", HELLO, "--hook", "docs"], "Cannot read the hooks: Is a directory"),
        (["gdb", HELLO, "--hook", "docs/hooks/calls.py"], "There is no option --hook"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    words: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.dispatch(words) == 2
    assert message in " ".join(capfd.readouterr().err.split())
