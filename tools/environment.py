"""A virtual environment for this checkout: made once in .venv, refreshed when pyproject.toml changes.

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"
STAMP = FOLDER / "axemu-installed"


class EnvironmentFailed(Exception):
    """The text says what failed and what to do about it."""


def prepare(extra: str = "") -> Path:
    """The interpreter to use, with axemu and the `extra` of pyproject.toml installed in editable form.

    Inside a virtual environment that is the running one, taken as it is. Raises EnvironmentFailed.
    """
    if sys.prefix != sys.base_prefix:
        return Path(sys.executable)
    python = FOLDER / "bin" / "python"
    wanted = _stamp(extra)
    installed = STAMP.read_text().split("\n") if STAMP.is_file() and python.exists() else []
    if wanted in installed:
        return python
    if not _works(python):
        _create()
    _install(python, extra)
    STAMP.write_text("\n".join({wanted, _stamp("")}))
    return python


def _create() -> None:
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise EnvironmentFailed(
                f"{sys.executable} lacks its module '{module}', which makes virtual environments. "
                "On Debian and Ubuntu: apt install python3-venv. Or activate an environment of your own."
            )
    print(f"Making a virtual environment in {FOLDER.name} ...", flush=True)
    if subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=False).returncode != 0:
        raise EnvironmentFailed(
            "The virtual environment could not be made; the reason stands above. "
            "On Debian and Ubuntu the package python3-venv is needed."
        )


def _install(python: Path, extra: str) -> None:
    target = f"{ROOT}[{extra}]" if extra else str(ROOT)
    print("Installing axemu and what it needs, once ...", flush=True)
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--editable", target]
    if subprocess.run(command, check=False).returncode != 0:
        raise EnvironmentFailed(
            "pip could not install axemu; the reason stands above. It needs the network the first time, "
            "and Python 3.11 to 3.14 on Linux for ready-built wheels."
        )


def _works(python: Path) -> bool:
    if not python.exists():
        return False
    return (
        subprocess.run([str(python), "-m", "pip", "--version"], check=False, capture_output=True).returncode
        == 0
    )


def _stamp(extra: str) -> str:
    facts = f"{extra} {sys.version} {ROOT}".encode() + (ROOT / "pyproject.toml").read_bytes()
    return hashlib.sha256(facts).hexdigest()
