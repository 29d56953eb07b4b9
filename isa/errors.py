"""What can go wrong with instruction sets.

    IsaError
      UnknownIsa            no plug-in has that name
      UnknownRegister       the ISA has no such register
      UnknownCpuModel       the engine has no such CPU model for the ISA
      UnknownExtension      no plug-in supplies such instructions for the ISA
      BrokenPlugin          a plug-in that does not import, or is not an Isa
      BadDescriptor         a descriptor that contradicts itself
      NoSuchAbility         the ISA lacks what was asked (its descriptor has None there)
      AssemblyError         the assembler refused a line

Every error keeps its facts as attributes, prints expected and actual, and can be pickled.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Up to three known names that look like `name`, the likeliest first."""
    return tuple(get_close_matches(name.lower(), list(known), n=3, cutoff=0.6))


def _suggestion(name: str, known: Iterable[str]) -> str:
    found = nearest(name, known)
    return f"; did you mean {' or '.join(found)}?" if found else ""


class IsaError(Exception):
    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        return type(self).__name__


@dataclass(eq=False)
class UnknownIsa(IsaError):
    name: str
    known: tuple[str, ...]  # names and aliases
    names: tuple[str, ...]  # names only

    @property
    def text(self) -> str:
        listed = ", ".join(self.names) or "none"
        hint = _suggestion(self.name, self.known)
        return f"no instruction set is named {self.name!r}{hint} (installed: {listed})"


@dataclass(eq=False)
class UnknownRegister(IsaError):
    isa: str
    name: str
    known: tuple[str, ...]

    @property
    def text(self) -> str:
        return (
            f"{self.isa} has no register {self.name!r}{_suggestion(self.name, self.known)} "
            f"(`axemu isa show {self.isa}` lists all {len(self.known)} names)"
        )


@dataclass(eq=False)
class UnknownCpuModel(IsaError):
    isa: str
    name: str
    models: tuple[str, ...]

    @property
    def text(self) -> str:
        hint = _suggestion(self.name, self.models)
        return f"{self.isa} has no CPU model {self.name!r}{hint} (models: {', '.join(self.models)})"


@dataclass(eq=False)
class UnknownExtension(IsaError):
    isa: str
    given: str  # as it stands in -cpu
    known: tuple[str, ...]

    @property
    def text(self) -> str:
        name = self.given.partition("=")[0]
        have = ", ".join(self.known) or "none"
        return (
            f"{self.isa} knows no CPU property {self.given!r}{_suggestion(name, self.known)}; expected NAME=on or "
            f"NAME=off of an extension ({have}), such as -cpu MODEL,{next(iter(self.known), 'name')}=on"
        )


@dataclass(eq=False)
class BrokenPlugin(IsaError):
    name: str
    distribution: str
    entry: str  # module:attribute
    cause: str

    @property
    def text(self) -> str:
        return (
            f"the instruction set {self.name!r} of the distribution {self.distribution!r} cannot be used: "
            f"{self.entry} {self.cause}; "
            f"reinstall or remove that distribution (`pip uninstall {self.distribution}`)"
        )


@dataclass(eq=False)
class BadDescriptor(IsaError):
    isa: str
    fault: str

    @property
    def text(self) -> str:
        return f"the descriptor of {self.isa} contradicts itself: {self.fault}"


@dataclass(eq=False)
class NoSuchAbility(IsaError):
    isa: str
    ability: str
    reason: str

    @property
    def text(self) -> str:
        return f"{self.isa} has no {self.ability}: {self.reason}"


@dataclass(eq=False)
class AssemblyError(IsaError):
    """line and column count from 1; column is 0 where the assembler does not say."""

    isa: str
    line: int
    column: int
    source: str
    message: str

    @property
    def text(self) -> str:
        where = f"line {self.line}" + (f", column {self.column}" if self.column else "")
        return f"{self.isa} assembly, {where}: {self.message}\n    {self.source}"
