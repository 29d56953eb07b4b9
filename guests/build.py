"""Build the guest programs: the same bytes everywhere, so that an ELF can be compared with its source.

    python guests/build.py [NAME...]           build, and replace the ELFs in the tree
    python guests/build.py --check [NAME...]   build aside and compare; exit 1 where an ELF differs
    python guests/build.py --into DIR --machine virt [NAME...]   variants for another board, e.g. for QEMU

NAME is a guest (`hello`, of every ISA), an ISA, `riscv64/hello`, or a folder; guests/targets.py has the compilers.
`--check` leaves out ISAs whose compiler is missing, and says so; with CI=true it installs those that Debian has.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

GUESTS = Path(__file__).resolve().parent
sys.path.insert(0, str(GUESTS.parent))

from emu.errors import EmuError  # noqa: E402
from emu.guest import Guest, find_guests, load_guest  # noqa: E402
from guests.targets import TARGETS, Target  # noqa: E402
from guests.toolchains import DEBUGGED, Own, Zig, trouble  # noqa: E402

COMPILER_VERSION = Zig.VERSION


@dataclass(eq=False)
class BuildError(Exception):
    """The compiler refused a guest; `text` is what it said."""

    guest: str
    text: str

    def __str__(self) -> str:
        return f"{self.guest} does not build:\n{self.text}"


class Objects:
    """Compiled sources and libraries, each made once, kept for as long as this object is. Threads may share it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="guests-")
        self._lock = threading.Lock()
        self._made: dict[tuple[str, ...], Future[str]] = {}

    def get(self, target: Target, source: str, flags: Sequence[str]) -> str:
        """The object file of one source."""
        assert not isinstance(target.toolchain, Own)
        command = target.toolchain.compile(source, "@", flags, GUESTS)
        return self._make(command, f"{Path(source).stem}.o")

    def library(self, target: Target, members: Sequence[str]) -> str:
        """An archive of object files."""
        assert not isinstance(target.toolchain, Own)
        return self._make(target.toolchain.archive(members, "@"), "library.a")

    def _make(self, command: list[str], base: str) -> str:
        """What `command` makes; in it @ stands for the path. GNU ld writes the base name into the ELF."""
        key = tuple(command)
        with self._lock:
            first = key not in self._made
            made = self._made.setdefault(key, Future())
            name = str(Path(self._folder.name, str(len(self._made)), base))
        if first:
            try:
                Path(name).parent.mkdir()
                run([name if word == "@" else word for word in command])
                made.set_result(name)
            except ToolError as error:
                made.set_exception(error)
        return made.result()


class ToolError(Exception):
    """A compiler ended with an error; the text is what it said."""


