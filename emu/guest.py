"""Guest folders: a `guest.toml` beside the program it describes, read into one frozen value.

The schema is documented in guests/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from emu.config import Block, DiskImage, Entropy, MachineConfig, VirtioRequest
from emu.manifest import Table
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
MAX_CPUS = 1024  # what a manifest may ask for; the machine has its own limit
U32, U63 = (1 << 32) - 1, (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Build:
    """How the ELF is made. Sources are absolute paths; flags go to the compiler as they stand. target is the row of
    guests/targets.py, where it is not the ISA's."""

    sources: tuple[Path, ...]
    flags: tuple[str, ...] = ()
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a run must do to pass.

    exit_code is the guest's own, asked of a run that powered off. console: each pattern must be found after
    the end of the one before it. console_text, where given, is the whole console. xfail turns the verdict
    round: the run must miss at least one of the other expectations.
    """

    ending: Ending = Ending.POWERED_OFF
    exit_code: int = 0
    console: tuple[str, ...] = ()
    console_text: str | None = None
    forbidden: tuple[str, ...] = ()
    max_instructions: int | None = None
    xfail: bool = False

    def differences(self, outcome: Outcome, console: bytes) -> tuple[str, ...]:
        """Every expectation that the run missed, one sentence each; empty where it met all. Ignores xfail."""
        text = console.decode("utf-8", "replace").replace("\r\n", "\n")
        found: list[str] = []
        if outcome.ending is not self.ending:
            found.append(f"ending: expected {self.ending.value}, got {outcome.ending.value} ({outcome.text})")
        elif outcome.ending is Ending.POWERED_OFF and outcome.code != self.exit_code:
            found.append(f"exit code: expected {self.exit_code}, got {outcome.code}")
        if self.console_text is not None and text != self.console_text:
            found.append(f"console: expected {self.console_text!r}, got {shortened(text)!r}")
        position = 0
        for pattern in self.console:
            match = re.compile(pattern, re.MULTILINE).search(text, position)
            if match is None:
                found.append(f"console: expected a match of {pattern!r} in {shortened(text[position:])!r}")
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
    """One guest: the machine it wants, its program, its input, what it must do. memory is in bytes."""

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
    disk: Path | None = None  # a raw image; what the guest writes is lost
    entropy: bool = False

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
            virtio=tuple(self._virtio()),
            clock=self.clock,
        )

    def _virtio(self) -> Iterator[VirtioRequest]:
        if self.disk is not None:
            yield Block(DiskImage(self.disk, "raw", snapshot=True))
        if self.entropy:
            yield Entropy()


def find_guests(root: Path) -> tuple[Path, ...]:
    """Every guest folder at or below `root`, sorted."""
    return tuple(sorted(manifest.parent for manifest in root.rglob(MANIFEST)))


def load_guest(path: Path) -> Guest:
    """Read a guest folder, or its guest.toml. Raises LoadError; does not ask whether the ELF exists."""
    manifest = path if path.name == MANIFEST else path / MANIFEST
    folder = manifest.parent.resolve()
    top = Table.load(
        manifest, "A guest folder has a guest.toml; to run an ELF or image, name the file itself"
    )
    build, expect = top.table("build"), top.table("expect")
    guest = Guest(
        folder=folder,
        summary=top.text("summary"),
        isa=top.text("isa"),
        machine=top.text("machine"),
        cpu=top.optional_text("cpu"),
        smp=top.integer("smp", 1, 1, MAX_CPUS),
        memory=top.size("memory"),
        clock=top.choice("clock", CLOCKS, "virtual"),
        bios=top.text("bios", "none"),
        append=top.text("append", ""),
        input=top.text("input", "").encode(),
        disk=None if (disk := top.optional_text("disk")) is None else (folder / disk).resolve(),
        entropy=top.boolean("entropy"),
        elf=(folder / top.text("elf", f"{folder.name}.elf")).resolve(),
        build=Build(
            sources=tuple((folder / source).resolve() for source in build.texts("sources")),
            flags=build.texts("flags"),
            target=build.optional_text("target"),
        ),
        expect=expectation(expect),
    )
    for table in (top, build, expect):
        table.finish()
    return guest


def expectation(table: Table) -> Expectation:
    """The [expect] table."""
    word = table.choice("ending", ENDINGS, "powered-off")
    ending, code = ENDINGS[word], table.optional_integer("exit_code", 0, U32)
    if ending is not Ending.POWERED_OFF and code is not None:
        table.refuse(
            "exit_code", "absent where the guest does not power off", f"{code}, with ending {word!r}"
        )
    return Expectation(
        ending=ending,
        exit_code=code or 0,
        console=table.patterns("console"),
        console_text=table.optional_text("console_text"),
        forbidden=table.patterns("forbidden"),
        max_instructions=table.optional_integer("max_instructions", 1, U63),
        xfail=table.boolean("xfail"),
    )


def shortened(text: str, limit: int = 200) -> str:
    """The end of a long text, where a run's trouble shows."""
    return text if len(text) <= limit else f"...{text[3 - limit :]}"
