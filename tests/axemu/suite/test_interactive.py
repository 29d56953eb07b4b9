"""Guest sessions: run to a line, a place or an exit; look, change, go back; and the same each time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from axemu.suite.interactive import GuestFailure, GuestSession
from axvcpu.exits import Hypercall, MmioWrite
from emu.errors import AddressError, LoadError, UnknownName
from emu.outcome import Ending
from isa.errors import UnknownRegister

GUESTS = Path(__file__).parents[3] / "guests"


@contextmanager
def started(name: str, **options: Any) -> Iterator[GuestSession]:
    with GuestSession(GUESTS / name, **options) as guest:
        yield guest


def talk(guest: GuestSession) -> list[int]:
    """A whole dialogue with uart-echo; the instructions at each step."""
    counts = []
    guest.expect("type a line: ")
    counts.append(guest.instructions)
    guest.send("abc")
    guest.run(max_insns=200)
    counts.append(guest.instructions)
    guest.send("de\n")
    assert guest.expect(r"typed (?P<count>\d+) bytes: (\w+)$").groups() == ("5", "abcde")
    counts.append(guest.instructions)
    guest.run()
    return [*counts, guest.instructions]


def test_a_dialogue_takes_the_same_instructions_each_time_and_ends_in_the_same_state() -> None:
    seen = []
    for _ in range(2):
        with started("riscv64/uart-echo") as guest:
            seen.append((talk(guest), guest.machine.state_hash(), guest.console))
    assert seen[0] == seen[1]
    assert 0 < seen[0][0][0] < seen[0][0][1] < seen[0][0][2] <= seen[0][0][3]
    assert seen[0][2] == "type a line: \nyou typed 5 bytes: abcde\n"


def test_what_was_matched_is_not_matched_again() -> None:
    with started("riscv64/hello") as guest:
        assert guest.expect("hello (from)")[1] == "from"
        assert guest.expect(re.compile("ON BARE", re.IGNORECASE)).string == guest.console
        with pytest.raises(GuestFailure, match="does not show 'hello': powered off"):
            guest.expect("hello")


def test_a_line_that_does_not_come_is_told_with_place_and_console() -> None:
    with started("riscv64/crash") as guest, pytest.raises(GuestFailure) as caught:
        guest.expect("never")
    text = str(caught.value)
    assert "the console does not show 'never': crashed: " in text
    assert re.search(r"^at pc 0x8[0-9a-f]+ <\w+\+0x[0-9a-f]+>, .*vCPU 0, after \d+ instructions$", text, re.M)
    assert text.endswith("console:\n  | storing to nowhere")
    assert caught.value.outcome.ending is Ending.CRASHED
    assert isinstance(caught.value, AssertionError)


def test_a_guest_that_waits_for_input_is_told_from_one_that_is_lost() -> None:
    with started("riscv64/uart-echo") as guest:
        with pytest.raises(GuestFailure, match=r"blocked: .*does it wait for input\? `send` types it"):
            guest.expect("you typed")
        guest.send("x\n")
        guest.expect("you typed 1 bytes: x")


def test_every_call_is_bounded_in_instructions_and_time() -> None:
    with started("riscv64/spin", max_insns=5000) as guest:
        assert (guest.run().ending, guest.instructions) == (Ending.BUDGET, 5000)
        assert (guest.run(max_insns=7).ending, guest.instructions) == (Ending.BUDGET, 5007)
        with pytest.raises(GuestFailure, match="within 1,000 instructions"):
            guest.expect("never", max_insns=1000)
        assert guest.instructions == 6007
        with pytest.raises(GuestFailure, match="wall-time limit"):
            guest.expect("never", max_insns=10**12, timeout=0.05)
        assert guest.run(max_insns=10**12, timeout=0.05).ending is Ending.TIMEOUT


def test_it_runs_to_a_symbol_an_offset_and_an_address_and_leaves_no_breakpoint() -> None:
    with started("riscv64/hello") as guest:
        main = guest.symbols.address("main")
        assert main is not None
        assert guest.run_until("main").pc == main == guest.registers.pc
        begun = guest.instructions
        guest.run_until(f"main+{guest.run(max_insns=1).pc - main:#x}")
        assert guest.instructions == begun + 1
        assert guest.machine.breakpoints == frozenset()
        guest.run_until(guest.symbols.address("exit") or 0)
        assert guest.machine.breakpoints == frozenset()
        assert guest.run().ending is Ending.POWERED_OFF


def test_a_place_that_is_not_reached_is_a_failure_and_one_that_is_not_there_an_error() -> None:
    with started("riscv64/hello") as guest:
        with pytest.raises(UnknownName, match="no symbol is called 'mian': did you mean 'main'"):
            guest.run_until("mian")
        guest.machine.breakpoints = frozenset((1 << 40,))
        with pytest.raises(GuestFailure, match="the pc did not reach unexpected: powered off"):
            guest.run_until("unexpected")
        assert guest.machine.breakpoints == {1 << 40}


def test_an_exit_is_shown_before_its_answer_and_answered_afterwards() -> None:
    with started("riscv64/exit-code") as guest:
        exit = guest.run_until_exit(MmioWrite)
        assert isinstance(exit, MmioWrite) and exit.data == 7
        assert guest.outcome is not None and guest.outcome.ending is Ending.EXIT
        assert guest.run().code == 7
    with started("riscv64/hypercall") as guest:
        first = guest.run_until_exit(lambda exit: isinstance(exit, Hypercall) and exit.nr == 1)
        assert isinstance(first, Hypercall) and first.args[0] == 0x1234_5678
        second = guest.run_until_exit(Hypercall)
        assert isinstance(second, Hypercall) and second.args[0] == (1 << 64) - 1
        with pytest.raises(GuestFailure, match="no exit HighTide came"):
            guest.run_until_exit(type("HighTide", (), {}))  # type: ignore[arg-type]


def test_registers_are_read_and_written_by_name() -> None:
    with started("riscv64/exit-code") as guest:
        guest.run_until("exit")
        assert guest.registers.a0 == guest.registers["a0"] == guest.registers.x10 == 7
        guest.registers.a0 = 9
        guest.registers["t0"] = -1
        assert guest.registers.t0 == (1 << 64) - 1
        assert "a0" in dir(guest.registers) and not hasattr(guest.registers, "a99")
        with pytest.raises(AttributeError, match="no register 'a99'"):
            guest.registers.a99 = 1
        with pytest.raises(UnknownRegister):
            guest.registers["a99"]
        assert guest.run().code == 9


def test_each_vcpu_has_its_registers() -> None:
    with started("riscv64/smp") as guest:
        guest.run_until("main")
        assert [guest.registers_of(vcpu)["mhartid"] for vcpu in range(4)] == [0, 1, 2, 3]
        with pytest.raises(UnknownName, match=r"no vCPU is called '4'.*There are 4"):
            guest.registers_of(4)


@pytest.mark.parametrize(("isa", "order"), [("riscv64", "little"), ("ppc", "big")])
def test_memory_has_numbers_in_the_byte_order_of_the_isa(isa: str, order: Any) -> None:
    with started(f"{isa}/hello") as guest:
        code = guest.memory.read("main", 8)
        assert guest.memory.u8("main+1") == code[1]
        assert guest.memory.u16("main") == int.from_bytes(code[:2], order)
        assert guest.memory.u32("main") == int.from_bytes(code[:4], order)
        assert guest.memory.u64("main") == int.from_bytes(code, order)
        guest.memory.u32("main", 0x1_2345_6789)
        assert guest.memory.read("main", 4) == (0x2345_6789).to_bytes(4, order)


def test_what_is_written_into_memory_is_what_the_guest_finds() -> None:
    with started("riscv64/hello") as guest:
        base = guest.machine.board.ram_base
        text = base + guest.memory.read(base, 1 << 16).index(b"hello from")
        assert guest.memory.text(text) == "hello from %s on %s\n"
        guest.run_until("main")
        guest.memory.write(text, b"HELLO")
        guest.expect("^HELLO from riscv64")
        with pytest.raises(AddressError, match="no memory at 0x10000000000"):
            guest.memory.read(1 << 40, 4)


def test_addresses_are_the_guests_own_through_its_page_tables() -> None:
    with started("riscv64/paging") as guest:
        guest.run_until("probe_lw")
        address = guest.registers.a0
        assert guest.machine.memory.find(address) is None  # no such physical address
        assert guest.memory.u32(address) == 0x1111
        end = (address | 0xFFF) - 3
        assert guest.memory.u32(end) == 0
        with pytest.raises(AddressError, match=f"no memory at {end + 4:#x}"):
            guest.memory.write(end, bytes(8))


def test_a_snapshot_brings_back_machine_console_and_input() -> None:
    with started("riscv64/uart-echo") as guest:
        guest.expect("type a line: ")
        guest.send("ab")
        moment, count = guest.snapshot(), guest.instructions
        ends = []
        for tail in ("c\n", "\n", "c\n"):
            guest.send(tail)
            guest.expect(rf"typed \d bytes: {('ab' + tail).strip()}$")
            ends.append((guest.run().ending, guest.instructions, guest.machine.state_hash()))
            guest.restore(moment)
            assert (guest.instructions, guest.console, guest.outcome) == (
                count,
                "type a line: ",
                moment.outcome,
            )
        assert ends[0] == ends[2] != ends[1]
        with pytest.raises(GuestFailure):
            guest.expect("type a line", max_insns=10)  # it was matched before the snapshot


def test_a_guest_that_has_ended_stays_so() -> None:
    with started("riscv64/exit-code") as guest:
        ended = guest.run()
        assert guest.run() == ended == guest.outcome
        with pytest.raises(GuestFailure, match="has ended before: powered off"):
            guest.run_until("main")


def test_programs_without_a_manifest_and_other_machines_are_asked_for_by_options() -> None:
    with started("riscv64/hello/hello.elf", board="bare", smp=2, cpu="sifive-u54") as guest:
        assert guest.machine.config.smp == 2
        assert guest.machine.model.name == "sifive-u54"
        guest.expect("hello from riscv64 on bare")
    with started("riscv64/hello", ram=32 << 20) as guest:
        assert guest.machine.ram.size == 32 << 20
    with pytest.raises(UnknownName, match="no field of MachineConfig is called 'cpus'"):
        GuestSession(GUESTS / "riscv64" / "hello", cpus=2)
    with pytest.raises(LoadError, match="nothing of that name"):
        GuestSession(GUESTS / "riscv64" / "hallo")
