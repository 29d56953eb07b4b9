"""Cases in this process: prompts, protocols, state checks, prefixes; each expectation can be missed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from axemu.suite.case import Case
from axemu.suite.execution import execute
from axemu.suite.machines import Machines
from axemu.suite.orders import Orders
from axemu.suite.result import Result, Verdict

Suite = Callable[[str], tuple[Case, ...]]
ECHO = '[[case]]\nname = "echo"\nelf = "{guests}/uart-echo/uart-echo.elf"\nmachine = "bare"\n'
HELLO = '[[case]]\nname = "hello"\nelf = "{guests}/hello/hello.elf"\nmachine = "bare"\n'
WORKLOAD = '[[case]]\nname = "w"\nelf = "{guests}/workload/workload.elf"\nmachine = "bare"\n'


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    made = Machines()
    yield made
    made.close()


@pytest.fixture
def result(suite: Suite, machines: Machines) -> Callable[..., Result]:
    def run(text: str, **orders: object) -> Result:
        (case,) = suite(text)
        return execute(case, Orders(**orders), machines).result  # type: ignore[arg-type]

    return run


Run = Callable[..., Result]


def test_what_a_prompt_asks_for_is_typed(result: Run) -> None:
    prompt = '[[case.prompts]]\nexpect = "type a line: $"\nsend = "fine\\n"\n'
    found = result(f'{ECHO}{prompt}[case.expect]\nconsole = ["you typed 4 bytes: fine"]\n')
    assert found.verdict is Verdict.PASS, found.details
    assert result(f"{ECHO}{prompt}", verify=True).verdict is Verdict.PASS


def test_a_prompt_that_never_comes_leaves_the_guest_waiting(result: Run) -> None:
    found = result(f'{ECHO}[[case.prompts]]\nexpect = "login: "\nsend = "root\\n"\n')
    assert found.verdict is Verdict.FAIL
    assert "blocked" in found.reason


def test_a_run_can_end_with_the_last_line_that_is_waited_for(result: Run) -> None:
    found = result(f'{ECHO}[case.expect]\nending = "console"\nconsole = ["type a", "line"]\n')
    assert (found.verdict, found.ending) == (Verdict.PASS, "exit")
    missed = result(f'{ECHO}[case.expect]\nending = "console"\nconsole = ["type a", "novel"]\n')
    assert missed.verdict is Verdict.FAIL


def test_a_forbidden_line_ends_the_run_at_once(result: Run) -> None:
    whole = result(WORKLOAD)
    found = result(f'{WORKLOAD}[case.expect]\nforbidden = ["^workload"]\n')
    assert whole.verdict is Verdict.PASS
    assert found.verdict is Verdict.FAIL
    assert "forbidden" in found.reason


def test_a_flood_of_output_is_cut_at_its_limit(result: Run) -> None:
    flood = '[[case]]\nname = "f"\nelf = "{guests}/uart-flood/uart-flood.elf"\nmachine = "bare"\nmax_console = "4K"\n'
    found = result(flood)
    assert found.verdict is Verdict.FAIL
    assert "more than 4,096 bytes" in found.reason
    assert found.console_bytes < 200_000


def test_a_pattern_that_backtracks_for_ever_is_cut(result: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emu.expectation.PATIENCE", 0.2)
    found = result(f'{HELLO}[case.expect]\nconsole = ["^(([a-z ])+.)+[A-Z]([a-z ])+$"]\n')
    assert found.verdict is Verdict.FAIL
    assert "expected a match" in found.reason or "backtracks too much" in found.reason


def test_memory_and_registers_are_looked_at_where_a_place_is_reached(result: Run) -> None:
    good = (
        f'{HELLO}[[case.expect.memory]]\nat = "main"\nwhen = "main"\nwidth = 1\nvalue = BYTE\n'
        '[[case.expect.registers]]\nwhen = "main"\npc = PLACE\n'
    )
    from emu.loaders import open_image  # noqa: PLC0415

    image = open_image(Path(__file__).resolve().parents[3] / "guests" / "riscv64" / "hello" / "hello.elf")
    main = image.symbols.address("main")
    assert main is not None
    segment = next(each for each in image.segments if each.address <= main < each.address + len(each.data))
    byte = segment.data[main - segment.address]

    def filled(value: int, place: int) -> str:
        return good.replace("BYTE", str(value)).replace("PLACE", str(place))

    assert result(filled(byte, main)).verdict is Verdict.PASS
    wrong = result(filled(byte ^ 1, main + 4))
    assert wrong.verdict is Verdict.FAIL
    assert len(wrong.details) == 2
    assert "memory at main when the pc reached main: expected" in wrong.details[0]
    assert f"pc when the pc reached main: expected {main + 4:#x}, got {main:#x}" in wrong.details[1]


def test_a_place_that_is_never_reached_is_a_failure(result: Run) -> None:
    found = result(f'{HELLO}[[case.expect.registers]]\nwhen = "0x80100000"\na0 = 1\n')
    assert "never reached 0x80100000" in found.reason
    unknown = result(f'{HELLO}[[case.expect.registers]]\nwhen = "mian"\na0 = 1\n')
    assert unknown.verdict is Verdict.ERROR
    assert "main" in unknown.reason


def test_counts_are_exact(result: Run) -> None:
    count = result(HELLO).instructions
    assert result(f"{HELLO}[case.expect]\ninstructions = {count}\n").verdict is Verdict.PASS
    assert result(f"{HELLO}[case.expect]\ninstructions = {count + 1}\n").verdict is Verdict.FAIL
    assert result(f'{HELLO}[case.expect]\nno_exit = ["unmapped", "interrupts"]\n').verdict is Verdict.PASS
    traps = '[[case]]\nname = "t"\nelf = "{guests}/traps/traps.elf"\nmachine = "bare"\n'
    assert "of unmapped" in result(f'{traps}[case.expect]\nno_exit = ["unmapped"]\n').reason


def test_a_golden_console_is_written_when_asked_and_compared_ever_after(result: Run, tmp_path: Path) -> None:
    text = f'{HELLO}[case.expect]\nconsole_file = "golden.txt"\n'
    assert result(text).verdict is Verdict.FAIL
    assert result(text, update_golden=True).verdict is Verdict.PASS
    assert (tmp_path / "golden.txt").read_text() == "hello from riscv64 on bare\n"
    assert result(text).verdict is Verdict.PASS


def test_xfail_is_strict_and_quarantine_is_not(result: Run) -> None:
    wrong = "exit_code = 3\n"
    assert result(f'{HELLO}[case.expect]\n{wrong}xfail = "because"\n').verdict is Verdict.XFAIL
    assert result(f"{HELLO}[case.expect]\nxfail = true\n").verdict is Verdict.XPASS
    quarantined = HELLO + 'quarantine = "flaky board"\n'
    found = result(f"{quarantined}[case.expect]\n{wrong}")
    assert found.verdict is Verdict.QUARANTINED
    assert found.reason.startswith("flaky board: ")
    assert result(quarantined).verdict is Verdict.PASS


PROGRAM = """
.globl _start, tohost, fromhost, begin_signature, end_signature
.text
_start:
  la t0, begin_signature
  li t1, 0x11223344
  sw t1, 0(t0)
  la t0, tohost
  li t1, VALUE
  sd t1, 0(t0)
