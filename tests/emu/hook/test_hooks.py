"""Hooks at work: what they see is what ran, to the instruction, and the guest does not notice."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from emu.board import board_for
from emu.config import MachineConfig
from emu.guest import load_guest
from emu.hook.errors import HookError
from emu.hook.instrumentation import Instrumentation
from emu.machine import Machine
from emu.outcome import Ending
from emu.symbols import SymbolKind
from isa.riscv.assembly import assemble64

MOST = 100_000  # instructions: some guests wait for what no test gives them
GUESTS = Path(__file__).resolve().parents[3] / "guests"

EVERYTHING = """
from emu.hook import array, counter, on_block, on_exit, on_insn, on_read, on_write

instructions, blocks, inside = counter("instructions"), counter("blocks"), counter("in blocks")
writes, reads, exits = counter("writes"), counter("reads"), counter("exits")
wrong = counter("where retired was not what it should be")

@on_insn
def instruction(ctx):
    if ctx.retired != instructions.value:
        wrong.add()
    instructions.add()

@on_block
def block(ctx):
    blocks.add()
    inside.add(ctx.count)

@on_write
def write(ctx):
    writes.add()

@on_read
def read(ctx):
    reads.add()

@on_exit
def left(ctx):
    exits.add()
"""


def hooks(folder: Path, text: str) -> Instrumentation:
    path = folder / "hooks.py"
    path.write_text(textwrap.dedent(text))
    return Instrumentation(path)


def machine_of(name: str) -> Machine:
    return Machine(load_guest(GUESTS / name).config())


@pytest.mark.parametrize("guest", ["riscv64/timer-interrupt", "mips/mmio-forms"])
def test_every_instruction_is_seen_once_and_the_guest_does_not_notice(tmp_path: Path, guest: str) -> None:
    with machine_of(guest) as plain:
        expected = plain.run(max_insns=MOST).ending, plain.retired, plain.exits, plain.state_hash()
    with machine_of(guest) as machine:
        seen = hooks(tmp_path, EVERYTHING)
        seen.join(machine)
        assert (
            machine.run(max_insns=MOST).ending,
            machine.retired,
            machine.exits,
            machine.state_hash(),
        ) == expected
        found = seen.results()
        assert found["instructions"].value in (
            machine.retired,
            machine.retired + 1,
        )  # the last has ended the run
        assert found["where retired was not what it should be"].value == 0
        assert 0 < found["blocks"].value <= found["instructions"].value <= found["in blocks"].value
        assert found["writes"].value > 0 and found["reads"].value > 0 and found["exits"].value > 0


def test_an_access_that_is_begun_anew_is_seen_once(tmp_path: Path) -> None:
    """Each of the stores to the UART leaves the guest, and is made again when it is answered."""
    text = """
        from emu.hook import Reason, counter, on_exit, on_insn, ring

        stores = ring("stores", "pc", "address", "value", "retired")
        times = counter("times")

        @on_exit(device="uart")
        def written(ctx):
            if ctx.reason == Reason.WRITE:
                stores.add(ctx.pc, ctx.address, ctx.value, ctx.retired)

        @on_insn
        def again(ctx):
            if ctx.retired == times.value:
                times.add()
    """
    with machine_of("riscv64/hello") as machine:
        found = hooks(tmp_path, text)
        found.join(machine)
        machine.run()
        results = found.results()
        rows = results["stores"].rows()
        data = bytes(value & 0xFF for _, _, value, _ in rows.tolist())
        assert data == machine.console_output and data
        assert sorted(rows["retired"].tolist()) == rows["retired"].tolist()
        assert results["times"].value in (machine.retired, machine.retired + 1)


STORE = """
from emu.hook import on_write, on_read, ring

stores = ring("stores", "address", "size", "value", "pc", "retired")
loads = ring("loads", "address", "size", "value")

@on_write
def written(ctx):
    stores.add(ctx.address, ctx.size, ctx.value, ctx.pc, ctx.retired)

@on_read
def read(ctx):
    loads.add(ctx.address, ctx.size, ctx.value)
