"""What the README promises to a newcomer holds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from axemu import cli

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_library_examples_run_as_printed(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    said = [_said(example, capfd) for example in re.findall(r"```python\n(.*?)```", README, re.DOTALL)]
    assert any("hello from riscv64 on bare" in text for text in said)
    assert any("store/AMO access fault at" in text and "third" in text for text in said)


def test_the_debugger_in_its_guide_runs_as_printed(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    guide = (ROOT / "docs" / "debugging.md").read_text(encoding="utf-8")
    text = _said(re.findall(r"```python\n(.*?)```", guide, re.DOTALL)[0], capfd)
    assert "breakpoint 1, at" in text
    assert "store/AMO access fault" in text


def test_counting_in_its_guide_runs_as_printed(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    guide = (ROOT / "docs" / "profile.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    assert _said(example, capfd) == "True 1\n"


def _said(example: str, capfd: pytest.CaptureFixture[str]) -> str:
    exec(compile(example, "README.md", "exec"), {})
    return capfd.readouterr().out


def test_the_table_of_verbs_names_every_verb_and_no_other(capfd: pytest.CaptureFixture[str]) -> None:
    cli.dispatch(["--help"])
    commands = capfd.readouterr().out.split("Commands")[1]
    offered = {line.split()[1] for line in commands.splitlines() if line.startswith("│ ") and line[2] != " "}
    named = {
        first or second
        for first, second in re.findall(r"^\| `axemu (\w+)|, `axemu (\w+)", README, re.MULTILINE)
    }
    assert named == offered


@pytest.mark.parametrize("script", ["tools/demo", "tools/check"])
def test_the_two_commands_start_on_a_bare_interpreter(script: str) -> None:
    """They import nothing that is not in the standard library (-I -S: no site-packages)."""
    source = (ROOT / script).read_text(encoding="utf-8")
    assert f"python3 {script}" in README
    command = f"import sys; sys.path.insert(0, {str(ROOT / 'tools')!r}); import environment; print(environment.ROOT)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", command], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == str(ROOT)
    compile(source, script, "exec")


def test_the_check_refuses_a_step_that_is_none() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools/check"), "mypi"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "mypy" in done.stderr


def test_a_python_without_its_venv_module_is_told_which_package_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import environment  # noqa: PLC0415 - tools/, on pytest's path

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(environment.EnvironmentFailed, match="apt install python3-venv"):
        environment._create()


def test_the_table_of_instruction_sets_is_what_the_command_prints(capfd: pytest.CaptureFixture[str]) -> None:
    cli.dispatch(["isa", "list", "--markdown"])
    (table,) = re.findall(r"<!-- axemu isa list --markdown -->\n(.*?)<!-- end -->", README, re.DOTALL)
    assert table == capfd.readouterr().out
