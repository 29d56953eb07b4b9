"""From paths to cases: suite.toml, guest.toml, and folders of programs without either. docs/suites.md has the schema."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from axemu.suite.case import Case, Prefix
from emu.board import board_for
from emu.errors import EmuError, LoadError
from emu.expectation import place as parsed
from emu.guest import MANIFEST as GUEST
from emu.guest import Guest, guest_in
from emu.loaders import isa_in
from emu.manifest import Table
from isa import registry
from isa.errors import IsaError

SUITE = "suite.toml"
OWN = ("name", "glob", "exclude", "guests", "matrix")
"""Keys of a case that are not its guest's."""
VARIED = ("isa", "machine", "cpu", "smp", "memory", "clock", "shift", "bios", "elf", "append", "unmapped")
"""Keys that a matrix may vary."""
MOST = 100_000  # cases of one manifest
ELF = b"\x7fELF"
HINT = (
    "axemu suite run takes folders, suite.toml and guest.toml files, and with --protocol folders of ELF files"
)


def collect(paths: Sequence[Path], bare: Mapping[str, Any] | None, root: Path) -> tuple[Case, ...]:
    """Every case of these paths, named from `root`. With `bare`, the keys of a case, programs that no manifest describes
    are cases.

    Raises LoadError: for a manifest that is not valid, for a path without a case, for two cases of one name.
    """
    cases: dict[str, Case] = {}
    for path in paths:
        found = list(_in(path, bare, root))
        if not found:
            what = "an ELF file" if bare else "a suite.toml or guest.toml"
            hint = "" if bare else "Programs without a manifest need --protocol"
            raise LoadError(path, f"{what} in it or below", "none", hint)
        for case in found:
            other = cases.get(case.name)
            if other is not None and other.manifest != case.manifest:
                raise LoadError(case.manifest, "names of its own", f"{case.name!r}, as in {other.manifest}")
            cases[case.name] = case
    return tuple(cases.values())


def _in(path: Path, bare: Mapping[str, Any] | None, root: Path) -> Iterator[Case]:
    if not path.exists():
        raise LoadError(path, "a file or folder", "nothing of that name", HINT)
    if path.is_file():
        if path.name.endswith(".toml"):
            yield from (_guest_case(path, root),) if path.name == GUEST else suite(path, root)
        elif bare is not None:
            yield _bare(path, bare, root)
        else:
            raise LoadError(path, "a manifest", "another file", "Programs without a manifest need --protocol")
        return
    manifests = [each for each in _below(path) if each.name in (SUITE, GUEST)]
    if bare is not None and not manifests:
        for each in _below(path):
            if each.is_file() and _is_elf(each):
                yield _bare(each, bare, root)
        return
    taken: set[Path] = set()
    for manifest in manifests:
        if manifest.name == SUITE:
            for case in suite(manifest, root):
                taken.add(case.guest.folder / GUEST)
                yield case
    for manifest in manifests:
        if manifest.name == GUEST and manifest.resolve() not in taken:
            yield _guest_case(manifest, root)


def _below(folder: Path) -> Iterator[Path]:
    """Files, sorted; not in folders whose name begins with a dot, such as the bundles of an earlier run."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(files))


def _is_elf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == ELF
    except OSError:
        return False


def _bare(path: Path, bare: Mapping[str, Any], root: Path) -> Case:
    """A program that nobody has described: what was said of all, else ISA by its header and the ISA's machine."""
    values = {**bare, "elf": path.name}
    guest = _guest(Table(path, values), path.parent, path.name)
    return Case(_relative(path, root), guest, path)


def _guest_case(manifest: Path, root: Path) -> Case:
    top = Table.load(manifest, "")
    for key in ("summary", "isa", "machine"):
        top.text(key)
    guest = _guest(top, manifest.parent, f"{manifest.parent.resolve().name}.elf")
    return Case(_relative(manifest.parent, root), guest, manifest)


def _guest(table: Table, folder: Path, program: str) -> Guest:
    """The guest that a table describes, ISA and machine filled in and known."""
    guest = guest_in(table, folder.resolve(), program)
    try:
        name = registry.find(guest.isa or isa_in(guest.elf) or "riscv64").name
    except IsaError as error:
        table.refuse("isa", "an instruction set", str(error))
    try:
        machine = board_for(name, guest.machine).name
    except EmuError as error:
        table.refuse("machine", f"a machine for {name}", str(error))
    try:
        registry.cpu_model(registry.find(name), guest.cpu)
    except IsaError as error:
        table.refuse("cpu", f"a CPU model of {name}", str(error))
    return replace(guest, isa=name, machine=machine)


def suite(manifest: Path, root: Path) -> Iterator[Case]:
    """The cases of a suite.toml."""
    top = Table.load(manifest, HINT)
    top.text("summary", "")
    shared = top.texts("tags")
    defaults: Mapping[str, Any] = top.table("defaults").values
    prefixes = {
        name: _prefix(Table(manifest, values, ("prefix", name), top.source), defaults)
        for name, values in top.table("prefix").values.items()
        if isinstance(values, dict)
    }
    rows = top.tables("case")
    top.finish()
    if not rows:
        top.refuse("case", "a list of tables, [[case]]", "none")
    seen: dict[str, int] = {}
    for index, row in enumerate(rows):
        for case in _expanded(row, defaults, prefixes, root):
            if case.name in seen:
                what = f"{case.name!r}, as in case[{seen[case.name]}]"
                row.refuse("name", "a name of its own", what, "Give the case a name, or narrow the glob")
            seen[case.name] = index
            if len(seen) > MOST:
                row.refuse("matrix", f"at most {MOST} cases in a manifest", "more")
            tags = tuple(dict.fromkeys((*shared, *case.guest.tags)))
            yield replace(case, guest=replace(case.guest, tags=tags))


