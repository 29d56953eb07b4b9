"""A user's file of hooks: read, marked with its lines, and run as a module.

Compiled code keeps no lines of what it is made from. So before each statement of a hook a call is put in that notes the
line, one store that LLVM leaves out where another follows; and in each loop one that ends it where the run is to end.
"""

from __future__ import annotations

import ast
import itertools
import linecache
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar

from emu.hook.declaration import Declarations, collect, collected
from emu.hook.errors import HookError

MARKS: Final = "__hook__"
_DECORATORS: Final = frozenset({"on_insn", "on_block", "on_read", "on_write", "on_exit"})
_numbers: Final = itertools.count(1)
Node = TypeVar("Node", bound=ast.stmt)


class Marks:
    """What the calls are made to, in the module's namespace; compiled code has its own. `address`: of the HOOKS
    record."""

    def __init__(self, address: int) -> None:
        self.address: Final = address

    def line(self, number: int) -> None:
        """The hook comes to this line."""

    def loop(self) -> None:
        """A loop goes round."""


def load(path: Path, marks: Marks) -> Declarations:
    """Run the file, and give what it declares. Raises HookError, and OSError where it cannot be read."""
    source = path.read_bytes()
    try:
        tree = ast.parse(source, str(path))
    except SyntaxError as error:
        raise HookError(path, error.lineno, f"not Python: {error.msg}") from None
    except ValueError as error:
        raise HookError(path, None, f"not Python: {error}") from None
    tree = ast.fix_missing_locations(_Marker().visit(tree))
    module = ModuleType(f"hooks_{next(_numbers)}_of_{path.stem}")
    module.__file__ = str(path)
    module.__dict__[MARKS] = marks
    sys.modules[module.__name__] = module  # numba looks for it there
    linecache.checkcache(str(path))
    found = Declarations()
    collect(found)
    try:
        exec(compile(tree, str(path), "exec"), module.__dict__)
    except Exception as error:
        raise failure(path, error) from error
    except SystemExit as error:
        raise HookError(path, line_of(path, error), "the file ends the program (SystemExit)") from error
    finally:
        collected()
    if not found.hooks:
        raise HookError(
            path,
            None,
            "no function in it is a hook: put @on_insn, @on_block, @on_read, @on_write or @on_exit before one",
        )
    return found


def failure(path: Path, error: BaseException) -> HookError:
    """What Python code of the file has raised."""
    kind = type(error).__name__
    text = str(error) if kind == "Misused" else f"{kind}: {error}" if str(error) else kind
    return HookError(path, line_of(path, error), text)


def line_of(path: Path, error: BaseException) -> int | None:
    """Where in the file it came from: the innermost place."""
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    return lines[-1] if lines else None


class _Marker(ast.NodeTransformer):
    """Puts the calls into functions that are hooks."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if any(_decorates(each) for each in node.decorator_list):
            node.body = _marked(node.body)
        return node


def _decorates(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        node = node.func
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in _DECORATORS


def _marked(body: list[ast.stmt]) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for statement in body:
        for name in ("body", "orelse"):
            inner = getattr(statement, name, None)
            if isinstance(inner, list) and inner and isinstance(inner[0], ast.stmt):
                setattr(statement, name, _marked(inner))
        if isinstance(statement, (ast.For, ast.While)):
            statement.body.insert(0, _call("loop", statement, ()))
        if not _is_text(statement):
            found.append(_call("line", statement, (ast.Constant(statement.lineno),)))
        found.append(statement)
    return found


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _call(name: str, at: Node, arguments: tuple[ast.expr, ...]) -> ast.stmt:
    call = ast.Call(ast.Attribute(ast.Name(MARKS, ast.Load()), name, ast.Load()), list(arguments), [])
    statement = ast.copy_location(ast.Expr(call), at)
    for each in ast.walk(statement):
        if "lineno" in each._attributes:
            ast.copy_location(each, at)
    return statement


def words_of(value: Any) -> str:
    """One line of a text of several."""
    return " ".join(str(value).split())
