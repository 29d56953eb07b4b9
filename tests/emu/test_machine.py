"""Machines as a library: built, run, stopped, reset, moved between threads, closed; and what cannot be built."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axvcpu.errors import BadState
from axvcpu.exits import GuestException, MmioRead, MmioWrite
from axvcpu.states import VCpuState
from emu.config import MachineConfig
from emu.errors import ConfigError, EmuError, MemoryClosed, UnknownName
from emu.machine import Machine
from emu.outcome import Ending
from isa.errors import IsaError
from isa.riscv.assembly import assemble64

RAM = 0x8000_0000
OFF = "li t6, 0x10010000\nsw a0, 0(t6)\n99: j 99b\n"
SPIN = (
    "li s1, 1\nla s0, 8f\n1: amoadd.d zero, s1, (s0)\nlw t0, 8(s0)\naddi t0, t0, 1\n"
    "sw t0, 8(s0)\naddi s2, s2, 1\nj 1b\n.align 3\n8: .zero 16"
)
GUESTS = Path(__file__).resolve().parents[2] / "guests"


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


# -- as a library ------------------------------------------------------------------------------------------------------


def test_ten_lines_build_load_run_and_look() -> None:
    with Machine(MachineConfig(board="bare", ram=1 << 20)) as machine:
        machine.load(GUESTS / "riscv64" / "hello" / "hello.elf")
        outcome = machine.run(max_insns=1_000_000)
        assert outcome.ending is Ending.POWERED_OFF
        assert outcome.exit_code == 0
        assert b"hello" in machine.console_output.lower()
        assert machine.vcpus[0].read_register("pc") == outcome.pc
        assert machine.memory.read(RAM, 4) != bytes(4)
        assert machine.retired > 0


def test_a_caller_may_answer_an_exit_itself(assembled: Any) -> None:
    machine = assembled(f"li s0, 0x10000000\nlw a0, 0(s0)\naddi a0, a0, 1\n{OFF}")
    outcome = machine.run(until=lambda exit: isinstance(exit, MmioRead))
    assert outcome.ending is Ending.EXIT
    assert outcome.exit == MmioRead(0x1000_0000, 4, 0)
    machine.vcpus[0].arch.complete(41)
    assert machine.run().code == 42


def test_an_exit_that_nobody_answers_comes_again_and_the_machine_s_answer_may_be_asked_for(
    assembled: Any,
) -> None:
    machine = assembled(f"li s0, 0x10000000\nlw a0, 0(s0)\n{OFF}")

    def wanted(exit: object) -> bool:
        return isinstance(exit, MmioRead)

    first, second = machine.run(until=wanted), machine.run(until=wanted)
    assert first == second
    assert machine.answer(second.exit) is None
    assert machine.run(until=wanted).ending is Ending.POWERED_OFF


def test_the_counts_of_exits_name_them(assembled: Any) -> None:
    machine = assembled(f"li s0, 0x10000000\nlw a0, 0(s0)\nlw a0, 0(s0)\nli a0, 0\n{OFF}")
    machine.run()
    assert machine.exits["MmioRead"] == 2
    assert machine.exits["MmioWrite"] == 1


# -- endings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("isa", ["riscv64", "riscv32"])
@pytest.mark.parametrize(
    ("text", "vector", "address"),
    [
        (".word 0xffffffff", 2, 0xFFFF_FFFF),
        ("ecall", 11, 0),
        ("ebreak", 3, RAM),
        ("li a0, 0x40000000\nlw a1, 4(a0)", 5, 0x4000_0004),
        ("li a0, 0x40000000\nsw a1, 4(a0)", 7, 0x4000_0004),
        ("li a0, 0x40000000\namoadd.w a1, a1, (a0)", 7, 0x4000_0000),
        ("li a0, 0x80000001\namoadd.w a1, a1, (a0)", 6, 0x8000_0001),
        ("li a0, 0x80000002\nlr.w a1, (a0)", 4, 0x8000_0002),
        ("li a0, 0x40000000\njr a0", 1, 0x4000_0000),
    ],
)
def test_an_exception_that_nobody_takes_is_a_crash_with_its_facts(
    assembled: Any, isa: str, text: str, vector: int, address: int
) -> None:
    machine = assembled(f"{text}\nnop", isa=isa)
    outcome = machine.run(timeout=20)
    assert outcome.ending is Ending.CRASHED
    assert outcome.exit == GuestException(
        vector, machine.isa.vector_name(vector), outcome.pc, address, trap_loop=False
    )
    assert "the guest has set no trap vector" in outcome.text
    assert f"{outcome.pc:#x}" in outcome.text


@pytest.mark.parametrize("isa", ["riscv64", "riscv32"])
@pytest.mark.parametrize(
    "handler",
    [".word 0xffffffff", "ecall", "c.ebreak", "li a0, 0x40000000\nlw a1, 0(a0)", "csrr a0, 0x7c0", ".half 0"],
)
def test_a_handler_that_traps_itself_is_a_trap_loop(assembled: Any, isa: str, handler: str) -> None:
    machine = assembled(f"la t0, 1f\ncsrw mtvec, t0\necall\n.align 2\n1: {handler}\nnop", isa=isa)
    outcome = machine.run(timeout=20, max_insns=100_000)
    if "li" in handler:  # it retires instructions, so it is not caught by counting none
        assert outcome.ending in (Ending.TRAP_LOOP, Ending.BUDGET)
    else:
        assert outcome.ending is Ending.TRAP_LOOP
        assert "the trap handler itself traps" in outcome.text


def test_a_vector_that_cannot_be_fetched_is_a_trap_loop_and_not_a_hang(assembled: Any) -> None:
    machine = assembled("li t0, 0x40000000\ncsrw mtvec, t0\necall")
    assert machine.run(timeout=20).ending is Ending.TRAP_LOOP


@pytest.mark.parametrize("op", ["lw a0, 0(t0)", "sw a0, 0(t0)", "ld a0, -4(t0)", "amoadd.w a0, a0, (t0)"])
def test_the_rest_of_a_device_s_last_page_is_a_hole(assembled: Any, op: str) -> None:
    """Without a vector this once went round for ever."""
    machine = assembled(f"li t0, 0x10000100\n{op}\n{OFF}", board="virt")
    outcome = machine.run(timeout=20)
    assert outcome.ending is Ending.CRASHED
    assert "0x10000" in outcome.text


@pytest.mark.parametrize(
    ("op", "cause"),
    [
        ("sw a0, 0(t0)", 7),
        ("sb a0, 1(t0)", 7),
        ("sd a0, 8(t0)", 7),
        ("amoadd.w a0, a0, (t0)", 7),
        ("sw a0, -2(t0)", 7),
    ],
)
def test_a_store_to_rom_is_a_store_access_fault_and_changes_nothing(
    assembled: Any, op: str, cause: int
) -> None:
    text = (
        f"la t1, 1f\ncsrw mtvec, t1\nli a0, -1\nli t0, 0x2000\n{op}\nwfi\n.align 2\n1: csrr a1, mcause\nwfi"
    )
    machine = assembled(text, board="virt")
    before = machine.memory.read(0x1FF0, 32)
    machine.run(timeout=20)
    assert machine.vcpus[0].read_register("a1") == cause
    assert machine.memory.read(0x1FF0, 32) == before


@pytest.mark.parametrize("isa", ["riscv64", "riscv32"])
@pytest.mark.parametrize(
    ("op", "cause", "value"),
    [
        ("lw a0, 0(t0)", 5, 2),
        ("sw a0, 0(t0)", 7, 2),
        ("flw fa0, 1(t0)", 5, 2),
        ("fsd fa0, -3(t0)", 7, 2),
        ("sh a0, 1(t0)", 7, 2),
    ],
)
def test_an_access_across_the_end_of_memory_faults_at_the_first_byte_that_is_not_there(
    assembled: Any, isa: str, op: str, cause: int, value: int
) -> None:
    edge = RAM + (16 << 20) - 2
    text = (
        "la t1, 1f\ncsrw mtvec, t1\nli t1, 0x2000\ncsrs mstatus, t1\nli a0, -1\n"
        f"li t0, {edge}\n{op}\nwfi\n.align 2\n1: csrr a1, mcause\ncsrr a2, mtval\nwfi"
    )
    machine = assembled(text, isa=isa)
    machine.run(timeout=20)
    read = machine.vcpus[0].read_register
    assert (read("a1"), read("a2")) == (cause, edge + value)
    assert machine.memory.read(edge - 8, 8) == bytes(8)


@pytest.mark.parametrize(
    ("op", "text"),
    [
        ("lw a0, 0(t0)", "read of address 0x40000000"),
        ("sd a0, 8(t0)", "write to address 0x40000008"),
        ("jr t0", "jump to address 0x40000000"),
    ],
)
def test_unmapped_stop_ends_the_run_with_the_access(assembled: Any, op: str, text: str) -> None:
    outcome = assembled(f"li t0, 0x40000000\n{op}\n{OFF}", unmapped="stop").run(timeout=20)
    assert outcome.ending is Ending.CRASHED
    assert text in outcome.text


@pytest.mark.parametrize(
    ("op", "value"),
    [
        ("lw a0, 0(t0)", (1 << 64) - 1),
        ("lwu a0, 0(t0)", 0xFFFF_FFFF),
        ("lbu a0, 1(t0)", 0xFF),
        ("ld a0, 0(t0)", (1 << 64) - 1),
        ("li a0, 7\nsw a0, 0(t0)", 7),
        ("amoadd.w a0, a0, (t0)", (1 << 64) - 1),
        ("lw a0, 2(t0)", (1 << 64) - 1),
        ("lw a0, -2(t1)", (1 << 64) - 1),
        ("sd a0, -3(t1)", 0),
    ],
)
def test_unmapped_ones_reads_ones_and_drops_writes(assembled: Any, op: str, value: int) -> None:
    machine = assembled(f"li t0, 0x40000000\nli t1, 0x40001000\n{op}\nwfi", unmapped="ones")
    assert machine.run(timeout=20).ending is Ending.BLOCKED
    assert machine.vcpus[0].read_register("a0") == value


def test_a_jump_to_nowhere_is_a_crash_also_where_holes_read_as_ones(assembled: Any) -> None:
    outcome = assembled("li t0, 0x40000000\njr t0", unmapped="ones").run(timeout=20)
    assert outcome.ending is Ending.CRASHED
    assert outcome.pc == 0x4000_0000


def test_a_halt_that_nothing_can_end_is_blocked_and_stays_so(assembled: Any) -> None:
    machine = assembled(f"wfi\n{OFF}")
    for _ in range(3):
        outcome = machine.run(timeout=20)
        assert (outcome.ending, outcome.exit_code, machine.retired) == (Ending.BLOCKED, 1, 1)


# -- stopping ----------------------------------------------------------------------------------------------------------


def test_a_stop_from_another_thread_is_always_between_two_instructions(assembled: Any) -> None:
    """An engine stopped after the store of a read-modify-write would do it twice: sums would run apart."""
    machine = assembled(SPIN)
    counters = RAM + len(assemble64(SPIN, RAM)) - 16
    over = threading.Event()

    def pest() -> None:
        while not over.wait(0.0005):
            machine.stop()

    thread = threading.Thread(target=pest)
    thread.start()
    try:
        for _ in range(400):
            assert machine.run(timeout=30).ending is Ending.INTERRUPTED
            done = machine.vcpus[0].read_register("s2")
            for address, size in ((counters, 8), (counters + 8, 4)):
                assert int.from_bytes(machine.memory.read(address, size), "little") - done in (0, 1)
    finally:
        over.set()
        thread.join()
    total = machine.retired
    again = assembled(SPIN)
    again.run(max_insns=total)
    assert again.vcpus[0].read_register("s2") == machine.vcpus[0].read_register("s2")
    assert again.memory.read(counters, 16) == machine.memory.read(counters, 16)


@pytest.mark.parametrize(
    "text",
    [
        "1: j 1b",
        "csrw mie, zero\n1: c.j 1b",
        "1: rdtime a0\nj 1b",
        "li s0, 0x10000000\n1: lw a0, 0(s0)\nj 1b",
        "la t0, 1f\ncsrw mtvec, t0\n1: nop\necall",
        "li s0, 0x10000000\nli a0, 65\n1: sw a0, 8(s0)\nj 1b",
    ],
)
def test_a_guest_that_spins_is_ended_by_its_wall_time_and_may_go_on(assembled: Any, text: str) -> None:
    """`rdtime` in the loop once turned a kick into a halt."""
    machine = assembled(text)
    for _ in range(3):
        outcome = machine.run(timeout=0.03)
        assert (outcome.ending, outcome.exit_code) == (Ending.TIMEOUT, 124)
        assert machine.vcpus[0].state is VCpuState.READY
        before = machine.retired
        assert machine.run(max_insns=1000).ending is Ending.BUDGET
        assert machine.retired == before + 1000


def test_a_stop_by_the_guest_s_own_exit_is_seen_before_the_next_instruction(assembled: Any) -> None:
    machine = assembled(f"li s0, 0x10000000\nlw a0, 0(s0)\n{OFF}")
    machine.listen(lambda event: machine.stop() if "MmioRead" in event.text else None, ["exit"])
    outcome = machine.run(timeout=20)
    assert outcome.ending is Ending.INTERRUPTED
    assert machine.run(timeout=20).ending is Ending.POWERED_OFF


def test_kicks_do_not_change_what_a_run_does(assembled: Any, pestered: Any) -> None:
    text = f"li s1, 200000\n1: rdtime a1\nadd s2, s2, a1\naddi s1, s1, -1\nbnez s1, 1b\nli a0, 0\n{OFF}"
    quiet, kicked = assembled(text), assembled(text)
    quiet.run()
    with pestered(kicked):
        assert kicked.run(timeout=60).ending is Ending.POWERED_OFF
    assert kicked.exits.get("ExternalInterrupt", 0) > 0
    assert kicked.state_hash() == quiet.state_hash()


def test_a_stop_from_a_signal_handler_ends_a_guest_that_spins(assembled: Any) -> None:
    machine = assembled("1: j 1b")
    before = signal.signal(signal.SIGUSR1, lambda *_: machine.stop())
    sender = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1))
    try:
        sender.start()
        outcome = machine.run(timeout=2)
    finally:
        sender.join()
        signal.signal(signal.SIGUSR1, before)
    assert outcome.ending is Ending.INTERRUPTED


# -- reset -------------------------------------------------------------------------------------------------------------


def test_a_reset_is_a_power_on(assembled: Any, tmp_path: Path) -> None:
    code = assemble64(
        f"la s0, 7f\nlw a0, 0(s0)\nli a1, 9\nsw a1, 0(s0)\ncsrr a2, mscratch\ncsrw mscratch, a1\n{OFF}7: .word 3",
        RAM,
    )
    path = tmp_path / "guest.bin"
    path.write_bytes(code)
    machine = assembled("nop")
    machine.load(path, base=RAM)
    first = machine.state_hash()
    for round_ in range(1, 4):
        assert machine.run(timeout=20).code == 3
        assert machine.vcpus[0].read_register("a2") == 0
        assert machine.memory.read(RAM + len(code) - 4, 1) == b"\x09"
        machine.memory.write(RAM + 0x5000, b"dirty")
        total = machine.retired
        machine.reset()
        assert machine.retired == total
        assert machine.memory.read(RAM + 0x5000, 5) == bytes(5)
        assert machine.vcpus[0].read_register("mscratch") == 0
        assert machine.now_ns == 0
        assert round_ > 1 or machine.state_hash() != first  # it counts on
    fresh = Machine(MachineConfig(board="bare"))
    fresh.load(path, base=RAM)
    assert fresh.state_hash() == first
    fresh.close()


def test_a_guest_that_resets_itself_begins_anew_until_the_budget_ends(assembled: Any, tmp_path: Path) -> None:
    code = assemble64("addi s5, s5, 1\nli t6, 0x10010000\nsw a0, 4(t6)\n1: j 1b", RAM)
    (tmp_path / "guest.bin").write_bytes(code)
    machine = assembled("nop")
    machine.load(tmp_path / "guest.bin", base=RAM)
    outcome = machine.run(max_insns=1000)
    assert (outcome.ending, machine.retired) == (Ending.BUDGET, 1000)
    assert machine.vcpus[0].read_register("s5") == 1
    stays = assembled("nop", no_reboot=True)
    stays.load(tmp_path / "guest.bin", base=RAM)
    assert "reset" in stays.run().text


# -- threads -----------------------------------------------------------------------------------------------------------


def in_thread(work: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join(60)
    return found[0]


def test_two_machines_in_two_threads_do_what_they_do_alone(assembled: Any) -> None:
    text = (
        "li s1, 100000\n1: mul s2, s2, s1\nadd s2, s2, s1\nli s0, 0x80010000\nsd s2, 0(s0)\n"
        f"addi s1, s1, -1\nbnez s1, 1b\nli a0, 0\n{OFF}"
    )
    alone = assembled(text)
    alone.run()
    machines = [assembled(text) for _ in range(2)]
    threads = [threading.Thread(target=machine.run) for machine in machines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [machine.state_hash() for machine in machines] == [alone.state_hash()] * 2


def test_a_machine_may_move_between_threads(assembled: Any) -> None:
    text = "li s0, 0x80010000\n1: addi s1, s1, 1\nsd s1, 0(s0)\nfcvt.d.l fa0, s1\nj 1b"
    here, moving = assembled(text, smp=2), assembled(text, smp=2)
    for machine in (here, moving):
        machine.vcpus[0].write_register("mstatus", 0x6000)
    for _ in range(6):
        here.run(max_insns=7001)
        in_thread(lambda: moving.run(max_insns=7001))
    assert moving.state_hash() == here.state_hash()


def test_a_halted_vcpu_stays_halted_on_another_thread(assembled: Any) -> None:
    machine = assembled(f"wfi\n{OFF}")
    assert machine.run().ending is Ending.BLOCKED
    assert in_thread(machine.run).ending is Ending.BLOCKED
    assert machine.run().ending is Ending.BLOCKED
    assert machine.retired == 1


# -- devices that fail -------------------------------------------------------------------------------------------------


class Broken(Exception):
    """A fault in a device, not in the guest."""


@pytest.mark.parametrize(("method", "access"), [("read", "lw a0, 0(s0)"), ("write", "sw zero, 8(s0)")])
def test_an_exception_in_a_device_reaches_the_caller_and_the_access_comes_again(
    assembled: Any, monkeypatch: pytest.MonkeyPatch, method: str, access: str
) -> None:
    machine = assembled(f"li s0, 0x10000000\n{access}\n{OFF}")

    def fail(*_: object) -> int:
        raise Broken

    with monkeypatch.context() as patch:
        patch.setattr(type(machine.devices["uart"]), method, fail)
        for _ in range(2):
            with pytest.raises(Broken):
                machine.run(timeout=20)
            assert machine.vcpus[0].state is VCpuState.READY
            assert machine.retired == 1
    assert machine.run(timeout=20).ending is Ending.POWERED_OFF


def test_an_exception_in_queued_writes_makes_the_vcpu_invalid_and_every_later_run_says_so(
    assembled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Queued writes are gone once they are taken: there is nothing to go on from."""
    machine = assembled(f"li s0, 0x10000000\nsw zero, 0(s0)\n{OFF}")

    def fail(*_: object) -> None:
        raise Broken

    with monkeypatch.context() as patch:
        patch.setattr(type(machine.devices["uart"]), "write", fail)
        with pytest.raises(Broken):
            machine.run(timeout=20)
    assert machine.vcpus[0].state is VCpuState.INVALID
    for _ in range(2):
        with pytest.raises(BadState, match="INVALID"):
            machine.run(timeout=20)


