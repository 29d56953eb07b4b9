"""Guest folders: a `guest.toml` beside the program it describes, read into one frozen value.

The schema is documented in guests/README.md. Reading is strict: an unknown key, a wrong type or a value out of range is
a `LoadError` that names the file, the key, what was expected and the nearest valid word.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from emu.config import MachineConfig
from emu.errors import LoadError
from emu.outcome import Ending, Outcome

MANIFEST = "guest.toml"
ENDINGS: Mapping[str, Ending] = {
    "powered-off": Ending.POWERED_OFF,
    "crashed": Ending.CRASHED,
    "trap-loop": Ending.TRAP_LOOP,
    "blocked": Ending.BLOCKED,
    "budget": Ending.BUDGET,
}
CLOCKS = ("virtual", "host")
UNITS: Mapping[str, int] = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Build:
    """How the ELF is made. Sources are absolute paths; flags go to the compiler as they stand."""

    sources: tuple[Path, ...]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a run must do to pass.

    exit_code is the guest's own code and is asked of a run that powered off. console: each pattern must be found after
    the end of the one before it. console_text, where given, is the whole console. xfail turns the verdict round: the
    run must miss at least one of the other expectations.
    """

    ending: Ending = Ending.POWERED_OFF
    exit_code: int = 0
    console: tuple[str, ...] = ()
    console_text: str | None = None
    forbidden: tuple[str, ...] = ()
    max_instructions: int | None = None
    xfail: bool = False

    def differences(self, outcome: Outcome, console: bytes) -> tuple[str, ...]:
        """Every expectation that the run missed, one sentence each; empty where it met them all. Ignores xfail."""
        text = console.decode("utf-8", "replace").replace("\r\n", "\n")
        found: list[str] = []
        if outcome.ending is not self.ending:
            found.append(f"ending: expected {self.ending.value}, got {outcome.ending.value} ({outcome.text})")
        elif outcome.ending is Ending.POWERED_OFF and outcome.code != self.exit_code:
            found.append(f"exit code: expected {self.exit_code}, got {outcome.code}")
        if self.console_text is not None and text != self.console_text:
            found.append(f"console: expected {self.console_text!r}, got {shorten(text)!r}")
        position = 0
        for pattern in self.console:
            match = re.compile(pattern, re.MULTILINE).search(text, position)
            if match is None:
                found.append(f"console: expected a match of {pattern!r} in {shorten(text[position:])!r}")
                break
            position = match.end()
        for pattern in self.forbidden:
            match = re.search(pattern, text, re.MULTILINE)
            if match is not None:
                found.append(f"console: {pattern!r} is forbidden and matches {match.group()!r}")
        return tuple(found)

    def passes(self, outcome: Outcome, console: bytes) -> bool:
        """The verdict, xfail taken into account."""
        return bool(self.differences(outcome, console)) == self.xfail


@dataclass(frozen=True, slots=True)
class Guest:
    """One guest: the machine it wants, its program, its input, and what it must do. memory is in bytes."""

    folder: Path
    summary: str
    isa: str
    machine: str
    elf: Path
    build: Build
    expect: Expectation
    cpu: str | None = None
    smp: int = 1
    memory: int | None = None
    clock: str = "virtual"
    bios: str = "none"
    append: str = ""
    input: bytes = b""

    @property
    def name(self) -> str:
        return self.folder.name

    def config(self) -> MachineConfig:
        """The machine that this guest asks for; its program is the kernel."""
        return MachineConfig(
            isa=self.isa,
            board=self.machine,
            cpu=self.cpu,
            smp=self.smp,
            ram=self.memory,
            bios=self.bios,
            kernel=self.elf,
            append=self.append,
            clock=self.clock,
        )


def is_guest_folder(path: Path) -> bool:
    return (path / MANIFEST).is_file()


def find_guests(root: Path) -> tuple[Path, ...]:
    """Every guest folder at or below `root`, sorted."""
    return tuple(sorted(manifest.parent for manifest in root.rglob(MANIFEST)))


def load_guest(path: Path) -> Guest:
    """Read a guest folder, or its guest.toml. Raises LoadError; does not ask whether the ELF exists."""
    manifest = path if path.name == MANIFEST else path / MANIFEST
    try:
        text = manifest.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError(
            path=manifest,
            expected=f"a guest folder with a readable {MANIFEST}",
            actual=str(error),
            hint="guests/README.md shows the schema; run an ELF or image file by naming the file itself",
        ) from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LoadError(
            path=manifest, expected="TOML", actual=str(error), hint="correct the line named above"
        ) from error
    return Reader(manifest).guest(document)


