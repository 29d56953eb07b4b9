"""Manifests as pytest collects them: a file with cases, an item a case."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from _pytest._code.code import (
    ReprEntryNative,
    ReprExceptionInfo,
    ReprFileLocation,
    ReprTraceback,
    TerminalRepr,
)

from axemu.suite.case import Case
from axemu.suite.failure_text import console_section, failure_text, headline
from axemu.suite.manifest import collect
from axemu.suite.result import Result, Verdict
from axemu.suite.selection import skip_reason
from emu.errors import EmuError
from emu.guest import MANIFEST as GUEST
from isa.errors import IsaError

OURS: Final = {
    GUEST: re.compile(r"^\s*(?:(?:isa|machine|elf|summary)\s*=|\[expect\b)", re.MULTILINE),
    "suite.toml": re.compile(r"^\s*\[(?:\[\s*case\s*\]|\s*defaults\b|\s*prefix\s*\.)", re.MULTILINE),
}
"""What a manifest of ours has and few other files of that name do."""
MEANT: Final = frozenset((
    *("skip", "skipif", "xfail", "parametrize", "usefixtures", "filterwarnings", "tryfirst", "trylast"),
    *("timeout", "flaky", "xdist_group", "asyncio", "anyio", "trio", "django_db", "benchmark", "order"),
))  # fmt: skip
"""Markers by which pytest or a known plug-in would do something: such a tag is a keyword for -k alone."""
MARKER: Final = re.compile(r"[A-Za-z0-9][\w.+-]*")


class CaseFailed(AssertionError):
    """A case came to a verdict that is not good."""

    def __init__(self, result: Result) -> None:
        super().__init__(headline(result))
        self.result = result


class ExpectedFailure(CaseFailed):
    """A case failed as its manifest says it must."""


def manifest_at(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The collector for a manifest. One that was found, not named, and does not look like ours is left alone."""
    named = path in _named(parent.config)
    if not named and not _looks_like_ours(path):
        return None
    return ManifestFile.from_parent(parent, path=path, named=named)


def _named(config: pytest.Config) -> set[Path]:
    """The files of the command line."""
    start = config.invocation_params.dir
    return {(start / argument.split("::")[0]).resolve() for argument in config.args}


def _looks_like_ours(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True  # to be told of
    return OURS[path.name].search(text) is not None


class ManifestFile(pytest.File):
    """A guest.toml or suite.toml. named: it is on the command line."""

    def __init__(self, *, named: bool = False, **options: Any) -> None:  # noqa: ANN401
        super().__init__(**options)
        self.named = named

    def collect(self) -> Iterator[CaseItem]:
        """Raises CollectError, which pytest shows without a traceback."""
        path = Path(os.path.relpath(self.path))
        try:
            cases = collect([path], None, Path.cwd())
        except (EmuError, IsaError, OSError, ValueError) as error:
            raise self.CollectError(str(error)) from None
        source = path.read_text(encoding="utf-8")
        for case in cases:
            name = _short(case, path.parent)
            # The whole id as text: pytest 9 finds the parameters in it by itself, and --lf asks for them.
            options = {"name": name, "nodeid": f"{self.nodeid}::{name}"}
            yield CaseItem.from_parent(self, case=case, line=_line(source, name), **options)


def _short(case: Case, folder: Path) -> str:
    """The case's name from its manifest's folder on; the folder's own name where that is all."""
    base, name = folder.as_posix(), case.name
    if base == ".":
        return name if not re.match(r"\.(\[|$)", name) else folder.resolve().name + name[1:]
    rest = name.removeprefix(base)
    return rest[1:] if rest.startswith("/") else folder.resolve().name + rest


def _line(source: str, name: str) -> int:
    """The line of the manifest that names the case, from 1; the first where none does."""
    found = re.search(
        rf"""^\s*name\s*=\s*(["']){re.escape(name.partition("[")[0])}\1""", source, re.MULTILINE
    )
    return 1 if found is None else source.count("\n", 0, found.end()) + 1


class CaseItem(pytest.Item):
    """A case as a test. line: where its manifest names it, from 1."""

    def __init__(self, *, case: Case, line: int = 1, **options: Any) -> None:  # noqa: ANN401
        super().__init__(**options)
        self.case, self.line = case, line
        for tag in case.tags:
            self._tag(tag)
        skip = skip_reason(case)
        if skip:
            self.add_marker(pytest.mark.skip(reason=skip))
        expect = case.guest.expect
        if expect.xfail:
            reason = expect.xfail_reason or "its manifest says that it fails"
            self.add_marker(pytest.mark.xfail(strict=True, reason=reason, raises=ExpectedFailure))
        if case.prefix is not None and self.config.pluginmanager.hasplugin("xdist"):
            self.add_marker(pytest.mark.xdist_group(f"{case.manifest}:{case.prefix.name}"))

    def _tag(self, tag: str) -> None:
        self.extra_keyword_matches.add(tag)
        if tag in MEANT or not MARKER.fullmatch(tag):
            return
        if tag not in _registered(self.config):
            self.config.addinivalue_line("markers", f"{tag}: a tag of guest suites")
        self.add_marker(getattr(pytest.mark, tag))

    @property
    def _manifest(self) -> ManifestFile:
        assert isinstance(self.parent, ManifestFile)
        return self.parent

    @property
    def takes(self) -> tuple[Path, ...]:
        """The guest.toml that is a case of this suite."""
        return () if self.path.name == GUEST else (self.case.guest.folder / GUEST,)

    @property
    def gives_way_in(self) -> Path | None:
        """The guest.toml that is left out where a suite takes it; None where it was asked for by name."""
        return None if self.path.name != GUEST or self._manifest.named else self.path.resolve()

    def runtest(self) -> None:
        from axemu.suite.pytest_execution import run_case  # noqa: PLC0415

        result = run_case(self.case, self.config)
        self._note(result)
        if result.verdict in (Verdict.PASS, Verdict.XPASS):
            return
        if result.verdict is Verdict.QUARANTINED:
            pytest.xfail(f"quarantined: {result.reason}")
        raise (ExpectedFailure if result.verdict is Verdict.XFAIL else CaseFailed)(result)

    def _note(self, result: Result) -> None:
        """What reports say of the case whatever came of it."""
        values = ("isa", "machine", "cpu", "instructions", "guest_ns", "ending", "state_hash", "replay")
        self.user_properties += [(name, value) for name in values if (value := getattr(result, name))]
        if result.console:
            self.add_report_section("call", "guest console", console_section(result.console))

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: Any = None,  # noqa: ANN401
    ) -> str | TerminalRepr:
        """The failure in the guest's terms: lines, and one line for the summary."""
        error = excinfo.value
        if not isinstance(error, CaseFailed):
            return super().repr_failure(excinfo, style)
        entry = ReprEntryNative([f"{line}\n" for line in failure_text(error.result)])
        crash = ReprFileLocation(str(self.path), self.line, headline(error.result))
        return ReprExceptionInfo(ReprTraceback([entry], None, "native"), crash)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.line - 1, self.name


def _registered(config: pytest.Config) -> set[str]:
    """Names of the markers that the user's configuration, pytest and its plug-ins have."""
    return {re.split(r"[:(]", line)[0].strip() for line in config.getini("markers")}