def test_an_exception_of_a_listener_reaches_the_caller(assembled: Any) -> None:
    machine = assembled(f"li s0, 0x10000000\nlw a0, 0(s0)\n{OFF}")

    def fail(event: object) -> None:
        raise Broken

    machine.listen(fail, ["exit"])
    with pytest.raises(Broken):
        machine.run(timeout=20)


# -- closing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ran", [False, True])
def test_a_closed_machine_says_so(assembled: Any, ran: bool) -> None:
    """It once ran on in memory that was gone."""
    machine = assembled(OFF)
    if ran:
        machine.run()
    state = machine.save()
    machine.close()
    machine.close()
    uses: list[Callable[[], Any]] = [
        machine.run,
        machine.save,
        machine.state_hash,
        machine.reset,
        lambda: machine.restore(state),
        lambda: machine.memory.read(RAM, 4),
    ]
    for use in uses:
        with pytest.raises(MemoryClosed, match="Close a machine only after its last use"):
            use()


def test_machines_leave_nothing_behind() -> None:
    def cycle() -> None:
        with Machine(MachineConfig(board="bare")) as machine:
            machine.memory.write(RAM, assemble64(OFF, RAM))
            assert machine.run().ending is Ending.POWERED_OFF

    for _ in range(30):
        cycle()
    gc.collect()
    before = resident()
    for _ in range(300):
        cycle()
    gc.collect()
    assert resident() - before < 3 << 20


