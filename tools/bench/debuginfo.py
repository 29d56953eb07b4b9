"""What questions to debugging information cost: the first, which reads, and the ones after it.

    python -m bench.debuginfo [FILES]

builds a program of that many C files (400 if not said) with DWARF 5 and prints a line for each question.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from emu.debug.info import DebugInfo

FILES = 400
ONE = """\
#include "all.h"
struct own{0} {{ struct shared *of; int numbers[{0} + 1]; }};
static struct own{0} mine{0};
int work{0}(int a, struct shared *s) {{
  int local = hot(a) + s->value;
  mine{0}.numbers[0] = local;
  return local * {0};
}}
"""
HEADER = """\
struct shared { struct shared *next; int value; char name[32]; };
static inline __attribute__((always_inline)) int hot(int x) {
  int twice = x + x;
  return twice ^ 5;
}
"""


def generated(folder: Path, files: int) -> Path:
    """The program, of `files` C files that all include one header. Raises CalledProcessError."""
    (folder / "all.h").write_text(HEADER)
    for number in range(files):
        (folder / f"part{number}.c").write_text(ONE.format(number))
    start = "".join(f"int work{number}(int, void *);\n" for number in range(files))
    start += "void _start(void) {\n" + "".join(f"  work{number}(1, 0);\n" for number in range(files)) + "}\n"
    (folder / "start.c").write_text(start)
    (folder / "sources").write_text("\n".join(["start.c", *(f"part{number}.c" for number in range(files))]))
    line = [sys.executable, "-m", "ziglang", "cc", "-target", "riscv64-freestanding-none", "-O1", "-gdwarf-5"]
    line += ["-fno-sanitize=all", "-nostdlib", "-static", "-o", "many.elf", "@sources"]
    subprocess.run(line, cwd=folder, check=True)
    return folder / "many.elf"


def questions(info: DebugInfo, files: int) -> dict[str, Callable[[], object]]:
    """What is asked, in an order in which each is the first of its kind."""
    name = f"work{files // 2}"
    (work,) = info.functions(name)
    return {
        "function by name": lambda: info.functions(name),
        "line of an address": lambda: info.line(work.low + 4),
        "variables of an address": lambda: info.variables(work.low + 4),
        "addresses of a line": lambda: info.addresses(f"part{files // 2}.c", 6),
        "addresses of a header's line": lambda: info.addresses("all.h", 3),
        "type by name": lambda: info.type("struct shared"),
        "a type that is not there": lambda: info.type("struct nothing"),
        "global by name": lambda: info.globals(f"mine{files // 3}"),
    }


def measured(path: Path, files: int) -> dict[str, tuple[float, float]]:
    """(first, again) in milliseconds of each question, and of making the index of units."""
    info = DebugInfo(path)
    found: dict[str, tuple[float, float]] = {"index of units": (_timed(lambda: info.line(0)), 0.0)}
    for text, ask in questions(info, files).items():
        found[text] = _timed(ask), min(_timed(ask) for _ in range(3))
    return found


def _timed(ask: Callable[[], object]) -> float:
    start = time.perf_counter()
    ask()
    return (time.perf_counter() - start) * 1e3


def main() -> int:
    """Build, measure, print."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["XDG_CACHE_HOME"] = scratch  # the first time is the one without a cache
        for text, (first, again) in measured(generated(Path(scratch), files), files).items():
            print(f"{text:30} first {first:9.2f} ms, again {again:9.3f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
