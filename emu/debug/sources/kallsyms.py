from __future__ import annotations


def kallsyms(machine: object) -> None:
    return None