def test_gigabytes_cost_nothing_until_they_are_touched() -> None:
    before = resident()
    with Machine(MachineConfig(board="virt", ram=4 << 30)) as machine:
        machine.memory.write(RAM, assemble64("li s0, 0x17ffffff8\nsd s0, 0(s0)\nwfi", RAM))
        assert machine.run().ending is Ending.BLOCKED
        assert machine.memory.read(0x1_7FFF_FFF8, 8) == (0x1_7FFF_FFF8).to_bytes(8, "little")
        state = machine.save()
        machine.state_hash()
        assert state.ram.nbytes <= 4 * 4096
        assert resident() - before < 50 << 20


# -- what cannot be built ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        ({"smp": 0}, ConfigError, "-smp: expected 1 to 8 CPUs on machine virt, got 0."),
        ({"smp": 9}, ConfigError, "-smp: expected 1 to 8 CPUs on machine virt, got 9."),
        ({"smp": -1}, ConfigError, "got -1"),
        ({"isa": "riscv65"}, IsaError, "did you mean riscv64"),
        ({"board": "vert"}, UnknownName, "no machine is called 'vert': did you mean 'virt'?"),
        ({"cpu": "u55"}, IsaError, "no CPU model 'u55'"),
        ({"ram": 0}, ConfigError, "memory size: expected a positive multiple of 4096 bytes, got 0 bytes"),
        ({"ram": -4096}, ConfigError, "got -4096 bytes"),
        ({"ram": 4097}, ConfigError, "The nearest is 0x2000"),
        ({"ram": 65 << 30}, ConfigError, "-m: expected at most 64 GiB"),
        ({"ram": 1 << 62}, ConfigError, "-m: expected at most 64 GiB"),
        ({"ram": 1 << 70}, ConfigError, "-m: expected at most 64 GiB"),
        ({"clock": "wall"}, ConfigError, "--clock: expected virtual or host, got wall."),
        ({"shift": 11}, ConfigError, "-icount shift: expected 0 to 10, got 11."),
        ({"shift": -1}, ConfigError, "got -1"),
        ({"unmapped": "zero"}, ConfigError, "--unmapped: expected fault or stop or ones, got zero."),
    ],
)
def test_what_cannot_be_built_is_refused_with_the_facts(
    wrong: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error) as caught:
        Machine(MachineConfig(**wrong))
    assert text in str(caught.value)


@pytest.mark.parametrize("size", [512 << 20, 4 << 30, 64 << 30])
def test_memory_that_a_board_has_no_room_for_is_refused_or_works(size: int) -> None:
    for board in ("virt", "bare"):
        try:
            machine = Machine(MachineConfig(board=board, ram=size))
        except EmuError as error:
            assert board == "bare"
            assert "RAM" in str(error)
            continue
        with machine:
            machine.memory.write(RAM, assemble64("li a0, 1\nwfi", RAM))
            assert machine.run(timeout=30).ending is Ending.BLOCKED


def test_a_machine_that_could_not_be_built_leaves_nothing_behind() -> None:
    for _ in range(20):
        with pytest.raises(EmuError):
            Machine(MachineConfig(board="bare", ram=10 << 40))


def test_writes_are_told_as_exits_with_their_data(assembled: Any) -> None:
    machine = assembled(f"li s0, 0x10000008\nli a0, 1\nsw a0, 0(s0)\n{OFF}")
    outcome = machine.run(until=lambda exit: isinstance(exit, MmioWrite))
    assert outcome.exit == MmioWrite(0x1000_0008, 4, 1, 0)
