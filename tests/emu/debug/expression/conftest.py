"""The program of program.py on several machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emu.debug.expression.program import ISAS, FileScope, Frame, compiled, file_scope


@pytest.fixture(scope="session", params=ISAS)
def isa(request) -> str:
    return request.param


@pytest.fixture(scope="session")
def program(isa, tmp_path_factory) -> Path:
    return compiled(tmp_path_factory.mktemp(f"values-{isa}"), isa, "-O0", "-g")


@pytest.fixture
def scope(program, isa) -> FileScope:
    return file_scope(program, isa)


@pytest.fixture
def inside(scope) -> FileScope:
    """The same, stopped in `work` after its prologue."""
    (work,) = scope.info.functions("work")
    scope.frame = Frame(scope, scope.info.body(work))
    return scope
