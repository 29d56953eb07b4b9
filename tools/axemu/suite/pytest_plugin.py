"""The pytest plug-in: `pytest guests/` runs guest suites, and the fixture `guest` runs guests from tests in Python.

It is loaded in every pytest run of everybody who has axemu installed, so it imports nothing but pytest: what collects
is imported with the first manifest, what runs guests with the first case or session. docs/suites-pytest.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from axemu.suite.interactive import GuestSession

MANIFESTS = ("guest.toml", "suite.toml")
PACKAGES = {"axemu", "axvcpu", "emu", "isa"}
CONSOLES: pytest.StashKey[list[GuestSession]] = pytest.StashKey()


def _seconds(text: str) -> float:
    from axemu.errors import UsageError  # noqa: PLC0415
    from axemu.quantities import duration  # noqa: PLC0415

    try:
        return duration(text, "--axemu-timeout")
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    _leave_asserts_alone(pluginmanager)
    group = parser.getgroup("axemu", "guest suites (axemu)")
    group.addoption("--no-guests", action="store_true", help="Leave guest.toml and suite.toml files alone.")
    group.addoption(
        "--axemu-isolated",
        action="store_true",
        help="Run each guest in a worker process: one that brings the process down costs its own test only.",
    )
    group.addoption(
        "--axemu-verify-determinism",
        action="store_true",
        help="Run each case twice; a difference is a failure.",
    )
    group.addoption(
        "--axemu-timeout",
        type=_seconds,
        metavar="TIME",
        help="Host time for a case, or a call of the fixture `guest`, that names none: 30s, 2m; default 60s.",
    )
    group.addoption(
        "--axemu-seed", type=int, default=0, metavar="N", help="Of the entropy devices of guests; default 0."
    )


def _leave_asserts_alone(pluginmanager: pytest.PytestPluginManager) -> None:
    """pytest rewrites the asserts of all modules of a distribution that has a plug-in. Ours are no tests, and to rewrite
    them takes longer than to run a small suite, each time where no bytecode can be written."""
    marked = getattr(getattr(pluginmanager, "rewrite_hook", None), "_must_rewrite", None)
    if isinstance(marked, set):
        marked -= PACKAGES


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.name not in MANIFESTS or parent.config.getoption("no_guests"):
        return None
    from axemu.suite.pytest_collection import manifest_at  # noqa: PLC0415

    return manifest_at(file_path, parent)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A guest folder that a suite takes is a case of that suite alone."""
    taken = {path for item in items for path in getattr(item, "takes", ())}
    if taken:
        items[:] = [item for item in items if getattr(item, "gives_way_in", None) not in taken]


@pytest.fixture
def guest(request: pytest.FixtureRequest) -> Iterator[Callable[..., GuestSession]]:
    """Start a guest: `guest("path/to/folder-or.elf", **fields of MachineConfig)` is a `GuestSession`, closed after the
    test. A relative path is looked for beside the test's file, then from pytest's root."""
    from axemu.suite.interactive import TIMEOUT, GuestSession  # noqa: PLC0415

    sessions: list[GuestSession] = []
    request.node.stash[CONSOLES] = sessions
    option = request.config.getoption

    def start(program: str | Path, **overrides: Any) -> GuestSession:  # noqa: ANN401
        beside = request.path.parent / program
        path = beside if beside.exists() else request.config.rootpath / program
        given = {"timeout": option("axemu_timeout") or TIMEOUT, "seed": option("axemu_seed"), **overrides}
        session = GuestSession(path, **given)
        sessions.append(session)
        return session

    yield start
    for session in sessions:
        session.close()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """What the guests of the fixture printed is a section of the test's report."""
    if call.when != "call" or CONSOLES not in item.stash:
        return
    from axemu.suite.failure_text import console_section  # noqa: PLC0415

    sessions = item.stash[CONSOLES]
    for number, session in enumerate(sessions, 1):
        name = "guest console" if number == 1 else f"guest console {number}"
        text = console_section(session.console.encode())
        if text:
            item.add_report_section("call", name, text)