def _expanded(
    row: Table, defaults: Mapping[str, Any], prefixes: Mapping[str, Prefix], root: Path
) -> Iterator[Case]:
    """One [[case]]: its programs, times its matrix."""
    folder = row.path.parent
    programs = list(_programs(row))
    own = {key: value for key, value in row.values.items() if key not in OWN}
    for name, source, base in programs:
        for parameters in _matrix(row):
            values = _merged(_merged(defaults, base), {**own, **dict(parameters)})
            values = {key: _filled(value, dict(parameters)) for key, value in values.items()}
            at = folder if source is None else source.parent
            table = Table(row.path, values, row.keys, row.source, ("defaults",))
            after = table.text("after", "")
            if after and after not in prefixes:
                table.refuse(
                    "after", f"one of the prefixes {', '.join(prefixes) or '(there is none)'}", repr(after)
                )
            program = f"{at.resolve().name}.elf" if base and "elf" not in values else name
            if "elf" not in values and not base and row.optional_text("glob") is None:
                if after:
                    values = {**values, "elf": str(prefixes[after].guest.elf)}
                else:
                    table.refuse("elf", "the program", "no such key", "Add elf, glob or guests")
                table = Table(row.path, values, row.keys, row.source, ("defaults",))
            guest = _guest(table, at, program)
            words = tuple((key, str(value)) for key, value in parameters)
            label = f"[{','.join(f'{key}={value}' for key, value in words)}]" if words else ""
            full = _relative(folder / name, root) if name != "." else _relative(folder, root)
            yield Case(f"{full}{label}", guest, row.path, words, prefixes.get(after))


def _programs(row: Table) -> Iterator[tuple[str, Path | None, Mapping[str, Any]]]:
    """(name, the manifest or program it is of, what that says) for a [[case]]."""
    folder = row.path.parent
    name, pattern, guests = (row.optional_text(key) for key in ("name", "glob", "guests"))
    excluded = row.texts("exclude")
    if pattern is not None and guests is not None:
        row.refuse("guests", "absent beside glob", repr(guests))
    if pattern is None and guests is None:
        yield name or row.text("name"), None, {}
        return
    key, text = ("glob", pattern) if pattern is not None else ("guests", guests)
    assert text is not None
    try:
        found = sorted(each for each in folder.glob(text) if not any(each.match(skip) for skip in excluded))
    except (ValueError, NotImplementedError) as error:
        row.refuse(key, "a pattern of paths below the manifest", f"{text!r}: {error}")
    if key == "guests":
        found = [each / GUEST if each.is_dir() else each for each in found]
    found = [each for each in found if each.is_file()]
    if not found:
        row.refuse(key, "a pattern that something matches", repr(text), f"Nothing in {folder} does")
    for each in found:
        if key == "glob":
            label = each.relative_to(folder).as_posix()
            yield f"{name}/{label}" if name else label, each, {"elf": each.name}
        else:
            label = each.parent.relative_to(folder).as_posix()
            yield f"{name}/{label}" if name else label, each, dict(Table.load(each, "").values)


def _matrix(row: Table) -> Iterator[tuple[tuple[str, Any], ...]]:
    table = row.table("matrix")
    axes = []
    for key, values in table.values.items():
        if key not in VARIED:
            table.refuse(key, f"one of {', '.join(VARIED)}", "another key")
        if not isinstance(values, list) or not values:
            table.refuse(key, "a list of values", repr(values))
        axes.append([(key, value) for value in values])
    yield from itertools.product(*axes)


def _prefix(table: Table, defaults: Mapping[str, Any]) -> Prefix:
    """[prefix.NAME]: a guest, and `until`."""
    values = _merged(defaults, {key: value for key, value in table.values.items() if key != "until"})
    until = table.table("until")
    console, symbol = until.optional_text("console"), until.optional_text("symbol")
    number = until.optional_integer("instructions", 1, (1 << 63) - 1)
    until.finish()
    if sum(each is not None for each in (console, symbol, number)) != 1:
        table.refuse("until", "a table with one of console, symbol and instructions", repr(until.values))
    if console is not None:
        until.pattern_in("console", console)
    place = None
    if symbol is not None:
        place = parsed(symbol)
        if place is None:
            until.refuse("symbol", "a symbol, symbol+offset or an address", repr(symbol))
    inner = Table(table.path, values, table.keys, table.source, ("defaults",))
    if "elf" not in values:
        inner.refuse("elf", "the program", "no such key")
    return Prefix(str(table.keys[-1]), _guest(inner, table.path.parent, ""), console, place, number)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` over `below`, table by table."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merged(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def _filled(value: Any, parameters: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any TOML value
    """`{isa}` in a text stands for the matrix's isa."""
    if isinstance(value, str):
        for key, word in parameters.items():
            value = value.replace(f"{{{key}}}", str(word))
    return value


def _relative(path: Path, root: Path) -> str:
    return Path(os.path.relpath(path, root)).as_posix()
