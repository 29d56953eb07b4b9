"""Files of real guests, fetched by tools/debian: from its cache, or from the archive once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
NO_APT, UNREACHABLE = 3, 4  # exit codes of tools/debian


@pytest.fixture(scope="session")
def debian_guest() -> Callable[[str], dict[str, Path]]:
    """A function from a guest's name to its files' paths, by file name.

    Skips where there is no apt, and, but never in CI (CI=true), where the archive is out of reach.
    """
    known: dict[str, dict[str, Path]] = {}

    def files(name: str) -> dict[str, Path]:
        if name not in known:
            command = [sys.executable, str(ROOT / "tools" / "debian"), "fetch", name, "--json"]
            run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
            in_ci = os.environ.get("CI", "").lower() == "true"
            if run.returncode == NO_APT or (run.returncode == UNREACHABLE and not in_ci):
                pytest.skip(run.stderr.strip())
            assert run.returncode == 0, run.stderr
            found = json.loads(run.stdout)[name]["files"]
            known[name] = {file: Path(path) for file, path in found.items()}
        return known[name]

    return files


@pytest.fixture
def opensbi(debian_guest: Callable[[str], dict[str, Path]]) -> dict[str, Path]:
    return debian_guest("opensbi")


@pytest.fixture
def u_boot(debian_guest: Callable[[str], dict[str, Path]]) -> dict[str, Path]:
    return debian_guest("u-boot")