class Reader:
    """Turns the tables of one guest.toml into values, and knows which file to name in an error."""

    def __init__(self, manifest: Path) -> None:
        self.manifest, self.folder = manifest, manifest.parent

    def guest(self, document: Mapping[str, Any]) -> Guest:
        top = Table(self, "", document)
        build, expect = top.table("build"), top.table("expect")
        guest = Guest(
            folder=self.folder.resolve(),
            summary=top.text("summary"),
            isa=top.text("isa"),
            machine=top.text("machine"),
            cpu=top.text("cpu", None),
            smp=top.integer("smp", 1, low=1),
            memory=top.size("memory"),
            clock=top.choice("clock", CLOCKS, "virtual"),
            bios=top.text("bios", "none"),
            append=top.text("append", ""),
            input=top.text("input", "").encode(),
            elf=(self.folder / top.text("elf", f"{self.folder.resolve().name}.elf")).resolve(),
            build=Build(
                sources=tuple((self.folder / source).resolve() for source in build.texts("sources")),
                flags=build.texts("flags"),
            ),
            expect=self.expectation(expect),
        )
        for table in (top, build, expect):
            table.finish()
        return guest

    def expectation(self, table: Table) -> Expectation:
        ending = ENDINGS[table.choice("ending", tuple(ENDINGS), "powered-off")]
        if ending is not Ending.POWERED_OFF and "exit_code" in table.values:
            self.fail(
                "expect.exit_code",
                "an exit code only where the guest powers off",
                f"ending = {table.values['ending']!r} with an exit code",
                "remove one of the two",
            )
        return Expectation(
            ending=ending,
            exit_code=table.integer("exit_code", 0, low=0, high=0xFFFF_FFFF),
            console=table.patterns("console"),
            console_text=table.text("console_text", None),
            forbidden=table.patterns("forbidden"),
            max_instructions=table.integer("max_instructions", None, low=1),
            xfail=table.boolean("xfail"),
        )

    def fail(self, key: str, expected: str, actual: str, hint: str) -> Any:
        raise LoadError(path=self.manifest, expected=f"{key}: {expected}", actual=actual, hint=hint)


REQUIRED: Any = object()


class Table:
    """One TOML table: typed reads that remember which keys are known, and `finish`, which refuses the rest."""

    def __init__(self, reader: Reader, name: str, values: Mapping[str, Any]) -> None:
        self.reader, self.name, self.values = reader, name, values
        self.known: set[str] = set()

    def path(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key

    def take(self, key: str, default: Any, expected: str, good: Callable[[Any], bool]) -> Any:
        self.known.add(key)
        if key not in self.values:
            if default is REQUIRED:
                self.reader.fail(self.path(key), expected, "no such key", f"add a line `{key} = ...`")
            return default
        value = self.values[key]
        if not good(value):
            self.reader.fail(self.path(key), expected, repr(value), "correct the value")
        return value

    def table(self, key: str) -> Table:
        return Table(self.reader, key, self.take(key, {}, "a table", lambda v: isinstance(v, dict)))

    def text(self, key: str, default: T | Any = REQUIRED) -> str | T:
        value: str = self.take(key, default, "a string", lambda v: isinstance(v, str))
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(
            self.take(
                key,
                (),
                "a list of strings",
                lambda v: isinstance(v, list) and all(isinstance(each, str) for each in v),
            )
        )

    def integer(self, key: str, default: T, *, low: int, high: int | None = None) -> int | T:
        expected = f"an integer from {low}" + ("" if high is None else f" to {high:#x}")
        value: int = self.take(
            key,
            default,
            expected,
            lambda v: type(v) is int and v >= low and (high is None or v <= high),
        )
        return value

    def boolean(self, key: str) -> bool:
        return bool(self.take(key, False, "true or false", lambda v: isinstance(v, bool)))

    def choice(self, key: str, words: Iterable[str], default: str) -> str:
        value = self.text(key, default)
        if value not in words:
            self.reader.fail(
                self.path(key), f"one of {', '.join(words)}", repr(value), suggestion(value, words)
            )
        return value

    def size(self, key: str) -> int | None:
        """Bytes, as an integer or as digits with K, M or G (powers of 1024)."""
        value = self.take(
            key,
            None,
            'a size in bytes such as "64M"',
            lambda v: (
                (type(v) is int and v > 0) or (isinstance(v, str) and bool(re.fullmatch(r"[1-9]\d*[KMG]?", v)))
            ),
        )
        if isinstance(value, str):
            return int(value.rstrip("KMG")) * UNITS.get(value[-1], 1)
        return value if value is None else int(value)

    def patterns(self, key: str) -> tuple[str, ...]:
        patterns = self.texts(key)
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                self.reader.fail(
                    self.path(key), "Python regular expressions", f"{pattern!r}: {error}", "correct the pattern"
                )
        return patterns

    def finish(self) -> None:
        for key in self.values:
            if key not in self.known:
                where = f"a key of [{self.name}]" if self.name else "a key of guest.toml"
                self.reader.fail(self.path(key), where, "an unknown key", suggestion(key, sorted(self.known)))


def suggestion(word: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(words), n=1)
    return f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(words)}"


def shorten(text: str, limit: int = 200) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
