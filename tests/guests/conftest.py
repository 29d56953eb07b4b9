"""What the tests of the guests share: where they are, and how one is run."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

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


@pytest.fixture(scope="session")
def builder(guests: Path) -> ModuleType:
    """guests/build.py"""
    spec = importlib.util.spec_from_file_location("guests_build", guests / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def compiler(builder: ModuleType) -> Callable[[Guest], None]:
    """Skips where a guest's compiler is not the one that made its ELF."""

    def need(guest: Guest) -> None:
        reason = builder.trouble(builder.target_of(guest).toolchain)
        if reason is not None:
            pytest.skip(f"{guest.isa}: {reason}")

    return need


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
