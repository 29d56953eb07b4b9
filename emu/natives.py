"""What a machine runs of compiled code, so that it can be made before it is wanted."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from typing import Final

from isa import objects, registry
from isa.errors import IsaError

ENGINE: Final = (
    "emu.engine.hooks",
    "emu.engine.count_hooks",
    "emu.engine.fall_hooks",
    "emu.engine.watch_hooks",
    "emu.engine.loop",
)
"""Modules of the callbacks of every engine."""


def compile_for(isas: Iterable[str]) -> None:
    """Compile what machines of these instruction sets are going to want and the cache lacks, as much at once as there
    are processors. A name that nothing is known of is for who uses it to refuse."""
    objects.compile_missing([ENGINE, *((modules,) for name in isas for modules in callbacks(name))])


def callbacks(isa: str) -> Iterable[str]:
    """The module of an instruction set's callbacks; none where it has none."""
    try:
        native = registry.find(isa).native
    except IsaError:
        return
    if native is not None:
        yield pkgutil.resolve_name(native).callbacks
