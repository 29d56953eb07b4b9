"""Guest folders: a `guest.toml` beside the program it describes, read into one frozen value.

The same keys make a case of a `suite.toml` (`axemu.suite.manifest`). The schema is documented in docs/suites.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emu.config import Block, DiskImage, Entropy, MachineConfig, VirtioRequest
from emu.expectation import Expectation
from emu.expectation_table import expectation
from emu.manifest import Table

MANIFEST = "guest.toml"
CLOCKS = ("virtual", "host")
UNMAPPED = ("fault", "stop", "ones")
PROTOCOLS = (
    "exit",
    "tohost",
    "signature",
    "semihosting",
    "isa-debug-exit",
    "kvm-unit-tests",
    "tap",
    "gtest",
)
"""How a guest says its verdict; docs/suites.md."""
MAX_CPUS = 1024  # what a manifest may ask for; the machine has its own limit
U63 = (1 << 63) - 1
DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h)?")
SECONDS = {None: 1.0, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Prompt:
    """`send` is typed when the console shows a match of `expect` after the one before."""

    expect: str
    send: bytes


@dataclass(frozen=True, slots=True)
class SkipIf:
    """Reasons to leave a case out. Each list names what there must not be (env), or must be (command, file)."""

    env: tuple[str, ...] = ()
    no_env: tuple[str, ...] = ()
    no_command: tuple[str, ...] = ()
    no_file: tuple[Path, ...] = ()
    isa: tuple[str, ...] = ()
    always: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Build:
    """How the ELF is made. Sources are absolute paths; flags go to the compiler as they stand. target is the row of
    guests/targets.py, where it is not the ISA's. debug: with all that a debugger can use. command: run in the folder
    before the guest, by `axemu suite run`."""

    sources: tuple[Path, ...]
    flags: tuple[str, ...] = ()
    target: str | None = None
    debug: bool = False
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guest:
    """One guest: the machine it wants, its program, its input, what it must do. memory is in bytes, timeout in seconds
    of host time. What is only for suites stands last."""

    folder: Path
    summary: str
    isa: str
    machine: str | None
    elf: Path
    build: Build
    expect: Expectation
    cpu: str | None = None
    smp: int = 1
    memory: int | None = None
    clock: str = "virtual"
    shift: int = 0
    bios: str = "none"
    append: str = ""
    initrd: Path | None = None
    dtb: Path | None = None
    base: int | None = None
    unmapped: str = "fault"
    semihosting: bool = False
    input: bytes = b""
    prompts: tuple[Prompt, ...] = ()
    disk: Path | None = None  # a raw image; what the guest writes is lost
    entropy: bool = False
    timeout: float | None = None
    protocol: str = "exit"
    reference: Path | None = None  # of the signature
    tags: tuple[str, ...] = ()
    skip_if: SkipIf = SkipIf()
    quarantine: str = ""  # the reason
    after: str = ""  # the name of a prefix
    max_console: int = 16 << 20  # bytes

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
            base=self.base,
            initrd=self.initrd,
            dtb=self.dtb,
            append=self.append,
            virtio=tuple(self._virtio()),
            clock=self.clock,
            shift=self.shift,
            semihosting=self.semihosting or self.protocol == "semihosting",
            unmapped=self.unmapped,
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
    for key in ("summary", "isa", "machine"):
        top.text(key)
    return guest_in(top, folder, f"{folder.name}.elf")


def guest_in(top: Table, folder: Path, program: str) -> Guest:
    """The guest that a table describes; other keys than these are refused. Paths are from `folder`, and `program` is
    the default of `elf`."""
    build, expect, skip_if = top.table("build"), top.table("expect"), top.table("skip-if")

    def optional_path(key: str) -> Path | None:
        text = top.optional_text(key)
        return None if text is None else (folder / text).resolve()

    guest = Guest(
        folder=folder,
        summary=top.text("summary", ""),
        isa=top.text("isa", ""),
        machine=top.optional_text("machine"),
        cpu=top.optional_text("cpu"),
        smp=top.integer("smp", 1, 1, MAX_CPUS),
        memory=top.size("memory"),
        clock=top.choice("clock", CLOCKS, "virtual"),
        shift=top.integer("shift", 0, 0, 10),
        bios=firmware(top, folder),
        append=top.text("append", ""),
        initrd=optional_path("initrd"),
        dtb=optional_path("dtb"),
        base=top.optional_integer("base", 0, U63),
        unmapped=top.choice("unmapped", UNMAPPED, "fault"),
        semihosting=top.boolean("semihosting"),
        input=top.text("input", "").encode(),
        prompts=tuple(prompt(each) for each in top.tables("prompts")),
        disk=optional_path("disk"),
        entropy=top.boolean("entropy"),
        elf=(folder / top.text("elf", program)).resolve(),
        build=Build(
            sources=tuple((folder / source).resolve() for source in build.texts("sources")),
            flags=build.texts("flags"),
            target=build.optional_text("target"),
            debug=build.boolean("debug"),
            command=build.texts("command"),
        ),
        expect=expectation(expect),
        timeout=duration(top, "timeout"),
        protocol=top.choice("protocol", PROTOCOLS, "exit"),
        reference=optional_path("reference"),
        tags=top.texts("tags"),
        skip_if=skip(skip_if, folder),
        quarantine=top.text("quarantine", ""),
        after=top.text("after", ""),
        max_console=top.size("max_console") or 16 << 20,
    )
    if guest.reference is not None and guest.protocol != "signature":
        top.refuse("reference", 'absent without protocol = "signature"', repr(str(guest.reference)))
    for table in (top, build, expect, skip_if):
        table.finish()
    return guest


def firmware(top: Table, folder: Path) -> str:
    """A word stays one; anything else is a path from the folder."""
    word = top.text("bios", "none")
    return word if word in ("none", "default") else str((folder / word).resolve())


def prompt(table: Table) -> Prompt:
    """One of [[prompts]]."""
    made = Prompt(table.pattern_in("expect", table.text("expect")), table.text("send").encode())
    table.finish()
    return made


def skip(table: Table, folder: Path) -> SkipIf:
    """The [skip-if] table."""
    return SkipIf(
        env=table.texts("env"),
        no_env=table.texts("no-env"),
        no_command=table.texts("no-command"),
        no_file=tuple((folder / name).resolve() for name in table.texts("no-file")),
        isa=table.texts("isa"),
        always=table.boolean("always"),
        reason=table.text("reason", ""),
    )


def duration(table: Table, key: str) -> float | None:
    """Seconds: a number, or text such as "30s", "2m", "500ms"."""
    value = table.take(
        key,
        'a time such as "30s" or "2m"',
        lambda v: (
            (type(v) in (int, float) and v > 0) or (isinstance(v, str) and DURATION.fullmatch(v) is not None)
        ),
    )
    if not isinstance(value, str):
        return None if value is None else float(value)
    match = DURATION.fullmatch(value)
    assert match is not None
    return float(match[1]) * SECONDS[match[2]]
