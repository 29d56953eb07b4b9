"""`axemu run` with real guests on the real machine."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axemu import cli

ROOT = Path(__file__).resolve().parents[2]
GUESTS = ROOT / "guests" / "riscv64"
PATIENCE = 90.0

Run = Callable[..., subprocess.CompletedProcess[bytes]]


def elf(name: str) -> str:
    return str(GUESTS / name / f"{name}.elf")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Exit code, standard output and standard error of `axemu run`, in this process."""

    def dispatched(*words: str) -> tuple[int, str, str]:
        code = cli.dispatch(["run", *words])
        out, err = capfd.readouterr()
        return code, out, err

    return dispatched


def program(
    segments: list[tuple[int, bytes, int]], *, machine: int = 243, kind: int = 2, entry: int = 0x8000_0000
) -> bytes:
    """A little-endian ELF64 of loadable segments (address, data, size in memory)."""
    offset = 64 + 56 * len(segments)
    headers, bodies = b"", b""
    for address, data, size in segments:
        headers += struct.pack(
            "<IIQQQQQQ", 1, 7, offset + len(bodies), address, address, len(data), size, 0x1000
        )
        bodies += data
    identity = b"\x7fELF\x02\x01\x01" + bytes(9)
    facts = (2, machine, 1, entry, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    return identity + struct.pack("<HHIQQQIHHHHHH", *facts) + headers + bodies


LOOP = b"\x6f\x00\x00\x00"


def test_a_guest_folder_is_run_and_judged(run: Any) -> None:
    code, out, err = run(str(GUESTS / "hello"))
    assert (code, out) == (0, "hello from riscv64 on bare\n")
    assert "powered off" in err
    assert "(exit+" in err
    assert "hello: pass" in err


def test_the_same_run_twice_is_the_same_run(run: Any) -> None:
    results = []
    for _ in range(2):
        _, out, err = run(str(GUESTS / "timer-interrupt"), "--json", "-")
        result = json.loads(out)
        assert "timer" in err
        results.append((result["instructions"], result["guest_ns"], result["console"], result["exits"]))
    assert results[0] == results[1]
    assert results[0][0] > 0


def test_a_guest_that_must_fail_is_reported_as_failing(run: Any) -> None:
    code, _, err = run(elf("must-fail"), "-machine", "bare")
    assert code == 1
    assert "code 1" in err


def test_the_guest_s_own_code_is_passed_on_where_asked(run: Any) -> None:
    assert run(elf("exit-code"), "-machine", "bare")[0] == 1
    assert run(elf("exit-code"), "-machine", "bare", "--exit-code", "guest")[0] == 7


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("crash", "third+0x"),
        ("jump-nowhere", "0x8000000"),
        ("trap-loop", "bad_vector"),
        ("halt-for-ever", "nothing can ever"),
    ],
)
def test_a_guest_that_goes_wrong_ends_with_reason_pc_and_symbol(run: Any, name: str, says: str) -> None:
    code, _, err = run(elf(name), "-machine", "bare")
    assert code == 1
    assert says in err
    assert "pc 0x" in err
    assert "Traceback" not in err


