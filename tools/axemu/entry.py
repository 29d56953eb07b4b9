"""The first thing that runs: Ctrl-C is answered in words from here on, the second that imports take included."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """The entry point; `axemu.cli.main` says what it returns."""
    try:
        from axemu import cli  # noqa: PLC0415
    except KeyboardInterrupt:
        sys.stderr.write("axemu: interrupted before the guest ran\n")
        sys.exit(130)
    cli.main()
