"""Instruction sets by name, through the one door for plug-ins: the entry-point group ``axemu.isa``.

Loading one plug-in imports no other: a name that is an entry point's own name loads that one alone. An alias
is found by asking our own first, then the others in turn; one that does not load is passed over there and
reported by `broken`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from isa.contract import CpuModel, Isa
from isa.errors import BrokenPlugin, IsaError, UnknownCpuModel, UnknownExtension, UnknownIsa
from isa.extension import Extension

Plugin = TypeVar("Plugin", Isa, Extension)

GROUP = "axemu.isa"
INSTRUCTIONS = "axemu.instructions"

# The same rows as pyproject.toml's, for a checkout that is on the path without being installed.
OWN = (
    EntryPoint("riscv64", "isa.riscv:RISCV64", GROUP),
    EntryPoint("riscv32", "isa.riscv:RISCV32", GROUP),
    EntryPoint("aarch64", "isa.aarch64:AARCH64", GROUP),
    EntryPoint("arm", "isa.arm:ARM", GROUP),
    EntryPoint("i386", "isa.x86:I386", GROUP),
    EntryPoint("x86_64", "isa.x86:X86_64", GROUP),
    EntryPoint("mips", "isa.mips:MIPS", GROUP),
    EntryPoint("mipsel", "isa.mips:MIPSEL", GROUP),
    EntryPoint("mips64", "isa.mips:MIPS64", GROUP),
    EntryPoint("mips64el", "isa.mips:MIPS64EL", GROUP),
    EntryPoint("ppc", "isa.ppc:PPC", GROUP),
    EntryPoint("ppc64", "isa.ppc:PPC64", GROUP),
    EntryPoint("sparc", "isa.sparc:SPARC", GROUP),
    EntryPoint("sparc64", "isa.sparc:SPARC64", GROUP),
    EntryPoint("m68k", "isa.m68k:M68K", GROUP),
    EntryPoint("s390x", "isa.s390x:S390X", GROUP),
    EntryPoint("tricore", "isa.tricore:TRICORE", GROUP),
)


OWN_INSTRUCTIONS = tuple(
    EntryPoint(name, f"isa.riscv.extensions:{name.upper()}", INSTRUCTIONS)
    for name in ("zba", "zbb", "zbc", "zbs", "zicond")
)


def plugins() -> dict[str, EntryPoint]:
    """Every plug-in by name, ours first. Of two with one name ours wins, else the first distribution's."""
    found: dict[str, EntryPoint] = {}
    for entry in _candidates():
        found.setdefault(entry.name.lower(), entry)
    return found


def names() -> tuple[str, ...]:
    """The plug-ins' names, without loading any."""
    return tuple(plugins())


def find(name: str) -> Isa:
    """The instruction set of that name or alias, in any case of letters.

    Raises UnknownIsa with the nearest names, BrokenPlugin where the plug-in of that name does not load.
    """
    wanted = name.lower()
    for entry in OWN:  # ours win, and need no look at what is installed
        if entry.name == wanted:
            return load(entry)
    known = plugins()
    if wanted in known:
        return load(known[wanted])
    aliases: list[str] = []
    for isa in _loadable():
        if wanted in (alias.lower() for alias in isa.aliases):
            return isa
        aliases += isa.aliases
    raise UnknownIsa(name, (*known, *aliases), tuple(known))


def load(entry: EntryPoint) -> Isa:
    """Import one plug-in. Raises BrokenPlugin, whatever went wrong in it."""
    return _load(entry, Isa)


def _load(entry: EntryPoint, kind: type[Plugin]) -> Plugin:
    try:
        value = entry.load()
    except IsaError as error:
        raise _broken(entry, f"is refused: {error}") from error
    except (Exception, SystemExit) as error:
        raise _broken(entry, f"fails to import ({type(error).__name__}: {error})") from error
    if not isinstance(value, kind):
        expected = f"{kind.__module__}.{kind.__name__}"
        raise _broken(entry, f"is a {type(value).__name__}, expected an {expected}")
    if value.name.lower() != entry.name.lower():
        raise _broken(entry, f"is named {value.name!r}, expected {entry.name!r} as its entry point says")
    return value


