"""Build the guest programs: the same bytes everywhere, so that an ELF can be compared with its source.

    python guests/build.py [NAME...]           build, and replace the ELFs in the tree
    python guests/build.py --check [NAME...]   build aside and compare; exit 1 where an ELF differs
    python guests/build.py --into DIR --machine virt [NAME...]   variants for another board, e.g. for QEMU

NAME is a guest (`hello`, both widths), `riscv64/hello`, or a folder. The compiler is the ziglang wheel.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

GUESTS = Path(__file__).resolve().parent
sys.path.insert(0, str(GUESTS.parent))

from emu.errors import EmuError  # noqa: E402
from emu.guest import Guest, find_guests, load_guest  # noqa: E402

COMPILER_VERSION = "0.17.1"  # another version makes other bytes
EXTENSIONS = "m+a+c+zicsr+zifencei"
TARGETS = {"riscv64": f"generic_rv64+{EXTENSIONS}", "riscv32": f"generic_rv32+{EXTENSIONS}"}
RUNTIME = ("start.S", "trap.S", "trap.c", "console.c", "check.c")
RAM = 0x8000_0000
PAYLOAD = 0x8020_0000  # where OpenSBI's fw_jump goes
COMPILE = (
    *("-O2", "-std=c11", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-builtin", "-Iruntime"),
    *("-fno-sanitize=all", "-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"),
    *("-mcmodel=medany", "-fno-pic", "-fno-ident", "-ffunction-sections", "-fdata-sections"),
    *("-gdwarf-4", "-gline-tables-only", "-fdebug-compilation-dir=guests"),
)
LINK = (
    *("-static", "--build-id=none", "--gc-sections", "--discard-locals", "--no-relax"),
    *("-z", "max-page-size=16", "-T", "runtime/link.ld"),
)


@dataclass(eq=False)
class BuildError(Exception):
    """The compiler refused a guest; `text` is what it said."""

    guest: str
    text: str

    def __str__(self) -> str:
        return f"{self.guest} does not build:\n{self.text}"


def zig(guest: Guest, *arguments: str) -> None:
    """Run the compiler in GUESTS. Paths among `arguments` are relative where they could reach the ELF."""
    call = [sys.executable, "-m", "ziglang", *arguments]
    done = subprocess.run(call, cwd=GUESTS, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"{guest.isa}/{guest.name}", done.stderr.strip())


def build(guest: Guest, machine: str, output: Path) -> bytes:
    """Compile `guest` for `machine` and link it into `output`; its bytes. Raises BuildError."""
    firmware = guest.bios != "none"
    sources = [f"runtime/{name}" for name in RUNTIME]
    sources += [source.relative_to(GUESTS).as_posix() for source in guest.build.sources]
    target = ("-target", f"{guest.isa}-freestanding", f"-mcpu={TARGETS[guest.isa]}")
    define = (f"-DBOARD_{machine.upper()}", *(("-DFIRMWARE",) if firmware else ()))
    with tempfile.TemporaryDirectory() as scratch:
        objects = [str(Path(scratch, f"{number}.o")) for number in range(len(sources))]
        for source, target_file in zip(sources, objects, strict=True):
            zig(guest, "cc", *target, *COMPILE, *define, *guest.build.flags, "-c", source, "-o", target_file)
        base = PAYLOAD if firmware else RAM
        zig(guest, "ld.lld", *LINK, f"--defsym=BASE={base:#x}", *objects, "-o", str(output))
    return output.read_bytes()


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
            if name in (guest.name, f"{guest.isa}/{guest.name}") or Path(name).resolve() == guest.folder
        ]
        if not matches:
            raise SystemExit(f"no guest {name!r}; there are: {', '.join(sorted({g.name for g in guests}))}")
        found += matches
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare, change nothing")
    parser.add_argument("--into", type=Path, metavar="DIR", help="write to DIR/<isa>-<name>.elf")
    parser.add_argument("--machine", choices=("bare", "virt"), help="board (default: guest.toml's)")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    if options.machine and not options.into:
        parser.error("--machine builds a variant: say where with --into DIR")
    version = importlib.metadata.version("ziglang")
    if version != COMPILER_VERSION:
        print(f"ziglang is {version}; the ELFs in the tree are by {COMPILER_VERSION}", file=sys.stderr)
    differences: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        for guest in chosen(options.names):
            output = Path(scratch, "guest.elf")
            if options.into:
                options.into.mkdir(parents=True, exist_ok=True)
                output = options.into.resolve() / f"{guest.isa}-{guest.name}.elf"
            built = build(guest, options.machine or guest.machine, output)
            if options.check:
                text = difference(guest, built)
                differences += [text] if text else []
            elif not options.into and difference(guest, built):
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