"""


def bare(code: str) -> Machine:
    """A RISC-V machine that runs `code` at the begin of its RAM."""
    machine = Machine(MachineConfig(isa="riscv64", board="bare"))
    base = board_for("riscv64", "bare").ram_base
    machine.memory.write(base, assemble64(code, base))
    machine.settle()
    machine.vcpus[0].arch.write_register("pc", base)
    return machine


def test_accesses_are_told_with_their_values_also_across_a_page(tmp_path: Path) -> None:
    code = """
        lui t0, 0x80011
        slli t0, t0, 32
        srli t0, t0, 32
        li t1, 0x1122334455667788
        sd t1, -4(t0)
        sb t1, 64(t0)
        sb t1, -4(t0)
        ld t2, -4(t0)
        lw t3, 64(t0)
    """
    with bare(code) as machine:
        found = hooks(tmp_path, STORE)
        found.join(machine)
        while machine.vcpus[0].arch.read_register("t3") == 0:
            machine.run(max_insns=1)
        results = found.results()
        top = 0x8001_1000
        stores = [tuple(row) for row in results["stores"].rows()[["address", "size", "value"]].tolist()]
        assert stores == [(top - 4, 8, 0x1122_3344_5566_7788), (top + 64, 1, 0x88), (top - 4, 1, 0x88)]
        assert [tuple(row) for row in results["loads"].rows().tolist()] == [
            (top - 4, 8, 0x1122_3344_5566_7788),
            (top + 64, 4, 0x88),
        ]
        pcs = results["stores"].rows()["pc"].tolist()
        assert [pc - pcs[0] for pc in pcs] == [0, 4, 8]


def test_a_stop_is_before_the_instruction(tmp_path: Path) -> None:
    text = """
        from emu.hook import counter, on_insn

        calls = counter("calls")

        @on_insn(at="main")
        def reached(ctx):
            calls.add()
            ctx.stop("main is reached", 7)
    """
    with machine_of("riscv64/workload") as machine:
        main = machine.symbols.address("main")
        hooks(tmp_path, text).join(machine)
        outcome = machine.run()
        assert (outcome.ending, outcome.code, outcome.pc) == (Ending.HOOK, 7, main)
        assert (outcome.text, outcome.exit_code) == ("a hook has stopped it: main is reached", 7)
        before = machine.retired
    with machine_of("riscv64/workload") as machine:
        machine.breakpoints = [main]
        assert (machine.run().pc, machine.retired) == (main, before)


@pytest.mark.parametrize(
    ("decorator", "condition"),
    [
        ("on_block(within='sort')", "hits.value == 3"),
        ("on_write(within='numbers')", "hits.value == 3"),
        ("on_exit", "hits.value == 3"),
    ],
)
def test_other_hooks_stop_a_run_too_and_it_is_the_same_run(
    tmp_path: Path, decorator: str, condition: str
) -> None:
    name = decorator.partition("(")[0]
    text = f"""
        from emu.hook import counter, {name}

        hits, where, retired = counter("hits"), counter("pc"), counter("retired")

        @{decorator}
        def hit(ctx):
            hits.add()
            if {condition}:
                where.add(ctx.pc)
                retired.add(ctx.retired)
                ctx.stop("enough", 0)
    """
    with machine_of("riscv64/workload") as machine:
        found = hooks(tmp_path, text)
        found.join(machine)
        outcome = machine.run()
        assert (outcome.ending, outcome.code) == (Ending.HOOK, 0)
        results = found.results()
        assert (outcome.pc, machine.retired) == (results["pc"].value, results["retired"].value)
        state = machine.state_hash()
    with machine_of("riscv64/workload") as machine:
        machine.run(max_insns=results["retired"].value)
        if name != "on_exit":  # there a device has answered already
            assert machine.state_hash() == state


def test_storage_grows_and_loses_nothing(tmp_path: Path) -> None:
    text = """
        from emu.hook import array, drain, on_insn, ring, table

        kept, taken = ring("kept", "pc", "retired"), ring("taken", "retired")
        by_count, pairs, last = table("by count"), table("pairs", keys=2), array("last", 2)
        sums = []

        @on_insn
        def each(ctx):
            kept.add(ctx.pc, ctx.retired)
            taken.add(ctx.retired)
            by_count[ctx.retired] = ctx.pc
            pairs[last[0] & 15, ctx.pc & 15] += 1
            last[0] = ctx.pc

        @drain(taken)
        def take(rows):
            sums.append(int(rows["retired"].sum()))
    """
    with machine_of("riscv64/workload") as machine:
        found = hooks(tmp_path, text)
        found.join(machine)
        machine.run(max_insns=100_000)
        results = found.results()
        kept = results["kept"].rows()
        assert kept["retired"].tolist() == list(range(100_000))
        assert dict(results["by count"].items()) == dict(
            zip(kept["retired"].tolist(), kept["pc"].tolist(), strict=True)
        )
        sums = found.declared.hooks[0].function.__globals__["sums"]
        assert sum(sums) == sum(range(100_000)) and len(sums) > 3
        assert len(results["taken"]) == 100_000 and len(results["taken"].rows()) == 0
        assert sum(count for _, count in results["pairs"].items()) == 100_000
        assert "ExternalInterrupt" not in machine.exits


def test_registers_and_memory_are_the_guests(tmp_path: Path) -> None:
    text = """
        from emu.hook import array, on_insn

        seen = array("seen", 8)

        @on_insn(at="main")
        def look(ctx):
            seen[0], seen[1], seen[2] = ctx.reg("sp"), ctx.reg("x2"), ctx.reg("zero")
            seen[3], seen[4], seen[5] = ctx.reg("mstatus"), ctx.level, ctx.vcpu
            seen[6], seen[7] = ctx.read_u32(ctx.pc), ctx.read_u8(ctx.pc + 1)
            ctx.stop("seen")
    """
    with machine_of("riscv64/hello") as machine:
        found = hooks(tmp_path, text)
        found.join(machine)
        pc = machine.run().pc
        arch = machine.vcpus[0].arch
        code = machine.memory.read(pc, 4)
        assert found.results()["seen"].result() == [
            arch.read_register("sp"),
            arch.read_register("sp"),
            0,
            arch.read_register("mstatus"),
            3,
            0,
            int.from_bytes(code, "little"),
            code[1],
        ]


def test_several_vcpus_are_told_apart_and_their_turns_stay(tmp_path: Path) -> None:
    text = """
        from emu.hook import array, on_insn

        each = array("each", 8)

        @on_insn
        def count(ctx):
            each[ctx.vcpu] += 1
    """
    with machine_of("riscv64/smp") as plain:
        plain.run(max_insns=300_000)
        state, counts = plain.state_hash(), [vcpu.arch.retired for vcpu in plain.vcpus]
    with machine_of("riscv64/smp") as machine:
        found = hooks(tmp_path, text)
        found.join(machine)
        machine.run(max_insns=300_000)
        assert machine.state_hash() == state
        seen = found.results()["each"].result()[: len(counts)]
        assert (
            all(0 <= more - retired <= 1 for more, retired in zip(seen, counts, strict=True))
            and len(counts) > 1
        )


def test_a_function_of_sparc_is_seen_and_nothing_in_a_delay_slot(tmp_path: Path) -> None:
    with machine_of("sparc/hello") as machine:
        main = machine.symbols.find("main")
        assert main is not None and main.kind is SymbolKind.FUNCTION
        with pytest.raises(HookError, match="on SPARC, on_insn expects at= with names of functions"):
            hooks(tmp_path, "from emu.hook import on_insn\n\n@on_insn\ndef f(ctx):\n    pass\n").join(machine)


def test_a_restored_state_is_seen_again(tmp_path: Path) -> None:
    text = """
        from emu.hook import counter, on_block

        n = counter("instructions")

        @on_block
        def block(ctx):
            n.add(ctx.count)
    """
    with machine_of("riscv64/workload") as machine:
        found = hooks(tmp_path, text)
        found.join(machine)
        state = machine.save()
        machine.run(max_insns=5_000)
        once, after = found.results()["instructions"].value, machine.state_hash()
        machine.restore(state)
        machine.run(max_insns=5_000)
        assert found.results()["instructions"].value == 2 * once and once >= 5_000
        assert machine.state_hash() == after


def test_memory_is_read_through_the_guests_page_tables_and_they_do_not_notice(tmp_path: Path) -> None:
    text = """
        from emu.hook import counter, on_block

        read, same = counter("read"), counter("same")

        @on_block
        def look(ctx):
            read.add()
            if ctx.read_u16(ctx.pc) == ctx.read_u8(ctx.pc) | ctx.read_u8(ctx.pc + 1) << 8:
                same.add()
    """
    with machine_of("riscv64/paging") as plain:
        expected = plain.run().ending, plain.retired, plain.exits, plain.state_hash()
    with machine_of("riscv64/paging") as machine:
        found = hooks(tmp_path, text)
        found.join(machine)
        assert (machine.run().ending, machine.retired, machine.exits, machine.state_hash()) == expected
        results = found.results()
        assert found.failure is None
        assert results["same"].value == results["read"].value > 0
