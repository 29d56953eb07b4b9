"""Host time for a person."""

from __future__ import annotations


def took(seconds: float) -> str:
    """ "0.04 s", "12.3 s", "3 min 04 s", "2 h 05 min"."""
    seconds = max(0.0, seconds)
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"
