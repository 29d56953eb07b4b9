"""Where compiled native code is kept: a directory of the user's cache, one for each state of the sources.

The directory's name is a digest of everything that native code is made from: a callback takes records and constants from
other files than its own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parent.parent
_SOURCES: Final = ("axvcpu", "isa")  # of all native code; `isa.objects` adds those of its modules' packages
_KEPT: Final = 4  # directories of other states of the sources, the newest


def base() -> Path:
    """The directory of all of axemu's cached files (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "axemu"


def directory() -> Path | None:
    """The directory for the sources as they are, made if need be; None where it cannot be written to."""
    state = hashlib.blake2b(digest_size=10)
    for package in ("numba", "llvmlite", "numpy", "unicorn"):
        state.update(version(package).encode())
    for folder in _SOURCES:
        for path in sorted((_ROOT / folder).glob("*.py")):
            state.update(path.read_bytes())
    wanted = base() / "native" / state.hexdigest()
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        if not os.access(wanted, os.W_OK | os.X_OK):
            return None
    except OSError:
        return None
    return wanted


def prune(current: Path) -> None:
    """Forget code of states long gone."""
    with suppress(OSError):
        others = sorted(current.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in [each for each in others if each != current][_KEPT:]:
            shutil.rmtree(path, ignore_errors=True)
