"""The command's exit codes, which the fixtures of this folder and CI scripts rely on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from axemu.debian.guests import GUESTS

TOOL = Path(__file__).resolve().parents[3] / "tools" / "debian"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(TOOL), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "NO_COLOR": "1", **environment},
    )


def test_an_unknown_guest_is_a_usage_error(tmp_path: Path) -> None:
    done = run("fetch", "uboot", "--cache", str(tmp_path))
    assert done.returncode == 2
    assert "Did you mean u-boot?" in done.stderr


def test_a_machine_without_apt_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    done = run("fetch", "opensbi", "--cache", str(tmp_path))
    assert done.returncode == 3
    assert "apt-get was not found" in done.stderr


def test_the_list_shows_every_guest_and_what_is_not_fetched(tmp_path: Path) -> None:
    done = run("list", "--json", "--cache", str(tmp_path))
    assert done.returncode == 0
    assert {row["name"]: row["state"] for row in json.loads(done.stdout)} == {
        guest.name: "not fetched" for guest in GUESTS
    }
    table = run("list", "--cache", str(tmp_path), COLUMNS="200").stdout
    assert all(guest.name in table for guest in GUESTS)
