"""Names of processes: what the kernel's own description of its structures says, and nothing else."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence

import pytest

from emu.config import MachineConfig
from emu.linux.btf import Types
from emu.linux.processes import Layout, Processes
from emu.machine import Machine

RAM, BTF, ROOT, TASK, LEADER, MEMORY = (
    0x8000_0000 + each for each in (0, 0x8003, 0x1000, 0x2000, 0x3000, 0x4000)
)
POINTER, CHAR, NUMBER = 1, 2, 3
INT, PTR, ARRAY, STRUCT = 1, 2, 3, 4
LEAF = 0xCF  # of a page table: dirty, accessed, executable, writable, readable, valid
Parts = Sequence[tuple[str, int, int]]


def btf(structures: Sequence[tuple[str, Parts]], order: str = "<") -> bytes:
    """Types 1 to 4: a pointer, a char, an int, char[16]; then structures of (name, type, bit)."""
    strings, types = bytearray(b"\0"), bytearray()

    def text(name: str) -> int:
        if not name:
            return 0
        at = strings.find(b"\0" + name.encode() + b"\0") + 1
        if not at:
            at = len(strings)
            strings.extend(name.encode() + b"\0")
        return at

    def put(*words: int) -> None:
        types.extend(struct.pack(f"{order}{len(words)}I", *words))

    put(0, PTR << 24, 0)
    put(text("char"), INT << 24, 1, 8)
    put(text("int"), INT << 24, 4, 32)
    put(0, ARRAY << 24, 0, CHAR, NUMBER, 16)
    for name, parts in structures:
        put(text(name), STRUCT << 24 | len(parts), 0)
        for called, kind, bit in parts:
            put(text(called), kind, bit)
    header = struct.pack(f"{order}HBB5I", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(strings))
    return header + bytes(types) + bytes(strings)


NAMED = ("comm", 4, 8 * 40)
TASKS: Parts = [("mm", POINTER, 8 * 8), ("", 5, 8 * 16), NAMED]
INNER: Parts = [("flags", NUMBER, 0), ("group_leader", POINTER, 8 * 8)]
KERNEL = [("", INNER), ("task_struct", TASKS), ("mm_struct", [("pgd", POINTER, 8 * 24)])]
WITHOUT = [("", INNER), ("task_struct", TASKS[:2]), ("mm_struct", [("pgd", POINTER, 8 * 24)])]
EXPECTED = Layout(memory=8, leader=24, name=40, size=16, table=24)


@pytest.mark.parametrize("order", ["<", ">"])
def test_members_are_found_also_in_structures_without_a_name(order: str) -> None:
    assert Layout.of(Types(btf(KERNEL, order), order)) == EXPECTED


@pytest.mark.parametrize(
    "kernel",
    [
        WITHOUT,
        KERNEL[:2],
        [*KERNEL, ("task_struct", TASKS)],
        [*KERNEL[:1], ("task_struct", [*TASKS[:2], ("comm", CHAR, 8 * 40)]), *KERNEL[2:]],
        [*KERNEL[:1], ("task_struct", [*TASKS[:2], ("comm", 4, 3)]), *KERNEL[2:]],
    ],
    ids=["no name", "no memory", "two of them", "no array", "a bit field"],
)
def test_a_layout_that_is_not_known_is_none(kernel: Sequence[tuple[str, Parts]]) -> None:
    assert Layout.of(Types(btf(kernel), "<")) is None


def test_what_is_no_btf_is_refused() -> None:
    whole = btf(KERNEL)
    for data in (
        b"",
        whole[:20],
        whole[:60],
        whole[:-1],
        b"\0" + whole[1:],
        whole.replace(b"\3\0\0\4", b"\3\0\0\x1f"),
    ):
        with pytest.raises(ValueError, match="BTF"):
            Types(data, "<")


@pytest.fixture
def machine() -> Iterator[Machine]:
    """In its program, by a page table that maps everything where it is; its task is called `init`."""
    with Machine(MachineConfig(board="bare", isa="riscv64", ram=1 << 20)) as made:
        memory = made.memory
        memory.write(ROOT + 8 * (RAM >> 30), ((RAM >> 12) << 10 | LEAF).to_bytes(8, "little"))
        memory.write(BTF, btf(KERNEL))
        memory.write(TASK, struct.pack("<QQQQQ16s", 0, MEMORY, 0, LEADER, 0, b"thread"))
        memory.write(LEADER, struct.pack("<QQQQQ16s", 0, MEMORY, 0, LEADER, 0, b"init"))
        memory.write(MEMORY, struct.pack("<4Q", 0, 0, 0, ROOT))
        made.settle()
        stand(made, privilege=0)
        yield made


def stand(machine: Machine, privilege: int, root: int = ROOT, task: int = TASK) -> None:
    arch = machine.vcpus[0].arch
    arch.write_register("satp", 8 << 60 | root >> 12)
    arch.write_register("x4", task if privilege else 0x1234)
    arch.write_register("sscratch", 0 if privilege else task)
    arch.write_register("priv", privilege)


def looked(processes: Processes) -> str | None:
    assert processes.look is not None
    processes.look()
    return processes.now(ROOT | 1)


def test_a_process_has_the_name_of_its_first_thread(machine: Machine) -> None:
    processes = Processes(machine)
    assert processes.names(ROOT | 1) is None
    assert looked(processes) == "init"
    machine.memory.write(LEADER + 40, b"sh\0")
    stand(machine, privilege=1)
    assert looked(processes) == "sh"
    assert processes.names(ROOT | 1) == "init, sh"


def change(machine: Machine, address: int, data: bytes) -> None:
    machine.memory.write(address, data)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda machine: stand(machine, privilege=3),
        lambda machine: stand(machine, privilege=0, task=0),
        lambda machine: change(machine, MEMORY + 24, (ROOT + 0x1000).to_bytes(8, "little")),
        lambda machine: change(machine, TASK + 8, bytes(8)),
        lambda machine: change(machine, LEADER + 40, b"\x01\x02\x03\0"),
        lambda machine: change(machine, LEADER + 40, b"x" * 16),
        lambda machine: change(machine, BTF, btf(WITHOUT)),
        lambda machine: change(machine, BTF, bytes(24)),
    ],
    ids=[
        "firmware", "no task", "another page table", "a kernel thread", "no text", "no end", "no such member", "no BTF",
    ],
)  # fmt: skip
def test_what_does_not_fit_together_gives_no_name(machine: Machine, spoil: Callable[[Machine], None]) -> None:
    spoil(machine)
    processes = Processes(machine)
    assert looked(processes) is None
    assert processes.names(ROOT | 1) is None


def test_a_name_that_is_not_known_any_more_is_not_shown(machine: Machine) -> None:
    processes = Processes(machine)
    assert looked(processes) == "init"
    machine.memory.write(LEADER + 40, bytes(16))
    assert looked(processes) is None
    assert processes.names(ROOT | 1) == "init"


def test_other_instruction_sets_have_no_names() -> None:
    with Machine(MachineConfig(board="bare", isa="aarch64")) as machine:
        assert Processes(machine).look is None