1: j 1b
.data
.balign 64
tohost: .dword 0
fromhost: .dword 0
begin_signature: .word 0, 0x55667788
end_signature: .word 0
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two programs that speak HTIF: pass and fail5."""
    pytest.importorskip("ziglang", reason="the compiler is missing: pip install '.[test]'")
    folder = tmp_path_factory.mktemp("programs")
    for name, value in (("pass", 1), ("fail5", 5 << 1 | 1)):
        (folder / f"{name}.S").write_text(PROGRAM.replace("VALUE", str(value)))
        command = ["-target", "riscv64-freestanding", "-nostdlib", "-static", "-Wl,--image-base=0x80000000"]
        command += ["-mcmodel=medany", "-o", str(folder / f"{name}.elf"), str(folder / f"{name}.S")]
        subprocess.run([sys.executable, "-m", "ziglang", "cc", *command], check=True, cwd=folder)
    return folder


def bare(folder: Path, name: str, more: str = "") -> str:
    return f'[[case]]\nname = "{name}"\nelf = "{folder}/{name}.elf"\nmachine = "bare"\n{more}'


def test_a_word_in_tohost_is_the_verdict(result: Run, programs: Path) -> None:
    tohost = 'protocol = "tohost"\n'
    assert result(bare(programs, "pass", tohost)).verdict is Verdict.PASS
    failed = result(bare(programs, "fail5", tohost))
    assert (failed.verdict, failed.exit_code) == (Verdict.FAIL, 5)
    assert result(HELLO + tohost).verdict is Verdict.ERROR


def test_a_signature_is_compared_word_by_word(result: Run, programs: Path) -> None:
    reference = programs / "pass.signature"
    text = bare(programs, "pass", f'protocol = "signature"\nreference = "{reference}"\n')
    reference.write_text("11223344\n55667788\n")
    assert result(text).verdict is Verdict.PASS
    reference.write_text("11223344\n55667789\n")
    assert result(text).reason == "signature: word 2: expected 55667789, got 55667788"
    reference.write_text("11223344\n")
    assert result(text).reason == "signature: expected 1 words, got 2"
    reference.unlink()
    assert result(text).verdict is Verdict.ERROR


def test_isa_debug_exit_has_the_status_of_qemu(suite: Suite, machines: Machines) -> None:
    folder = Path(__file__).resolve().parents[3] / "guests" / "x86_64" / "ports"
    text = (
        f'[[case]]\nname = "p"\nelf = "{folder}/ports.elf"\nmachine = "bare"\nprotocol = "isa-debug-exit"\n'
    )
    (case,) = suite(text)
    found = execute(case, Orders(), machines).result
    assert (found.verdict, found.exit_code) == (Verdict.FAIL, 7 << 1 | 1)
    (case,) = suite(f"{text}[case.expect]\nexit_code = 15\n")
    assert execute(case, Orders(), machines).result.verdict is Verdict.PASS


PREFIX = (
    '[prefix.begun]\nelf = "{guests}/uart-echo/uart-echo.elf"\nmachine = "bare"\nuntil = { UNTIL }\n'
    '[[case]]\nname = "one"\nafter = "begun"\ninput = "abc\\n"\n[case.expect]\nconsole = ["^you typed 3 bytes: abc$"]\n'
    '[[case]]\nname = "two"\nafter = "begun"\ninput = "fine\\n"\n[case.expect]\nconsole = ["typed 4 bytes: fine$"]\n'
    '[[case]]\nname = "one again"\nafter = "begun"\ninput = "abc\\n"\n[case.expect]\ninstructions = INSTRUCTIONS\n'
)


@pytest.mark.parametrize("until", ['console = "type a line: "', 'symbol = "main"', "instructions = 100"])
def test_cases_go_on_from_one_prefix_and_do_not_see_each_other(
    suite: Suite, machines: Machines, until: str
) -> None:
    text = PREFIX.replace("UNTIL", until)
    first = suite(text.replace("INSTRUCTIONS", "1"))
    done = [execute(case, Orders(), machines) for case in first]
    assert [each.result.verdict for each in done] == [Verdict.PASS, Verdict.PASS, Verdict.FAIL]
    assert done[0].result.instructions == done[2].result.instructions
    assert len({each.prefix_hash for each in done}) == 1
    assert done[0].prefix_hash
    last = suite(text.replace("INSTRUCTIONS", str(done[0].result.instructions)))[2]
    assert execute(last, Orders(), machines).result.verdict is Verdict.PASS


def test_a_prefix_that_is_never_over_is_an_error_with_its_console(suite: Suite, machines: Machines) -> None:
    cases = suite(PREFIX.replace("UNTIL", 'console = "login: "').replace("INSTRUCTIONS", "1"))
    found = execute(cases[0], Orders(), machines).result
    assert found.verdict is Verdict.ERROR
    assert "login: " in found.reason
    assert "type a line" in found.reason
