"""Build the suite for Linux: the programs, and the initial RAM disk that holds and runs them.

    python guests/linux/build.py                      into guests/linux/build/initrd.gz
    python guests/linux/build.py --into FILE          into a file of your choice

The compiler is the ziglang wheel (extra `test`); it builds its C library once, which takes a minute.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from axemu.initramfs import CONSOLE, Entry, directory, packed, program  # noqa: E402

PROGRAMS = tuple(sorted((HERE / "programs").glob("*.c")))
FOLDERS = ("proc", "sys", "dev", "tmp")
COMPILE = (
    "-target",
    "riscv64-linux-musl",
    "-static",
    "-s",
    "-O2",
    "-std=gnu11",
    "-Wall",
    "-Wextra",
    "-Werror",
)
SAFE = ("-fno-sanitize=all", "-fno-strict-aliasing", "-I", str(HERE))


class BuildError(Exception):
    """The compiler refused a program; the text is what it said."""


def compiled(source: Path, output: Path) -> bytes:
    """The program's ELF, linked statically. Raises BuildError."""
    libraries = ("-lm", "-pthread")
    command = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        *COMPILE,
        *SAFE,
        str(source),
        "-o",
        str(output),
        *libraries,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"{source.name} does not build:\n{done.stderr.strip()}")
    return output.read_bytes()


def entries(folder: Path) -> list[Entry]:
    """The members of the disk; `folder` is scratch space."""
    programs = [program(f"suite/{each.stem}", compiled(each, folder / each.stem)) for each in PROGRAMS]
    return [
        *map(directory, FOLDERS),
        CONSOLE,
        program("init", compiled(HERE / "init.c", folder / "init")),
        *programs,
    ]


def build(output: Path) -> None:
    """Write the disk to `output`."""
    with tempfile.TemporaryDirectory() as scratch:
        data = packed(entries(Path(scratch)))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(data)


def main() -> int:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--into", type=Path, metavar="FILE", default=HERE / "build" / "initrd.gz")
    output = parser.parse_args().into
    build(output)
    print(f"{output}: {output.stat().st_size} bytes, {len(PROGRAMS)} programs")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BuildError as error:
        sys.exit(str(error))