def run(command: Sequence[str]) -> None:
    """Run a tool in GUESTS. Paths among its arguments are relative where they could reach the ELF."""
    done = subprocess.run(command, cwd=GUESTS, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolError(done.stderr.strip() or f"{command[0]} ended with {done.returncode}")


OBJECTS = Objects()


def target_of(guest: Guest) -> Target:
    """The row that builds `guest`."""
    name = guest.build.target or guest.isa
    if name not in TARGETS:
        raise BuildError(f"{guest.isa}/{guest.name}", f"no target {name!r} in guests/targets.py")
    return TARGETS[name]


def build(guest: Guest, machine: str, output: Path) -> bytes:
    """Compile `guest` for `machine` and link it into `output`; its bytes. Raises BuildError."""
    try:
        make(guest, machine, str(output))
    except (ToolError, FileNotFoundError) as error:
        raise BuildError(f"{guest.isa}/{guest.name}", str(error)) from None
    return output.read_bytes()


def make(guest: Guest, machine: str, output: str) -> None:
    target = target_of(guest)
    firmware = guest.bios != "none"
    base = target.payload if firmware and target.payload is not None else target.base
    own = [Path(os.path.relpath(source, GUESTS)).as_posix() for source in guest.build.sources]
    if isinstance(target.toolchain, Own):
        run(target.toolchain.make(own, guest.build.flags, output, base))
        return
    headers = (f"-Iruntime/{target.family}", "-Iportable")
    define = (f"-DBOARD_{machine.upper()}", f'-DISA="{guest.isa}"', *(("-DFIRMWARE",) if firmware else ()))
    flags = (*headers, *target.flags, *define, *(DEBUGGED if guest.build.debug else ()))
    linked = [OBJECTS.get(target, source, flags) for source in target.linked]
    linked += [OBJECTS.get(target, source, (*flags, *guest.build.flags)) for source in own]
    offered = [OBJECTS.get(target, source, flags) for source in target.offered]
    script = ("-T", target.script, f"--defsym=BASE={base:#x}", f"--defsym=OFFSET={target.offset:#x}")
    script += () if guest.build.debug else ("-T", "runtime/no-frames.ld")
    run(target.toolchain.link((*script, *linked, OBJECTS.library(target, offered)), output))


def difference(guest: Guest, built: bytes) -> str | None:
    """Why the committed ELF is not `built`, or None where it is."""
    name = guest.elf.relative_to(GUESTS)
    if not guest.elf.is_file():
        return f"{name}: missing"
    committed = guest.elf.read_bytes()
    if committed == built:
        return None
    at = next((i for i, (a, b) in enumerate(zip(committed, built, strict=False)) if a != b), None)
    where = "one is a prefix of the other" if at is None else f"first difference at offset {at:#x}"
    return f"{name}: committed {len(committed)} bytes, built {len(built)}; {where}"


def chosen(names: list[str]) -> list[Guest]:
    """The guests that `names` mean; all for no names. Raises SystemExit for a name that means none."""
    guests = [load_guest(folder) for folder in find_guests(GUESTS)]
    if not names:
        return guests
    found: list[Guest] = []
    for name in names:
        matches = [
            guest
            for guest in guests
            if name in (guest.name, guest.isa, f"{guest.isa}/{guest.name}")
            or Path(name).resolve() == guest.folder
        ]
        if not matches:
            raise SystemExit(f"no guest {name!r}; there are: {', '.join(sorted({g.name for g in guests}))}")
        found += [guest for guest in matches if guest not in found]
    return found


def install(guests: Sequence[Guest]) -> None:
    """Install the compilers of `guests` that Debian has and this machine lacks."""
    toolchains = {target_of(guest).toolchain for guest in guests}
    packages = sorted({t.debian for t in toolchains if t.debian and t.version() is None})
    if packages and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], check=False)


def left_out(guests: Sequence[Guest]) -> dict[str, str]:
    """ISA -> why its guests cannot be built to the same bytes here."""
    reasons = {guest.isa: trouble(target_of(guest).toolchain) for guest in guests}
    return {isa: reason for isa, reason in reasons.items() if reason}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare, change nothing")
    parser.add_argument("--into", type=Path, metavar="DIR", help="write to DIR/<isa>-<name>.elf")
    parser.add_argument("--machine", choices=("bare", "virt", "memory"), help="board (default: guest.toml's)")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    if options.machine and not options.into:
        parser.error("--machine builds a variant: say where with --into DIR")
    guests = chosen(options.names)
    if options.check and os.environ.get("CI") == "true":
        install(guests)
    reasons = left_out(guests)
    for isa, reason in sorted(reasons.items()):
        print(f"{isa}: left out, {reason}", file=sys.stderr)
    guests = [guest for guest in guests if guest.isa not in reasons]
    if options.into:
        options.into.mkdir(parents=True, exist_ok=True)

    def one(guest: Guest) -> tuple[Guest, bytes]:
        with tempfile.TemporaryDirectory() as scratch:
            output = Path(scratch, "guest.elf")
            if options.into:
                output = options.into.resolve() / f"{guest.isa}-{guest.name}.elf"
            return guest, build(guest, options.machine or guest.machine, output)

    differences: list[str] = []
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for guest, built in pool.map(one, guests):
            text = difference(guest, built)
            if text and options.check:
                differences.append(text)
            elif text and not options.into:
                guest.elf.write_bytes(built)
                print(f"{guest.elf.relative_to(GUESTS)}: {len(built)} bytes")
    for text in differences:
        print(text)
    if differences:
        print("rebuild with: python guests/build.py")
    return 1 if differences else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BuildError, EmuError) as error:
        sys.exit(str(error))
