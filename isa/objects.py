"""Compiled callbacks as object files: made once by numba, loaded by LLVM alone from then on.

numba compiles Python functions; importing it and having it find its own cache takes longer than most guests run. So all
callbacks of some modules are compiled together, optimised as one, and kept as one object file in the user's cache.
Loading it takes a hundredth of the time and needs no numba.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import importlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import llvmlite.binding as llvm
import unicorn.unicorn_py3.unicorn as binding

from isa import cache

METH_O: Final = 8

ABSENT: Final = re.compile(r"^(numba_|NRT_|Py|_Py)")
"""Symbols that no callback may need: they report a Python error, which a callback cannot raise."""

on_compile: list[Callable[[], None]] = []
"""Called before anything is compiled: it takes a while."""
_kept: Final[list[Any]] = []  # loaded code lives as long as the process


class NotSelfContained(RuntimeError):
    """A compiled callback needs Python's or numba's runtime."""

    def __init__(self, modules: tuple[str, ...], symbols: list[str]) -> None:
        self.modules, self.symbols = modules, symbols
        super().__init__(
            f"the callbacks of {', '.join(modules)} must not be able to raise a Python error, but need "
            f"{', '.join(symbols)}; divide under error_model='numpy', and index nothing that could be missing"
        )


@functools.cache
def functions(*modules: str) -> Mapping[str, int]:
    """Host addresses of the callbacks (numba ``CFunc``) of these modules, by their names there."""
    llvm.load_library_permanently(binding.uclib._name)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    directory = cache.directory()
    if directory is not None:
        cache.prune(directory)
    cpu = _digest(repr((llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())).encode())
    path = None if directory is None else directory / f"{'-'.join(modules)}-{_sources(modules)}-{cpu[:8]}.o"
    data = _read(path)
    if data is None:
        with _only_one(path):
            data = _read(path)
            if data is None:
                data = _compile(modules)
                _write(path, data)
    return _load(data)


def _sources(modules: tuple[str, ...]) -> str:
    """A digest of the packages that these modules are in."""
    packages = sorted({module.rpartition(".")[0] for module in modules})
    found = [importlib.import_module(package) for package in packages if package]
    files = [path for package in found for folder in package.__path__ for path in Path(folder).glob("*.py")]
    if len(found) < len(packages):  # a module of its own
        files += [
            Path(importlib.import_module(module).__file__ or "") for module in modules if "." not in module
        ]
    return _digest(b"\n".join(path.read_bytes() for path in sorted(files)))[:16]


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class _MethodDef(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("text", ctypes.c_char_p),
    )


def python_function(address: int, name: str) -> Callable[[int], int]:
    """A callback object (object, object) as Python's own kind of function of one argument: nothing calls faster."""
    definition = _MethodDef(name.encode(), address, METH_O, None)
    _kept.append(definition)
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    made: Callable[[int], int] = make(ctypes.addressof(definition), None, None)
    return made


def _machine() -> Any:  # noqa: ANN401
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, jit=True
    )


def _compile(modules: tuple[str, ...]) -> bytes:
    """The names of the modules' callbacks, a newline, and an object file with them."""
    for announce in on_compile:
        announce()
    from numba.core.ccallback import CFunc  # noqa: PLC0415 - only to compile

    whole: Any = None
    names = []
    for module in modules:
        for name, callback in vars(importlib.import_module(module)).items():
            if not isinstance(callback, CFunc):
                continue
            compiled: Any = callback
            text = str(compiled._library._get_module_for_linking()).replace("noinline", "nounwind")
            part = llvm.parse_assembly(text)
            for function in part.functions:
                if not function.is_declaration and function.name != compiled._wrapper_name:
                    function.linkage = "linkonce_odr"
            wrapper = part.get_function(compiled._wrapper_name)
            wrapper.linkage = "external"
            wrapper.name = name
            names.append(name)
            if whole is None:
                whole = part
            else:
                whole.link_in(part)
    for function in whole.functions:
        if not function.is_declaration and function.name not in names:
            function.linkage = "internal"
    machine = _machine()
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    builder = llvm.create_pass_builder(machine, tuning)
    for _ in range(2):  # what the first has inlined, the second can take apart
        builder.getModulePassManager().run(whole, builder)
    missing = [function.name for function in whole.functions if function.is_declaration]
    wrong = sorted(
        name
        for name in missing
        if not name.startswith("llvm.")
        and ((ABSENT.match(name) and name not in _ALLOWED) or not llvm.address_of_symbol(name))
    )
    if wrong:
        raise NotSelfContained(modules, wrong)
    return ",".join(names).encode() + b"\n" + bytes(machine.emit_object(whole))


_ALLOWED: Final = frozenset(
    {"PyLong_AsSsize_t", "PyLong_FromSsize_t", "PyEval_SaveThread", "PyEval_RestoreThread"}
)
"""What a function that Python calls needs of it."""


def _load(data: bytes) -> Mapping[str, int]:
    names, _, code = data.partition(b"\n")
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _kept.append(engine)
    return {name: int(engine.get_function_address(name)) for name in names.decode().split(",")}


def _read(path: Path | None) -> bytes | None:
    """What `_write` wrote, whole; None where there is nothing, or something else."""
    if path is None:
        return None
    try:
        digest, _, data = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return data if digest == _digest(data).encode() else None


def _write(path: Path | None, data: bytes) -> None:
    """All or nothing: another process may be reading."""
    if path is None:
        return
    with contextlib.suppress(OSError):
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(_digest(data).encode() + b"\n" + data)
        os.replace(name, path)


@contextlib.contextmanager
def _only_one(path: Path | None) -> Iterator[None]:
    """Of several processes that find nothing compiled, one compiles and the others wait for it."""
    if path is None:
        yield
        return
    import fcntl  # noqa: PLC0415 - not needed where everything is compiled

    with open(path.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
