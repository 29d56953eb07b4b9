"""What a hook file says: decorated functions, and the objects that they keep things in.

from emu.hook import counter, on_insn

calls = counter("calls of main")

@on_insn(at="main")
def count(ctx):
    calls.add()
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeVar

from emu.hook.storage import Array, Counter, Ring, Storage, Table

Place: TypeAlias = int | str
"""An address, or a symbol, or "symbol+0x10"."""
Within: TypeAlias = str | tuple[Place, int] | None
"""A symbol from its begin to its end, or a place and bytes from there on."""
Function = TypeVar("Function", bound=Callable[..., Any])
S = TypeVar("S", bound=Storage)


class Misused(Exception):
    """A decorator or object of this module was not used as it can be."""


@dataclass(frozen=True, slots=True)
class Declared:
    """`kind` is insn, block, read, write or exit."""

    kind: str
    function: Callable[..., Any]
    at: tuple[Place, ...] = ()
    within: Within = None
    device: str | None = None

    @property
    def line(self) -> int:
        """Of the function."""
        return self.function.__code__.co_firstlineno

    @property
    def name(self) -> str:
        return self.function.__name__


@dataclass
class Declarations:
    """All of one file."""

    hooks: list[Declared] = field(default_factory=list)
    storage: list[Storage] = field(default_factory=list)
    finish: Callable[..., Any] | None = None


_open: Final[list[Declarations]] = []


def collect(into: Declarations) -> None:
    """What is declared from here on."""
    _open.append(into)


def collected() -> None:
    _open.pop()


def _declare(kind: str, function: Any, **where: Any) -> Any:
    if not callable(function) or not hasattr(function, "__code__"):
        raise Misused(f"@on_{kind} stands before a function, and got {function!r}")
    if function.__code__.co_argcount != 1:
        raise Misused(
            f"a hook has one argument, the context; {function.__name__} has {function.__code__.co_argcount}"
        )
    if _open:
        _open[-1].hooks.append(Declared(kind, function, **where))
    return function


def _decorator(kind: str, function: Any, **where: Any) -> Any:
    if function is not None:
        return _declare(kind, function, **where)
    return lambda later: _declare(kind, later, **where)


def _places(at: Place | Sequence[Place] | None) -> tuple[Place, ...]:
    if at is None:
        return ()
    found = (at,) if isinstance(at, (int, str)) else tuple(at)
    if not found or not all(isinstance(each, (int, str)) for each in found):
        raise Misused(f"at= expects an address, a symbol, or several of them, and got {at!r}")
    return found


def _within(within: Within) -> Within:
    pair = isinstance(within, tuple) and len(within) == 2 and isinstance(within[0], (int, str))
    if within is None or isinstance(within, str) or (pair and isinstance(within[1], int) and within[1] > 0):
        return within
    raise Misused(f"within= expects a symbol, or (address or symbol, bytes), and got {within!r}")


def on_insn(
    function: Function | None = None, *, at: Place | Sequence[Place] | None = None, within: Within = None
) -> Any:
    """Call it before each instruction, or before those at some addresses, or in a range."""
    if at is not None and within is not None:
        raise Misused("on_insn takes at= or within=, not both")
    return _decorator("insn", function, at=_places(at), within=_within(within))


def on_block(function: Function | None = None, *, within: Within = None) -> Any:
    """Call it where straight-line code begins to run, or where such begins in a range."""
    return _decorator("block", function, within=_within(within))


def on_read(function: Function | None = None, *, within: Within = None) -> Any:
    """Call it before each load from RAM, or from a range of it."""
    return _decorator("read", function, within=_within(within))


def on_write(function: Function | None = None, *, within: Within = None) -> Any:
    """Call it before each store to RAM, or to a range of it."""
    return _decorator("write", function, within=_within(within))


def on_exit(function: Function | None = None, *, device: str | None = None) -> Any:
    """Call it when the guest was left, or a device's access was answered natively; or for one device."""
    return _decorator("exit", function, device=device)


def finish(function: Function) -> Function:
    """Call this Python function with a `Results` after the run; nothing else is printed then."""
    if _open:
        if _open[-1].finish is not None:
            raise Misused("there is one @finish in a file")
        _open[-1].finish = function
    return function


def drain(ring: Ring) -> Callable[[Function], Function]:
    """Hand the ring's rows, as a numpy array, to this Python function while the guest runs; they are not kept then."""
    if not isinstance(ring, Ring):
        raise Misused(f"@drain expects a ring, and got {ring!r}")

    def decorate(function: Function) -> Function:
        ring.takes = function
        return function

    return decorate


def _kept(storage: S) -> S:
    if not _open:
        return storage
    if any(each.name == storage.name for each in _open[-1].storage):
        raise Misused(f"two objects are named {storage.name!r}")
    _open[-1].storage.append(storage)
    return storage


def _named(name: object) -> str:
    if not isinstance(name, str) or not name:
        raise Misused(f"a counter, array, table or ring has a name as its first argument, and not {name!r}")
    return name


def counter(name: str) -> Counter:
    """A number: `.add(n)`, `.value`."""
    return _kept(Counter(_named(name)))


def array(name: str, length: int) -> Array:
    """`length` numbers: `a[i]`, `a[i] += n`."""
    return _kept(Array(_named(name), length))


def table(name: str, keys: int = 1) -> Table:
    """Numbers by key, or by several keys together: `t[k]`, `t[k] += n`, `t.add((a, b), n)`."""
    return _kept(Table(_named(name), keys))


def ring(name: str, *columns: str) -> Ring:
    """Rows in order: `.add(a, b, ...)`."""
    return _kept(Ring(_named(name), *columns))
