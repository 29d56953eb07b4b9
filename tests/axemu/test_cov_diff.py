"""`axemu cov --changed-since`: the lines of a diff that ran, and what is refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from axemu import cli
from axemu.cov import diff, lcov
from axemu.cov.coverage import Coverage

BEFORE = "int a;\nint b;\nint c;\n\nint d;\n"
AFTER = "int a;\nint x;\nint c;\nint y;\nint d;\nint z;\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With changes in "söur ce.c": line 2 ran, 4 did not, 6 has no code. And the tracefile."""
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "söur ce.c"
    source.write_text(BEFORE)
    (tmp_path / "gone.c").write_text(BEFORE)
    for words in ("init -q", "add .", "-c user.name=a -c user.email=a@b commit -qm first"):
        subprocess.run(["git", *words.split()], check=True, capture_output=True)
    source.write_text(AFTER)
    (tmp_path / "gone.c").unlink()
    coverage = Coverage()
    coverage.file(str(source)).lines.update({1: 0, 2: 7, 3: 1, 4: 0})
    (tmp_path / "a.info").write_text(lcov.written(coverage))
    return tmp_path


def merged(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.dispatch(["cov", "merge", "a.info", "-o", "all.info", *words])
    out, err = capfd.readouterr()
    return code, out, err.replace("\n", " ")


@pytest.mark.usefixtures("repository")
def test_covered_and_uncovered_lines_of_a_diff(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = merged(capfd, "--changed-since", "HEAD")
    assert code == 0
    assert out.split("in 1 file\n")[1].splitlines() == [
        "changed since HEAD: 1 of 2 lines covered, 50.0%",
        "  söur ce.c",
        "    covered    2",
        "    uncovered  4      int y;",
    ]


@pytest.mark.usefixtures("repository")
def test_the_exit_code_is_of_the_diff_or_of_all_lines(capfd: pytest.CaptureFixture[str]) -> None:
    assert merged(capfd, "--changed-since", "HEAD", "--fail-under", "50")[0] == 0
    code, _, err = merged(capfd, "--changed-since", "HEAD", "--fail-under", "50.1")
    assert code == 1
    assert "50.0% of the changed lines were executed, less than --fail-under 50.1%" in err
    assert merged(capfd, "--fail-under", "51")[0] == 1


def test_changes_without_code_are_no_failure(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (repository / "söur ce.c").write_text(BEFORE)
    code, out, _ = merged(capfd, "--changed-since", "HEAD", "--fail-under", "100")
    assert code == 0
    assert "no line with code" in out


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("revision", ["nowhere", "--output=x", "HEAD:söur ce.c"])
def test_a_revision_that_git_does_not_know(capfd: pytest.CaptureFixture[str], revision: str) -> None:
    code, _, err = merged(capfd, f"--changed-since={revision}")
    assert code == 2
    assert "expects a revision that git knows" in err
    assert not Path("x").exists()


def test_outside_of_a_repository(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    code, _, err = merged(capfd, "--changed-since", "HEAD")
    assert code == 2
    assert "inside a git repository" in err
    monkeypatch.setenv("PATH", "")
    code, _, err = merged(capfd, "--changed-since", "HEAD")
    assert code == 2
    assert "needs git" in err


def test_ranges() -> None:
    assert diff._ranges([1, 2, 3, 5, 7, 8]) == "1-3, 5, 7-8"
