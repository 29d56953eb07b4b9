"""The compilers of the guests: how each is called, and whether it is here."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COMMON = (
    *("-O2", "-std=c11", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-builtin", "-Iruntime"),
    *("-fno-sanitize=all", "-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"),
    *("-fno-pic", "-fno-ident", "-ffunction-sections", "-fdata-sections", "-gdwarf-4"),
)
DEBUGGED = ("-Og", "-g2", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls")
"""What a guest for debuggers has instead: types, variables and call frames of code that is as it was written."""
LINK = (
    "-static",
    "--build-id=none",
    "--gc-sections",
    "--discard-locals",
    "--no-relax",
    "-z",
    "max-page-size=16",
)


@dataclass(frozen=True, slots=True)
class Zig:
    """Clang and LLD of the ziglang wheel. Another version makes other bytes."""

    triple: str
    cpu: str

    VERSION = "0.17.1"
    package = "pip install ziglang==" + VERSION
    debian = None

    def version(self) -> str | None:
        """Of the one that is installed; None where none is."""
        try:
            return importlib.metadata.version("ziglang")
        except importlib.metadata.PackageNotFoundError:
            return None

    def _zig(self) -> str:
        spec = importlib.util.find_spec("ziglang")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        return str(Path(spec.submodule_search_locations[0], "zig"))

    def compile(self, source: str, output: str, flags: Sequence[str], root: Path) -> list[str]:
        lines = ("-gline-tables-only", "-fdebug-compilation-dir=guests")
        target = ("-target", self.triple, f"-mcpu={self.cpu}")
        return [self._zig(), "cc", *target, *COMMON, *lines, *flags, "-c", source, "-o", output]

    def link(self, arguments: Sequence[str], output: str) -> list[str]:
        return [self._zig(), "ld.lld", *LINK, *arguments, "-o", output]

    def archive(self, objects: Sequence[str], output: str) -> list[str]:
        return [self._zig(), "ar", "rcsD", output, *objects]


@dataclass(frozen=True, slots=True)
class Gnu:
    """A cross compiler and its binutils, from Debian. `emulation` is ld's -m, where the default is not the right one."""

    prefix: str
    debian: str
    emulation: str | None = None

    VERSION = "12.2.0"

    @property
    def package(self) -> str:
        return f"apt-get install {self.debian}"

    def version(self) -> str | None:
        """Of the one that is installed; None where none is."""
        compiler = shutil.which(f"{self.prefix}gcc")
        if compiler is None:
            return None
        run = subprocess.run([compiler, "-dumpfullversion"], capture_output=True, text=True, check=False)
        return run.stdout.strip() or None

    def compile(self, source: str, output: str, flags: Sequence[str], root: Path) -> list[str]:
        lines = ("-g1", "-gno-record-gcc-switches", f"-fdebug-prefix-map={root}=guests")
        kept = ("-fno-tree-loop-distribute-patterns", "-fno-toplevel-reorder")
        return [f"{self.prefix}gcc", *COMMON, *lines, *kept, *flags, "-c", source, "-o", output]

    def link(self, arguments: Sequence[str], output: str) -> list[str]:
        kind = ("-m", self.emulation) if self.emulation else ()
        return [f"{self.prefix}ld", *kind, *LINK, "-z", "noexecstack", *arguments, "-o", output]

    def archive(self, objects: Sequence[str], output: str) -> list[str]:
        return [f"{self.prefix}ar", "rcsD", output, *objects]


@dataclass(frozen=True, slots=True)
class Own:
    """A program of ours in guests/: PROGRAM --base N --output ELF SOURCE... [-DNAME=VALUE...]"""

    program: str

    VERSION = ""
    package = ""
    debian = None

    def version(self) -> str | None:
        return self.VERSION

    def make(self, sources: Sequence[str], flags: Sequence[str], output: str, base: int) -> list[str]:
        return [sys.executable, self.program, "--base", hex(base), "--output", output, *sources, *flags]


Toolchain = Zig | Gnu | Own


def trouble(toolchain: Toolchain) -> str | None:
    """Why `toolchain` does not make the bytes in the tree, or None where it does."""
    version = toolchain.version()
    if version is None:
        return f"its compiler is missing: {toolchain.package}"
    if version != toolchain.VERSION:
        return (
            f"its compiler is {version}, the ELFs in the tree are by {toolchain.VERSION}: {toolchain.package}"
        )
    return None