def broken() -> tuple[BrokenPlugin, ...]:
    """The plug-ins that nobody can use, each with its reason. Loads all."""
    used: dict[str, EntryPoint] = {}
    found: list[BrokenPlugin] = []
    for entry in _candidates():
        winner = used.setdefault(entry.name.lower(), entry)
        if entry is winner:
            try:
                load(entry)
            except BrokenPlugin as error:
                found.append(error)
        elif entry.value != winner.value:
            taken = f"takes a name that {_distribution(winner) or 'axemu'} has already ({winner.value})"
            found.append(_broken(entry, taken))
    return tuple(found)


def cpu_model(isa: Isa, name: str | None) -> CpuModel:
    """The CPU model of that name, in any case of letters, with properties as QEMU has them: ``rv64,zba=on,zbs=off``.

    None is the default. Raises UnknownCpuModel, UnknownExtension.
    """
    models = isa.engine.cpu_models
    if name is None:
        return models[0]
    wanted, *properties = (part.strip().lower() for part in name.split(","))
    for model in models:
        if model.name.lower() == wanted:
            return _with_properties(isa, model, properties)
    raise UnknownCpuModel(isa.name, name.partition(",")[0], tuple(model.name for model in models))


def _with_properties(isa: Isa, model: CpuModel, properties: list[str]) -> CpuModel:
    chosen = set(model.extensions)
    known = extensions(isa) if properties else {}
    for given in properties:
        name, _, value = given.partition("=")
        if name not in known or value not in ("", "on", "true", "off", "false"):
            raise UnknownExtension(isa.name, given, tuple(known))
        load_extension(known[name])
        (chosen.discard if value in ("off", "false") else chosen.add)(name)
    if chosen == set(model.extensions):
        return model
    differences = sorted(chosen ^ set(model.extensions))
    text = ",".join(f"{each}={'on' if each in chosen else 'off'}" for each in differences)
    return replace(model, name=f"{model.name},{text}", extensions=tuple(sorted(chosen)))


def extensions(isa: Isa) -> dict[str, EntryPoint]:
    """Entry points of instructions that the engine lacks, for this ISA, by name; ours first. Loads all; one that does
    not load is known by its name all the same."""
    found: dict[str, EntryPoint] = {}
    for entry in (*OWN_INSTRUCTIONS, *_installed(INSTRUCTIONS, tuple(sys.path))):
        try:
            if isa.name not in load_extension(entry).isas:
                continue
        except BrokenPlugin:
            pass
        found.setdefault(entry.name.lower(), entry)
    return found


def extension(isa: Isa, name: str) -> Extension:
    """The extension of that name. Raises UnknownExtension, BrokenPlugin."""
    known = extensions(isa)
    if name not in known:
        raise UnknownExtension(isa.name, name, tuple(known))
    return load_extension(known[name])


def load_extension(entry: EntryPoint) -> Extension:
    """Import one. Raises BrokenPlugin, whatever went wrong in it."""
    return _load(entry, Extension)


def profile(isa: Isa, model: CpuModel) -> Isa:
    """What describes a CPU model of `isa`: that, or the model's own. Raises BrokenPlugin."""
    if model.profile is None:
        return isa
    return load(EntryPoint(isa.name, model.profile, GROUP))


def _candidates() -> tuple[EntryPoint, ...]:
    return (*OWN, *_installed(GROUP, tuple(sys.path)))


@lru_cache
def _installed(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Entry points of what is installed on the import path; looking for them takes 10 ms."""
    return tuple(sorted(entry_points(group=group), key=_distribution))


def _loadable() -> Iterator[Isa]:
    for entry in plugins().values():
        try:
            yield load(entry)
        except BrokenPlugin:
            continue


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else ""


def _broken(entry: EntryPoint, cause: str) -> BrokenPlugin:
    return BrokenPlugin(entry.name, _distribution(entry) or "axemu", entry.value, cause)
