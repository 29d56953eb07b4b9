"""Programs that some tests drive and that are no Python packages: installed from Debian where that is possible.

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess

NEEDED = {"gdb-multiarch": "gdb-multiarch", "tmux": "tmux"}
"""Program -> its Debian package. Tests that need one which is missing skip, and say so."""
PATIENCE = 600  # seconds for apt-get


def install_missing() -> None:
    """Install what is missing, or say what is missing and how to get it. Never fails."""
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    if not missing:
        return
    attempt = f"apt-get install {' '.join(missing)}"
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(
            f"Not installed, so their tests will be skipped: {', '.join(missing)}. Try: {attempt}", flush=True
        )
        return
    print(f"Installing {', '.join(missing)} with apt-get, once ...", flush=True)
    quiet = ("apt-get", "-qq", "-o", "Dpkg::Use-Pty=0")
    for command in ((*quiet, "update"), (*quiet, "install", "-y", "--no-install-recommends", *missing)):
        try:
            done = subprocess.run(
                command,
                check=False,
                stdout=subprocess.DEVNULL,
                timeout=PATIENCE,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            print(f"apt-get did not finish ({error}); the tests that need these programs will be skipped.")
            return
        if done.returncode != 0 and "install" in command:
            print(f"apt-get could not install them; their tests will be skipped. Try: {attempt}", flush=True)
