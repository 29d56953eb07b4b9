"""Callbacks are compiled once, kept as object code, and run without numba."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CALLBACKS = """
from numba import cfunc, types
@cfunc(types.int64(types.int64))
def three_times(number):
    return 3 * number
@cfunc(types.int64(types.int64, types.int64))
def {name}(one, other):
    return one {operator} other
"""


def python(code: str, cache_home: Path, path: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache_home), "PYTHONPATH": f"{ROOT}{os.pathsep}{path}"}
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


USE = """
    import ctypes, sys
    from isa import objects
    objects.on_compile.append(lambda: print("compiling"))
    found = objects.functions("callbacks_here")
    call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(found["three_times"])
    print(call(14), sorted(found), "numba" in sys.modules)
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "callbacks_here.py").write_text(CALLBACKS.format(name="added", operator="+"))
    return tmp_path


def test_only_the_first_process_compiles(module: Path, tmp_path: Path) -> None:
    first, second = (python(USE, tmp_path / "cache", module) for _ in range(2))
    assert first.stdout.splitlines() == ["compiling", "42 ['added', 'three_times'] False"], first.stderr
    assert second.stdout.splitlines() == ["42 ['added', 'three_times'] False"], second.stderr


@pytest.mark.parametrize("damage", [b"", b"x", b"0123456789abcdef" * 8])
def test_a_damaged_file_is_made_anew(module: Path, tmp_path: Path, damage: bytes) -> None:
    assert python(USE, tmp_path / "cache", module).returncode == 0
    (kept,) = (tmp_path / "cache").rglob("*.o")
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2] + damage)
    again = python(USE, tmp_path / "cache", module)
    assert again.stdout.splitlines()[0] == "compiling", again.stderr
    assert kept.read_bytes().partition(b"\n")[0] == whole.partition(b"\n")[0]


def test_a_cache_that_cannot_be_written_does_not_matter(module: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = python(USE, tmp_path / "file", module)
    assert done.stdout.splitlines() == ["compiling", "42 ['added', 'three_times'] False"], done.stderr


def test_a_callback_that_could_raise_is_refused(tmp_path: Path) -> None:
    (tmp_path / "callbacks_here.py").write_text(CALLBACKS.format(name="divided", operator="//"))
    done = python(USE, tmp_path / "cache", tmp_path)
    assert "NotSelfContained" in done.stderr
    assert "callbacks_here" in done.stderr


PREPARE = """
    from isa import objects
    objects.on_compile.append(lambda: print("compiling"))
    objects.compile_missing([("callbacks_here",), ("callbacks_there",), ("callbacks_nowhere",)])
    print(sorted(objects.functions("callbacks_here")), sorted(objects.functions("callbacks_there")))
    try:
        objects.functions("callbacks_nowhere")
    except ImportError as error:
        print(error)
"""


def test_several_are_compiled_at_once_and_a_failure_is_told_to_who_wants_it(
    module: Path, tmp_path: Path
) -> None:
    (tmp_path / "callbacks_there.py").write_text(CALLBACKS.format(name="taken", operator="-"))
    (tmp_path / "callbacks_nowhere.py").write_text("import a_module_that_nobody_has")
    done = python(PREPARE, tmp_path / "cache", module)
    lines = done.stdout.splitlines()
    assert "['added', 'three_times'] ['taken', 'three_times']" in lines, done.stderr
    assert "callbacks_nowhere cannot be compiled" in done.stdout
    assert "No module named 'a_module_that_nobody_has'" in done.stdout
    assert len([*(tmp_path / "cache").rglob("*.o")]) == 2


def test_a_machine_runs_without_numba(tmp_path: Path) -> None:
    code = """
        import sys
        from emu.machine import Machine
        with Machine() as machine:
            machine.run(max_insns=0)
        assert "numba" not in sys.modules, "numba"
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
