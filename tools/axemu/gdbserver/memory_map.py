"""memory-map.xml: what gdb may read and write.

Addresses of the client are guest-virtual, and what lies at a device is only looked at: so all is memory for it, ROM
apart, which it does not try to write breakpoints into.
"""

from __future__ import annotations

from emu.bus import Bus
from emu.memory import ROM


def memory_map(bus: Bus) -> str:
    """All of 64 bits on every machine: gdb extends the sign of some that have 32 (MIPS)."""
    rows: list[tuple[str, int, int]] = []
    at, end = 0, 1 << 64
    for window in bus.windows:
        if window.region is None or window.region.permissions != ROM or not at <= window.base < end:
            continue
        rows += [("ram", at, window.base - at)] if window.base > at else []
        rows.append(("rom", window.base, min(window.size, end - window.base)))
        at = window.base + window.size
    if at == 0:  # a length of 2^64 cannot be written
        at = end // 2
        rows.append(("ram", 0, at))
    rows += [("ram", at, end - at)] if at < end else []
    lines = "".join(
        f'  <memory type="{kind}" start="{base:#x}" length="{size:#x}"/>\n' for kind, base, size in rows
    )
    return (
        '<?xml version="1.0"?>\n<!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" '
        f'"http://sourceware.org/gdb/gdb-memory-map.dtd">\n<memory-map>\n{lines}</memory-map>\n'
    )
