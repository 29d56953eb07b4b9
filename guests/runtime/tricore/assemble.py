"""Build a guest for TriCore: assembly and C sources, with the runtime that they need, into an ELF.

    assemble.py --base ADDRESS --output ELF SOURCE... [-DNAME=VALUE...]

C goes through the ziglang wheel's compiler for RV32E, and `translate`. The names are defined in the sources given, not
in the runtime.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from assembler import Assembler, AssemblyError
from translate import Untranslatable, translate

RUNTIME = (
    *(f"runtime/tricore/{name}.s" for name in ("start", "arch", "vectors", "forms", "probes")),
    *("runtime/console.c", "runtime/check.c", "portable/events.c"),
)
LIBRARY = {
    "runtime/tricore/forms.c": ("arch_forms",),
    "runtime/tricore/probes.c": ("arch_probes",),
    "portable/memory.c": ("memcpy", "memmove", "memset", "memcmp"),
    "portable/int64.c": (
        *("__muldi3", "__udivdi3", "__umoddi3", "__divdi3", "__moddi3"),
        *("__ashldi3", "__lshrdi3", "__ashrdi3"),
    ),
}
"""What is compiled only where something names one of these."""
FLAGS = (
    *(
        "-target",
        "riscv32-freestanding",
        "-mcpu=generic_rv32+e+m",
        "-mabi=ilp32e",
        "-O2",
        "-std=c11",
        "-S",
        "-g0",
    ),
    *("-Wall", "-Wextra", "-Werror", "-Wno-unused-command-line-argument", "-ffreestanding", "-fno-builtin"),
    *("-fno-sanitize=all", "-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"),
    *("-fno-pic", "-fno-ident", "-ffunction-sections", "-fdata-sections", "-fomit-frame-pointer"),
    *("-mllvm", "-riscv-enable-global-merge=false"),
    *("-Iruntime", "-Iruntime/tricore", "-Iportable", "-DBOARD_BARE", '-DISA="tricore"'),
)


def assembly(source: str, scratch: Path, defines: Sequence[str] = ()) -> str:
    """The TriCore assembly of one source. Raises SystemExit with what the compiler says, Untranslatable."""
    if not source.endswith(".c"):
        return Path(source).read_text()
    spec = importlib.util.find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("its compiler is missing: pip install ziglang")
    zig = str(Path(spec.submodule_search_locations[0], "zig"))
    output = scratch / "source.s"
    done = subprocess.run(
        [zig, "cc", *FLAGS, *defines, source, "-o", str(output)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return translate(output.read_text())


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", type=lambda text: int(text, 0), required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("-D", dest="defines", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("sources", nargs="+", metavar="SOURCE")
    options = parser.parse_args()
    assembler = Assembler()
    try:
        with tempfile.TemporaryDirectory() as scratch:

            def add(source: str, *defines: str) -> None:
                assembler.add(source, assembly(source, Path(scratch), defines))

            for source in options.sources:
                add(source, *(f"-D{each}" for each in options.defines))
            for source in RUNTIME:
                add(source)
            for source, names in LIBRARY.items():
                if not assembler.undefined("_start").isdisjoint(names):
                    add(source)
        options.output.write_bytes(assembler.link(options.base, "_start"))
    except (AssemblyError, Untranslatable) as error:
        raise SystemExit(str(error)) from None
    return 0


if __name__ == "__main__":
    sys.exit(main())
