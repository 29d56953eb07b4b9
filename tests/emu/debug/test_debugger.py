"""The debugger's core on every instruction set: it stops exactly, says why, and the guest does not notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from axvcpu.exits import AccessFlags, MmioWrite
from emu.debug.debugger import Debugger
from emu.debug.errors import BadLocation, ExpressionError, NotPossible
from emu.debug.exits import Event, exit_count
from emu.debug.expression import Expression
from emu.debug.points import Breakpoint, Point
from emu.debug.scope import Scope
from emu.debug.stop import StopKind
from emu.errors import UnknownName
from emu.guest import load_guest
from emu.machine import Machine
from emu.outcome import Ending
from isa import registry

GUESTS = Path(__file__).resolve().parents[3] / "guests"
NAMES = sorted(registry.names())
MOST = 100_000_000


def machine_of(name: str, guest: str) -> Machine:
    return Machine(load_guest(GUESTS / name / guest).config())


@pytest.mark.parametrize("name", NAMES)
def test_a_breakpoint_at_main_stops_before_main_has_done_anything(name: str) -> None:
    with machine_of(name, "hello") as machine, Debugger(machine) as debugger:
        debugger.break_at("main")
        assert debugger.go(MOST).kind is StopKind.BREAKPOINT
        assert machine.console_output == b""
        debugger.go(MOST)
        assert machine.console_output


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_a_debugged_guest_does_what_it_would_have_done(name: str) -> None:
    with machine_of(name, "hello") as plain:
        end = plain.run(max_insns=MOST)
        expected = plain.retired, plain.console_output, plain.state_hash(), exit_count(plain)
    with machine_of(name, "hello") as machine:
        with Debugger(machine) as debugger:
            entry = machine.symbols.entry("main")
            assert entry is not None
            debugger.break_at(entry)
            assert debugger.go(MOST).kind is StopKind.BREAKPOINT
            assert (debugger.stop.symbol or "").partition("+")[0] == "main"
            for _ in range(20):
                assert debugger.step().kind is StopKind.STEP
            debugger.step_over()
            debugger.run_exits()
            first = debugger.stop
            assert first.kind is StopKind.POSITION
            assert first.exit is not None
            debugger.run_exits(2)
            assert debugger.position.exit == first.position.exit + 2
            debugger.registers["pc"] = debugger.pc
            debugger.memory.readable(debugger.pc, 64)
            debugger.run_to_instruction(debugger.position.instruction + 7)
            debugger.points.clear()
            debugger.catch("mmio-write", ignore=2)
            caught = debugger.go(MOST)
            assert caught.kind is StopKind.CATCHPOINT
            assert isinstance(caught.exit, MmioWrite)
            debugger.points.clear()
            last = debugger.go(MOST)
            assert last.kind is StopKind.ENDED
            assert last.outcome is not None
            assert last.outcome.code == end.code
            assert debugger.go() == last
            numbers = [row.number for row in debugger.exits.last(len(debugger.exits))]
        found = machine.retired, machine.console_output, machine.state_hash(), exit_count(machine)
    assert found == expected
    assert numbers == list(range(1, expected[3] + 1))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_a_position_is_found_again_by_its_numbers(name: str) -> None:
    with machine_of(name, "hello") as machine, Debugger(machine) as debugger:
        debugger.break_at(machine.symbols.entry("main") or 0)
        debugger.go(MOST)
        debugger.points.clear()
        debugger.run_exits(3)
        there = debugger.stop
        debugger.restart()
        assert debugger.pc != there.pc
        base = debugger.position
        again = debugger.run_to_exit(base.exit + there.position.exit)
        assert (again.pc, again.exit) == (there.pc, there.exit)
        assert again.position.instruction - base.instruction == there.position.instruction
        with pytest.raises(NotPossible, match="left already"):
            debugger.run_to_exit(again.position.exit)
        with pytest.raises(NotPossible, match="retired already"):
            debugger.run_to_instruction(0)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_what_the_console_got_is_in_the_table(name: str) -> None:
    with machine_of(name, "hello") as machine, Debugger(machine) as debugger:
        debugger.go(MOST)
        uart = next(window for window in machine.bus.devices if "uart" in window.name)
        rows = debugger.exits.last(len(debugger.exits))
        written = bytes(
            row.value & 0xFF
            for row in rows
            if row.kind is Event.MMIO_WRITE and row.address & ~7 == uart.base and row.address - uart.base < 4
        )
        assert machine.console_output in written
        reads = [row for row in rows if row.kind is Event.MMIO_READ]
        assert all(row.instruction <= machine.retired for row in rows)
        assert [row.instruction for row in rows] == sorted(row.instruction for row in rows)
        assert all(row.width in (1, 2, 4, 8) for row in reads)


def test_a_call_is_stepped_over_and_out_of() -> None:
    with machine_of("riscv64", "crash") as machine, Debugger(machine) as debugger:
        debugger.break_at("main")
        debugger.go(MOST)
        seen = []
        while (stop := debugger.step_over()).kind is StopKind.STEP:
            seen.append((stop.symbol or "").partition("+")[0])
        assert stop.kind is StopKind.CRASHED
        assert set(seen) == {"main"}
        assert len(seen) >= 4


def test_a_step_into_a_trap_stops_at_its_handler() -> None:
    with machine_of("riscv64", "traps") as machine, Debugger(machine) as debugger:
        debugger.catch("exception")
        first = debugger.go(MOST)
        assert first.kind is StopKind.CATCHPOINT
        assert first.trap is not None
        before = first.position.instruction
        handler = first.pc
        debugger.restart()
        debugger.points.clear()
        debugger.run_to_instruction(machine.retired + before)
        assert debugger.pc == first.trap.pc
        stop = debugger.step()
        assert stop.trap == first.trap
        assert stop.pc == handler
        assert stop.position.instruction == machine.retired


def test_traps_can_be_caught_by_their_cause() -> None:
    with machine_of("riscv64", "traps") as machine, Debugger(machine) as debugger:
        debugger.catch("exception")
        causes = []
        while (stop := debugger.go(MOST)).kind is StopKind.CATCHPOINT:
            assert stop.trap is not None
            causes.append(stop.trap.number)
        assert len(causes) > 3
        debugger.points.clear()
        debugger.restart()
        wanted = causes[-1]
        debugger.catch("exception", cause=wanted)
        stop = debugger.go(MOST)
        assert stop.trap is not None
        assert stop.trap.number == wanted


@pytest.mark.parametrize(
    ("guest", "texts"),
    [
        (
            "riscv64/paging",
            ("machine to supervisor", "supervisor to machine", "machine to user", "user to machine"),
        ),
        ("x86_64/ports", ("ring 0 to ring 3", "ring 3 to ring 0")),
        ("aarch64/traps", ("EL1 to EL0", "EL0 to EL1")),
        ("m68k/traps", ("supervisor to user", "user to supervisor")),
        ("arm/traps", ("supervisor to fiq",)),
    ],
)
def test_changes_of_privilege_are_caught_where_they_happen(guest: str, texts: tuple[str, ...]) -> None:
    with machine_of(*guest.split("/")) as machine, Debugger(machine) as debugger:
        debugger.catch("privilege")
        for text in texts:
            stop = debugger.go(MOST)
            assert stop.kind is StopKind.CATCHPOINT
            assert stop.text.endswith(f"privilege from {text}")


def test_interrupts_are_caught_before_their_handler() -> None:
    with machine_of("riscv64", "timer-interrupt") as machine, Debugger(machine) as debugger:
        debugger.catch("interrupt")
        stop = debugger.go(MOST)
        assert stop.kind is StopKind.CATCHPOINT
        assert stop.trap is not None
        assert stop.trap.interrupt


def test_two_harts_are_stepped_each_for_itself() -> None:
    with machine_of("riscv64", "smp") as machine, Debugger(machine) as debugger:
        debugger.go(60_000)
        for number in range(len(machine.vcpus)):
            debugger.vcpu = number
            before = [vcpu.arch.retired for vcpu in machine.vcpus]
            stop = debugger.step()
            if stop.kind is not StopKind.STEP:
                continue
            after = [vcpu.arch.retired for vcpu in machine.vcpus]
            assert after[number] - before[number] in (0, 1)
    with machine_of("riscv64", "smp") as machine:
        end = machine.run(max_insns=MOST)
        final = machine.retired, machine.state_hash()
    with machine_of("riscv64", "smp") as machine:
        with Debugger(machine) as debugger:
            debugger.go(60_000)
            for number in range(len(machine.vcpus)):
                debugger.vcpu = number
                debugger.step()
            assert debugger.go(MOST).kind is StopKind.ENDED
        assert end.ending is Ending.POWERED_OFF
        assert (machine.retired, machine.state_hash()) == final


def test_bad_requests_say_what_is_possible() -> None:
    with machine_of("riscv64", "hello") as machine, Debugger(machine) as debugger:
        with pytest.raises(BadLocation, match="main"):
            debugger.break_at("mian")
        with pytest.raises(UnknownName, match="mmio-write"):
            debugger.catch("mmio-wirte")
        with pytest.raises(UnknownName, match="uart"):
            debugger.catch("mmio", device="uart9")
        with pytest.raises(NotPossible, match="only accesses"):
            debugger.catch("halt", device="uart0")
        with pytest.raises(NotPossible, match="counted from 0"):
            debugger.vcpu = 4
        with pytest.raises(NotPossible, match="no point"):
            debugger.points.delete(7)


def test_a_device_is_caught_by_its_name() -> None:
    with machine_of("riscv64", "timer-interrupt") as machine, Debugger(machine) as debugger:
        name = next(name for name in machine.devices if "timer" in name)
        debugger.catch("mmio", device=name)
        stop = debugger.go(MOST)
        assert stop.kind is StopKind.CATCHPOINT
        assert debugger._catcher.device_of(stop.exit) == name  # type: ignore[arg-type]


def test_an_ignore_count_and_a_temporary_point() -> None:
    with machine_of("riscv64", "traps") as machine, Debugger(machine) as debugger:
        point = debugger.break_at("print", temporary=True, ignore=1)
        stop = debugger.go(MOST)
        assert stop.points == (point.number,)
        assert point.hits == 2
        assert not len(debugger.points)
        assert debugger.go(MOST).kind is StopKind.ENDED


def test_a_watchpoint_says_what_was_there_before_and_after() -> None:
    with machine_of("riscv64", "timer-interrupt") as machine, Debugger(machine) as debugger:
        point = debugger.watch("fired")
        assert point.size == 4
        stop = debugger.go(MOST)
        assert stop.kind is StopKind.WATCHPOINT
        assert stop.points == (point.number,)
        assert stop.access is not None
        assert stop.access.write
        assert stop.access.before == bytes(4)
        assert stop.access.after != bytes(4)
        assert debugger.memory.read(point.address, 4) == stop.access.after
        assert "0x0 -> " in stop.text
        debugger.points.clear()
        reading = debugger.watch("fired", access=AccessFlags.READ)
        stop = debugger.go(MOST)
        assert stop.access is not None
        assert not stop.access.write
        assert stop.points == (reading.number,)
        debugger.points.clear()
        assert debugger.go(MOST).kind is StopKind.ENDED


def test_conditions_are_asked_in_the_guest() -> None:
    with machine_of("riscv64", "crash") as machine, Debugger(machine) as debugger:
        point = debugger.break_at("third", "$a0 == 5")
        assert debugger.go(MOST).kind is StopKind.CRASHED
        assert point.hits == 0
        debugger.restart()
        debugger.set_condition(point.number, "$a0 != 5 && $sp > 0x1000")
        assert debugger.go(MOST).points == (point.number,)
        debugger.restart()
        debugger.set_condition(point.number, "*(int *)0x8000000 == 0")
        stop = debugger.go(MOST)
        assert stop.points == (point.number,)
        assert "cannot be evaluated" in stop.notes[0]
        with pytest.raises(ExpressionError):
            debugger.set_condition(point.number, "1 +")


def test_a_catchs_condition_knows_the_event() -> None:
    with machine_of("riscv64", "debuggee") as machine, Debugger(machine) as debugger:
        debugger.catch("mmio-write", "$_value == ':' && $_width == 4")
        stop = debugger.go(MOST)
        assert isinstance(stop.exit, MmioWrite)
        assert (stop.exit.data, stop.notes) == (ord(":"), ())


def test_a_point_may_decide_at_each_hit() -> None:
    with machine_of("riscv64", "debuggee") as machine, Debugger(machine) as debugger:
        seen: list[int] = []

        def decide(point: Point, scope: Scope) -> bool:
            seen.append(int(Expression.parse("i").evaluate(scope)))
            return point.hits == 5

        debugger.break_at("debuggee.c:26").decide = decide
        stop = debugger.go(MOST)
        assert stop.kind is StopKind.BREAKPOINT
        assert seen == [0, 1, 2, 0, 1]


def test_points_that_come_while_the_guest_runs_hold_at_once() -> None:
    with machine_of("riscv64", "spin") as machine, Debugger(machine) as debugger:
        place = debugger.go(1000).pc
        debugger.between = lambda: debugger.points.add(Breakpoint(1, location="here", addresses=(place,)))
        machine.stop()
        assert debugger.go(MOST).points == (1,)


def test_the_call_stack_of_a_crash_leads_to_main() -> None:
    with machine_of("riscv64", "crash") as machine, Debugger(machine) as debugger:
        assert debugger.go(MOST).kind is StopKind.CRASHED
        names = [(frame.symbol or "").partition("+")[0] for frame in debugger.backtrace()]
        assert names[0] == "third"
        assert names[-1] == "_start"
        assert "main" in names
        debugger.frame = 1
        assert debugger.scope().register("pc") == debugger.backtrace()[1].pc
        with pytest.raises(NotPossible, match="counted from 0"):
            debugger.frame = 99
