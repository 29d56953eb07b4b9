"""`axemu transcript` as a person uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from axemu import cli
from tests.axemu.conftest import ROOT


def transcript(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.dispatch(["transcript", *words])
    out, err = capfd.readouterr()
    return code, out, err


def test_record_replay_and_compare(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    hello, traps = (str(ROOT / "guests" / "riscv64" / name) for name in ("hello", "traps"))
    golden, other = str(tmp_path / "golden"), str(tmp_path / "other")
    code, out, err = transcript(capfd, hello, "-o", golden, "--only", "uart")
    assert code == 0
    assert "hello from riscv64" in out
    assert "entries in" in err
    code, out, err = transcript(capfd, hello, "--replay", golden)
    assert (code, out) == (0, "")
    assert "accesses are as in" in err
    code, _, err = transcript(capfd, traps, "--replay", golden)
    assert code == 1
    assert "expected" in err
    assert transcript(capfd, traps, "-o", other)[0] == 0
    assert transcript(capfd, "diff", golden, golden)[0] == 0
    code, out, _ = transcript(capfd, "diff", golden, other)
    assert code == 1
    assert "@@" in out


def test_the_transcript_alone_is_on_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = transcript(capfd, str(ROOT / "guests" / "riscv64" / "hello"), "-o", "-")
    assert code == 0
    assert out.startswith("axemu transcript 1\nisa riscv64, machine bare\n")
    assert "hello" not in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("GUEST",), "Expected -o FILE, to record, or --replay FILE."),
        (("GUEST", "-o", "a", "--replay", "b"), "Both were given."),
        (("GUEST", "--replay", "nowhere"), "Cannot read the transcript"),
        (("GUEST", "--replay", "/bin/true"), "is not text"),
        (("GUEST", "--replay", "README.md"), "line 1: expected 'axemu transcript 1'"),
        (("GUEST", "-o", "/nowhere/file"), "Cannot write the transcript"),
        (("GUEST", "-o", "/dev/null", "--only", "nix"), "no device is called 'nix'"),
        (("diff", "one"), "OLD and NEW"),
        (("GUEST", "more", "-o", "-"), "one too many"),
    ],
)
def test_what_is_no_use_of_it_is_refused(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(ROOT)
    code, _, err = transcript(capfd, *("guests/riscv64/hello" if word == "GUEST" else word for word in words))
    assert code == 2
    assert said in " ".join(err.split())
