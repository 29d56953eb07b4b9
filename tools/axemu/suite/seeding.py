"""Chance in a guest's machine: all of it comes from the run's seed."""

from __future__ import annotations

from dataclasses import replace

from emu.config import Entropy, MachineConfig
from emu.guest import Guest


def seeded(guest: Guest, seed: int) -> MachineConfig:
    """The machine that a guest asks for, its entropy from `seed`."""
    config = guest.config()
    virtio = tuple(replace(each, seed=seed) if isinstance(each, Entropy) else each for each in config.virtio)
    return replace(config, virtio=virtio)
