"""What the tests of the guests share: where they are, and how one is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from emu.config import MachineConfig
from emu.guest import Guest
from emu.machine import Machine
from emu.outcome import Outcome
from emu.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Run:
    outcome: Outcome
    console: bytes
    retired: int


@pytest.fixture(scope="session")
def guests() -> Path:
    return Path(__file__).resolve().parents[2] / "guests"


@pytest.fixture
def run_guest() -> Callable[..., Run]:
    """Run a guest by the library; keyword arguments replace fields of its MachineConfig."""

    def run(guest: Guest, **changes: object) -> Run:
        recorder = Recorder(guest.input)
        config: MachineConfig = replace(guest.config(), channel=recorder, **changes)  # type: ignore[arg-type]
        with Machine(config) as machine:
            outcome = machine.run(max_insns=guest.expect.max_instructions, timeout=100)
            return Run(outcome, bytes(recorder.output), machine.retired)

    return run
