"""The process that workers are forked from (Linux). It loads what each worker needs once, while the runner still reads
manifests; a worker is then there at once, also one that takes the place of another. Elsewhere each worker loads it."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

LOADED: Final = ("axemu.cli", "axemu.suite.worker", "axemu.suite.execution", "emu.blackbox")
"""multiprocessing has each worker load the main program too: axemu.cli is that."""


def context() -> ForkServerContext | SpawnContext:
    """How worker processes are started."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(list(LOADED))
    return forking


def warm() -> None:
    """Have it begin, beside what this process does next. Called by the main thread."""
    if sys.platform != "linux":
        return
    from multiprocessing.forkserver import ensure_running  # noqa: PLC0415 - not on every host

    context()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it inherits that: Ctrl-C is the runner's
    try:
        ensure_running()
    finally:
        signal.signal(signal.SIGINT, before)
