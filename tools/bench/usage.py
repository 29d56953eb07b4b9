"""What this process has used, as the kernel counts it."""

from __future__ import annotations

import gc
import os
import resource
from pathlib import Path


def user_time() -> float:
    """User CPU seconds of all threads so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def resident() -> int:
    """Bytes resident now, after what nobody holds any more was given back."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
