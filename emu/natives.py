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


def compile_for(cpus: Iterable[tuple[str, str | None]]) -> None:
    """Compile what machines of these CPUs, (instruction set, model), are going to want and the cache lacks, as much at
    once as there are processors. A name that nothing is known of is for who uses it to refuse."""
    objects.compile_missing([ENGINE, *sorted({(one,) for isa, cpu in cpus for one in callbacks(isa, cpu)})])


def callbacks(isa: str, cpu: str | None) -> list[str]:
    """The modules of the callbacks of a CPU, and of the instructions that the engine lacks."""
    try:
        found = registry.find(isa)
        model = registry.cpu_model(found, cpu)
        native = registry.profile(found, model).native
        extensions = [registry.extension(found, name).callbacks for name in model.extensions]
    except IsaError:
        return []
    return [pkgutil.resolve_name(native).callbacks, *extensions] if native is not None else []