def test_a_budget_is_exact_and_is_124(run: Any, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    code, _, err = run(elf("spin"), "-machine", "bare", "--max-insns", "123_457", "--json", str(result))
    assert code == 124
    assert json.loads(result.read_text())["instructions"] == 123_457
    assert json.loads(result.read_text())["ending"] == "budget"
    assert "123,457 instructions" in err


def test_a_timeout_is_124(run: Any) -> None:
    code, _, err = run(elf("spin"), "-machine", "bare", "--timeout", "300ms")
    assert code == 124
    assert "limit" in err


def test_the_result_on_standard_output_leaves_it_to_the_result_alone(run: Any) -> None:
    code, out, err = run(str(GUESTS / "hello"), "--json", "-")
    result = json.loads(out)
    assert (code, result["exit_code"], result["passed"], result["missed"]) == (0, 0, True, [])
    assert result["console"]["bytes"] == len("hello from riscv64 on bare\n")
    assert "hello from riscv64" in err


def test_verbose_shows_what_was_loaded_and_the_exits(run: Any) -> None:
    _, out, err = run(str(GUESTS / "hello"), "-v")
    assert "entry 0x80000000" in err
    assert "Exit summary" in err
    assert "MIPS" in err
    assert out == "hello from riscv64 on bare\n"


def test_the_event_log_names_traps_by_cause_and_place(run: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert run(elf("traps"), "-machine", "bare", "-d", "exits,traps,int,unimp", "-D", str(log))[0] == 0
    lines = [line.split(None, 4) for line in log.read_text().splitlines()]
    assert {fields[3] for fields in lines} >= {"exit", "trap"}
    assert all(fields[0].isdigit() and fields[1] == "cpu0" and fields[2].startswith("0x") for fields in lines)
    assert any("illegal instruction" in fields[4] for fields in lines)


def test_memory_is_dumped_after_the_run(run: Any, tmp_path: Path) -> None:
    dump = tmp_path / "ram.bin"
    code, _, _ = run(str(GUESTS / "hello"), "--dump-memory", f"0x80000000,64,{dump}")
    assert code == 0
    assert len(dump.read_bytes()) == 64
    assert dump.read_bytes()[:16] in (GUESTS / "hello" / "hello.elf").read_bytes()


def test_an_input_file_is_fed_and_the_run_can_be_repeated(run: Any, tmp_path: Path) -> None:
    typed = tmp_path / "typed"
    typed.write_bytes(b"one line\n")
    code, out, err = run(elf("uart-echo"), "-machine", "bare", "--input", str(typed))
    assert code == 0
    assert "you typed 8 bytes: one line" in out
    assert "live input" not in err


def test_a_raw_file_runs_at_its_base(run: Any, tmp_path: Path) -> None:
    raw = tmp_path / "loop.bin"
    raw.write_bytes(LOOP)
    code, _, err = run(str(raw), "--base", "0x80001000", "--max-insns", "10")
    assert code == 124
    assert "pc 0x80001000" in err
    assert "--isa" in err


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "a truncated header": (b"\x7fELF\x02\x01", "header"),
    "a truncated segment": (program([(0x8000_0000, LOOP * 100, 400)])[:-100], "segment"),
    "overlapping segments": (program([(0x8000_0000, LOOP * 8, 32), (0x8000_0010, LOOP * 8, 32)]), "overlap"),
    "a segment outside RAM": (program([(0x4000_0000, LOOP, 4)], entry=0x4000_0000), "0x40000000"),
    "10 GB of bss": (program([(0x8000_0000, LOOP, 10 << 30)]), "10 GiB"),
    "another machine": (program([(0x8000_0000, LOOP, 4)], machine=83), "83"),
    "no file at all": (b"", "empty"),
}


@pytest.mark.parametrize("name", sorted(BAD_FILES))
def test_a_file_that_cannot_be_a_guest_is_refused_in_one_paragraph(
    run: Any, tmp_path: Path, name: str
) -> None:
    data, says = BAD_FILES[name]
    file = tmp_path / "guest.elf"
    file.write_bytes(data)
    code, out, err = run(str(file))
    assert (code, out) == (2, "")
    assert says in " ".join(err.split())
    assert "Traceback" not in err
    assert "internal error" not in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-isa", "riscv64"], "--isa"),
        (["--isa", "riscv46"], "riscv64"),
        (["-machine", "vrit"], "virt"),
        (["-cpu", "sifive-u45"], "sifive-u54"),
        (["-smp", "99"], "-smp"),
        (["-m", "4K"], ""),
        (["-bios", "nowhere.bin"], "nowhere.bin"),
        (["-initrd", "nowhere.gz"], "nowhere.gz"),
        (["-machine", "virt", "-dtb", str(ROOT / "README.md")], "device tree"),
        (["-drive", "if=pflash,unit=9,file=README.md"], "unit"),
        (["-fw_cfg", "name=opt/a,file=nowhere.bin"], "nowhere.bin"),
        (["-machine", "bare", "-fw_cfg", "name=opt/a,string=b"], "machine bare"),
        (["-fw_cfg", "name=opt/a"], "string=TEXT"),
        (["-fw_cfg", "opt/a,string=b,file=c"], "one of string=TEXT and file=FILE"),
        (["-fw_cfg", "name=bootorder,string=b"], "a name that nothing else has"),
        (["-fw_cfg", f"name=opt/{'a' * 52},string=b"], "1 to 55 bytes"),
        (["-device", "loader,file=nowhere.bin,addr=0x80000000"], "nowhere.bin"),
        (["--input", "nowhere.txt"], "nowhere.txt"),
        (["--json", "/nowhere/result.json"], "/nowhere/result.json"),
        (["-d", "exits", "-D", "/nowhere/log"], "/nowhere/log"),
        (["--dump-memory", "0x80000000,16,/nowhere/dump"], "/nowhere/dump"),
        (["-machine", "bare", "--dump-memory", "0x50000000,16,/dev/null"], "0x50000000"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_one_paragraph(run: Any, words: list[str], says: str) -> None:
    code, _, err = run(elf("hello"), *words)
    text = " ".join(err.split())
    assert code == 2, text
    assert says in text
    assert "Traceback" not in err
    assert "internal error" not in err


def test_a_linux_program_is_refused_with_the_reason(run: Any) -> None:
    code, _, err = run("/bin/true")
    assert code == 2
    assert "Linux" in " ".join(err.split()) or "operating system" in " ".join(err.split())


def test_a_guest_that_cannot_be_read_is_refused(run: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret.elf"
    secret.write_bytes(program([(0x8000_0000, LOOP, 4)]))
    secret.chmod(0)
    if os.access(secret, os.R_OK):
        secret = Path("/proc/self/mem")
    code, _, err = run(str(secret))
    assert code == 2
    assert "cannot be read" in " ".join(err.split())


def shell(line: str) -> subprocess.CompletedProcess[bytes]:
    """What bash makes of `line`, in which "axemu" is the command."""
    function = f'axemu() {{ "{sys.executable}" -m axemu "$@"; }}'
    return subprocess.run(
        ["bash", "-c", f"{function}; {line}"],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tools'}"},
        timeout=PATIENCE,
        check=False,
    )


def test_ctrl_c_stops_a_guest_that_spins_for_ever() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "axemu", "run", elf("spin"), "-machine", "bare"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tools'}"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"spinning\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"Ctrl-C" in err
    assert b"pc 0x" in err


def test_piped_input_reaches_the_guest_and_the_end_line_says_live(axemu: Run) -> None:
    done = axemu("run", elf("uart-echo"), "-machine", "bare", input=b"through a pipe\n")
    assert done.returncode == 0
    assert b"you typed 14 bytes: through a pipe" in done.stdout
    assert b"live input" in done.stderr


def test_a_guest_that_waits_for_more_after_the_end_of_input_is_blocked(axemu: Run) -> None:
    done = axemu("run", elf("uart-echo"), "-machine", "bare", input=b"no line end")
    assert done.returncode == 1
    assert b"nothing can ever" in done.stderr


def test_a_reader_that_goes_away_stops_the_guest_with_exit_code_2() -> None:
    done = shell(f"axemu run {elf('uart-flood')} -machine bare | head -c 5; exit ${{PIPESTATUS[0]}}")
    assert done.returncode == 2
    assert b"nobody reads" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(("closing", "code"), [(">&-", 2), ("2>&-", 0), ("<&-", 0), (">/dev/full", 2)])
def test_closed_and_broken_streams_are_defined(closing: str, code: int) -> None:
    done = shell(f"axemu run {GUESTS / 'hello'} {closing}")
    assert done.returncode == code
    assert b"Traceback" not in done.stderr


def test_a_person_at_a_terminal_types_to_the_guest_and_leaves(on_terminal: Any) -> None:
    session = on_terminal(sys.executable, "-m", "axemu", "run", elf("uart-echo"), "-machine", "bare")
    session.read_until(b"type a line:")
    assert session.is_raw
    session.type(b"\x01h")
    session.read_until(b"leave the guest")
    session.type(b"\x01i")
    session.read_until(b"of guest time")
    session.type(b"\x01x")
    assert session.wait() == 0
    assert b"Ctrl-A x" in session.output
    assert session.mode == session.before


def test_a_person_at_a_terminal_is_answered(on_terminal: Any) -> None:
    session = on_terminal(sys.executable, "-m", "axemu", "run", elf("uart-echo"), "-machine", "bare")
    session.read_until(b"type a line:")
    session.type(b"hello\n")
    session.read_until(b"you typed 5 bytes: hello")
    assert session.wait() == 0
    assert session.mode == session.before


def test_a_killed_run_leaves_the_terminal_as_it_was(on_terminal: Any) -> None:
    session = on_terminal(sys.executable, "-m", "axemu", "run", elf("spin"), "-machine", "bare")
    session.wait_for(lambda: session.is_raw)
    session.send(signal.SIGKILL)
    session.wait()
    session.wait_for(lambda: session.mode == session.before)
