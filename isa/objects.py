"""Compiled callbacks as object files: made once by numba, loaded by LLVM alone from then on.

numba compiles Python functions; importing it and having it find its own cache takes longer than most guests run. So all
callbacks of some modules are compiled together by `isa.compiler`, optimised as one, and kept as one object file in the
user's cache. Loading it takes a hundredth of the time and needs no numba.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Final

import llvmlite.binding as llvm
import unicorn.unicorn_py3.unicorn as binding

from isa import cache

METH_O: Final = 8

NOT_SELF_CONTAINED: Final = 3
"""How `isa.compiler` ends where callbacks need Python's or numba's runtime."""

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
    return _load(_object(modules))


def compile_missing(groups: Iterable[tuple[str, ...]]) -> None:
    """Compile what `functions` will want of these modules, as many groups at once as there are processors.

    What cannot be compiled is for who wants it to hear of.
    """
    if cache.directory() is None:
        return
    missing = [each for each in groups if not (path := _path(each)) or not path.is_file()]
    if not missing:
        return
    _announce()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        wait([pool.submit(_object, each) for each in missing])


def _announce() -> None:
    for announce in on_compile:
        announce()


@functools.cache
def _path(modules: tuple[str, ...]) -> Path | None:
    """Where the object file of these modules is kept."""
    directory = cache.directory()
    if directory is None:
        return None
    cpu = _digest(repr((llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())).encode())
    return directory / f"{'-'.join(modules)}-{_sources(modules)}-{cpu[:8]}.o"


def _object(modules: tuple[str, ...]) -> bytes:
    """What `_compile` makes: kept from before, or made now and kept."""
    path = _path(modules)
    data = _read(path)
    if data is None:
        if path is not None:
            cache.prune(path.parent)
        with _only_one(path):
            data = _read(path)
            if data is None:
                _announce()
                data = _compile(modules)
                _write(path, data)
    return data


def _sources(modules: tuple[str, ...]) -> str:
    """A digest of the packages that these modules are in, or of a module in none; imports nothing of them."""
    files: set[str] = set()
    for module in modules:
        package = module.rpartition(".")[0]
        spec = importlib.util.find_spec(package or module)
        if spec is None:
            raise ModuleNotFoundError(module)
        for folder in spec.submodule_search_locations or ():
            files.update(map(str, Path(folder).glob("*.py")))
        if not package and spec.origin is not None:
            files.add(spec.origin)
    return _digest(b"\n".join(Path(path).read_bytes() for path in sorted(files)))[:16]


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


def target_machine() -> Any:  # noqa: ANN401
    """LLVM's, for this host."""
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, jit=True
    )


def _compile(modules: tuple[str, ...]) -> bytes:
    """The names of the modules' callbacks, a newline, and an object file with them. In a process of its own.

    Raises NotSelfContained; ImportError, which says what the compiler said, where it fails otherwise."""
    import subprocess  # noqa: PLC0415 - not needed where everything is compiled

    command = [sys.executable, "-P", "-m", "isa.compiler", *modules]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode == NOT_SELF_CONTAINED:
        raise NotSelfContained(modules, done.stdout.decode().split())
    if done.returncode != 0:
        text = done.stderr.decode(errors="replace").strip()
        raise ImportError(f"the callbacks of {', '.join(modules)} cannot be compiled: {text}")
    return done.stdout


def _load(data: bytes) -> Mapping[str, int]:
    names, _, code = data.partition(b"\n")
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
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
