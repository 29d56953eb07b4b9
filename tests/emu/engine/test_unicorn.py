"""What Unicorn does, as this package relies on it: plain Unicorn, none of our hooks.

A new version of Unicorn that moves one of these fails here first.
"""

from __future__ import annotations

import struct
from typing import Any

import pytest
import unicorn
import unicorn.riscv_const as rc
import unicorn.unicorn_const as uc_const
from unicorn import Uc, UcError

from isa.riscv.assembly import assemble64

CODE, DATA, DEVICE = 0x1_0000, 0x2_0000, 0x4_0000
WFI = "wfi"


class Guest:
    """An engine with a page of code and one of data; `run` until it stops by itself or at `until`."""

    def __init__(self, text: str, arch_mode: int = uc_const.UC_MODE_RISCV64) -> None:
        self.uc = Uc(uc_const.UC_ARCH_RISCV, arch_mode)
        self.code = assemble64(text, CODE)
        self.uc.mem_map(CODE, 0x1000)
        self.uc.mem_map(DATA, 0x1000)
        self.uc.mem_write(CODE, self.code)
        self.blocks: list[int] = []

    def run(self, begin: int = CODE, until: int = CODE + 0xFF0) -> int | None:
        """Unicorn's error number, None where the run ended well."""
        try:
            self.uc.emu_start(begin, until)
        except UcError as error:
            return int(error.errno)
        return None

    def watch_blocks(self) -> None:
        self.uc.hook_add(uc_const.UC_HOOK_BLOCK, lambda uc, at, size, _: self.blocks.append(at))

    def get(self, name: str) -> int:
        return int(self.uc.reg_read(getattr(rc, f"UC_RISCV_REG_{name}")))

    def put(self, name: str, value: int) -> None:
        self.uc.reg_write(getattr(rc, f"UC_RISCV_REG_{name}"), value)

    @property
    def pc(self) -> int:
        return self.get("PC")


def test_it_is_the_version_that_all_this_was_measured_on() -> None:
    assert unicorn.__version__ == "2.1.4"


@pytest.mark.parametrize(
    ("text", "at", "cause"),
    [
        (".word 0xffffffff", 0, 2),
        ("nop\nc.nop\n.half 0", 6, 2),
        ("nop\necall", 4, 8),
        ("csrr a0, 0x7c0", 0, 2),
        ("li a1, 0x20001\namoadd.w a0, a0, (a1)", None, 4),  # an atomic's misalignment is told as a load's
        ("rdtime a0", 0, 2),
    ],
)
def test_an_exception_is_announced_with_the_pc_four_bytes_past_its_instruction(
    text: str, at: int | None, cause: int
) -> None:
    guest = Guest(text)
    seen: list[tuple[int, int]] = []

    def on_exception(uc: Uc, number: int, _: Any) -> None:
        seen.append((number, guest.pc))
        uc.emu_stop()

    guest.uc.hook_add(uc_const.UC_HOOK_INTR, on_exception)
    guest.run()
    at = len(guest.code) - 4 if at is None else at
    assert seen == [(cause, CODE + at + 4)]


@pytest.mark.parametrize("level", [0, 1, 3])
def test_an_ecall_is_cause_8_at_every_level(level: int) -> None:
    guest = Guest("ecall")
    guest.put("PRIV", level)
    seen: list[int] = []
    guest.uc.hook_add(uc_const.UC_HOOK_INTR, lambda uc, number, _: (seen.append(number), uc.emu_stop()))
    guest.run()
    assert seen == [8]


@pytest.mark.parametrize("text", ["nop\nebreak", "nop\nc.ebreak"])
def test_ebreak_is_an_invalid_instruction_with_its_pc(text: str) -> None:
    guest = Guest(text)
    seen: list[int] = []
    interrupts: list[int] = []
    guest.uc.hook_add(uc_const.UC_HOOK_INSN_INVALID, lambda uc, _: bool(seen.append(guest.pc)))
    guest.uc.hook_add(uc_const.UC_HOOK_INTR, lambda uc, number, _: interrupts.append(number))
    assert guest.run() is not None
    assert seen == [CODE + 4]
    assert not interrupts
    assert guest.pc == CODE + 4


def test_a_refused_access_to_a_protected_window_leaves_with_nothing_done() -> None:
    guest = Guest("li a0, 0x40000\naddi a1, a1, 1\nlw a0, 0(a0)\naddi a1, a1, 1\nwfi")
    guest.uc.mmio_map(DEVICE, 0x1000, lambda *_: 7, None, lambda *_: None, None)
    guest.uc.mem_protect(DEVICE, 0x1000, uc_const.UC_PROT_NONE)
    asked: list[tuple[int, int, int]] = []
    answer = [False]

    def gate(uc: Uc, access: int, address: int, size: int, value: int, _: Any) -> bool:
        asked.append((access, address, size))
        return answer[0]

    gates = uc_const.UC_HOOK_MEM_READ_PROT | uc_const.UC_HOOK_MEM_WRITE_PROT
    guest.uc.hook_add(gates, gate, begin=DEVICE, end=DEVICE + 0xFFF)
    assert guest.run() == uc_const.UC_ERR_READ_PROT
    load = CODE + len(guest.code) - 12
    assert (guest.pc, guest.get("A0"), guest.get("A1")) == (load, DEVICE, 1)
    answer[0] = True
    assert guest.run(load) is None
    assert (guest.get("A0"), guest.get("A1")) == (7, 2)
    assert asked == [(uc_const.UC_MEM_READ_PROT, DEVICE, 4)] * 2


def test_an_eight_byte_access_is_one_at_the_gate_and_two_at_the_data_callback() -> None:
    guest = Guest("li a0, 0x40000\nld a1, 0(a0)\nwfi")
    pieces: list[tuple[int, int]] = []
    asked: list[int] = []

    def data(uc: Uc, offset: int, size: int, _: Any) -> int:
        pieces.append((offset, size))
        return len(pieces)

    def gate(uc: Uc, access: int, address: int, size: int, value: int, _: Any) -> bool:
        asked.append(size)
        return True

    guest.uc.mmio_map(DEVICE, 0x1000, data, None, None, None)
    guest.uc.mem_protect(DEVICE, 0x1000, uc_const.UC_PROT_NONE)
    guest.uc.hook_add(uc_const.UC_HOOK_MEM_READ_PROT, gate, begin=DEVICE, end=DEVICE + 0xFFF)
    assert guest.run() is None
    assert asked == [8]
    assert pieces == [(0, 4), (4, 4)]
    assert guest.get("A1") == 2 << 32 | 1


def test_a_gate_sees_only_its_window_and_a_fetch_has_a_kind_of_its_own() -> None:
    guest = Guest("li a0, 0x40000\njr a0")
    guest.uc.mmio_map(DEVICE, 0x1000, lambda *_: 0, None, lambda *_: None, None)
    guest.uc.mem_protect(DEVICE, 0x1000, uc_const.UC_PROT_NONE)
    kinds: list[int] = []
    gates = uc_const.UC_HOOK_MEM_READ_PROT | uc_const.UC_HOOK_MEM_FETCH_PROT
    guest.uc.hook_add(gates, lambda uc, kind, *_: bool(kinds.append(kind)), begin=DEVICE, end=DEVICE + 0xFFF)
    assert guest.run() == uc_const.UC_ERR_FETCH_PROT
    assert kinds == [uc_const.UC_MEM_FETCH_PROT]
    assert guest.pc == DEVICE


def test_the_second_block_after_an_entry_proves_that_the_first_instruction_has_committed() -> None:
    """The first block is the entry's own, also where the instruction is its whole block."""
    guest = Guest("li a0, 0x20000\n1: sw a1, 0(a0)\nj 1b")
    at_block: list[tuple[int, int]] = []

    def on_block(uc: Uc, address: int, size: int, _: Any) -> None:
        at_block.append((address, struct.unpack("<I", uc.mem_read(DATA, 4))[0]))
        if len(at_block) == 3:
            uc.emu_stop()

    guest.uc.hook_add(uc_const.UC_HOOK_BLOCK, on_block)
    guest.put("A1", 5)
    assert guest.run() is None
    assert at_block[0] == (CODE, 0)
    assert at_block[1][1] == 5


def test_a_stop_from_the_block_hook_comes_before_the_block_and_the_block_comes_again() -> None:
    guest = Guest("addi a0, a0, 1\nj 1f\n1: addi a1, a1, 1\nwfi")
    stops = [True]

    def on_block(uc: Uc, address: int, size: int, _: Any) -> None:
        guest.blocks.append(address)
        if address == CODE + 8 and stops:
            stops.clear()
            uc.emu_stop()

    guest.uc.hook_add(uc_const.UC_HOOK_BLOCK, on_block)
    assert guest.run() is None
    assert (guest.pc, guest.get("A0"), guest.get("A1")) == (CODE + 8, 1, 0)
    assert guest.run(guest.pc) is None
    assert guest.get("A1") == 1
    assert guest.blocks == [CODE, CODE + 8, CODE + 8]


def test_every_translated_block_but_the_first_is_announced_with_its_instructions() -> None:
    guest = Guest(
        "nop\nj 1f\n1: c.nop\nnop\nc.addi a0, 1\nc.j 2f\n2: c.nop\ncsrr a1, mstatus\nnop\nj 3f\n3: wfi"
    )
    seen: dict[int, tuple[int, int]] = {}
    guest.uc.hook_add(
        uc_const.UC_HOOK_EDGE_GENERATED,
        lambda uc, tb, previous, _: seen.update({tb.pc: (tb.icount, tb.size)}),
    )
    assert guest.run() is None
    assert seen.pop(CODE + 32, None)
    assert seen == {CODE + 8: (4, 10), CODE + 18: (2, 6), CODE + 24: (2, 8)}


def test_an_illegal_halfword_behind_a_block_is_counted_with_it() -> None:
    """Which is why blocks are counted by their bytes."""
    guest = Guest("j 1f\n1: nop\n.half 0")
    seen: list[tuple[int, int]] = []
    guest.uc.hook_add(
        uc_const.UC_HOOK_EDGE_GENERATED, lambda uc, tb, previous, _: seen.append((tb.icount, tb.size))
    )
    guest.uc.hook_add(uc_const.UC_HOOK_INTR, lambda uc, number, _: uc.emu_stop())
    guest.run()
    assert seen[0] == (2, 4)


def test_wfi_ends_the_run_well_with_the_pc_after_it() -> None:
    guest = Guest("nop\nwfi\naddi a0, a0, 1")
    assert guest.run() is None
    assert (guest.pc, guest.get("A0")) == (CODE + 8, 0)


def test_an_exit_address_stops_before_its_instruction_in_mid_block_and_others_go_on() -> None:
    guest = Guest("addi a0, a0, 1\n" * 6 + "wfi")
    guest.uc.ctl_exits_enabled(True)
    guest.uc.ctl_set_exits([CODE + 12])
    guest.uc.emu_start(CODE, 0)
    assert (guest.pc, guest.get("A0")) == (CODE + 12, 3)
    guest.uc.ctl_set_exits([])
    guest.uc.ctl_remove_cache(CODE + 11, CODE + 14)
    guest.uc.emu_start(CODE + 12, 0)
    assert (guest.pc, guest.get("A0")) == (CODE + 28, 6)


def test_the_engine_counts_the_exit_that_it_put_at_the_end_of_a_block() -> None:
    guest = Guest("j 1f\n1: addi a0, a0, 1\naddi a0, a0, 1\naddi a0, a0, 1\nwfi")
    seen: list[tuple[int, int, int]] = []
    guest.uc.hook_add(
        uc_const.UC_HOOK_EDGE_GENERATED, lambda uc, tb, previous, _: seen.append((tb.pc, tb.icount, tb.size))
    )
    guest.uc.ctl_exits_enabled(True)
    guest.uc.ctl_set_exits([CODE + 12])
    guest.uc.emu_start(CODE, 0)
    assert guest.pc == CODE + 12
    assert seen == [(CODE + 4, 3, 8)]


def test_a_fill_hook_gives_what_the_guest_reads_and_its_refusal_leaves_on_the_instruction() -> None:
    guest = Guest("li a0, 0x600000\nlw a1, 4(a0)\naddi a2, a2, 1\nlw a1, 0x700(a1)\nwfi")
    guest.uc.ctl_set_tlb_mode(uc_const.UC_TLB_VIRTUAL)
    guest.uc.mem_write(DATA + 4, struct.pack("<I", 0x70_0000))
    asked: list[tuple[int, int]] = []

    def fill(uc: Uc, address: int, kind: int, entry: Any, _: Any) -> bool:
        asked.append((address, kind))
        if address == 0x70_0000:
            return False
        entry.paddr = DATA if address == 0x60_0000 else address
        entry.perms = uc_const.UC_PROT_ALL
        return True

    guest.uc.hook_add(uc_const.UC_HOOK_TLB_FILL, fill)
    assert guest.run() == uc_const.UC_ERR_EXCEPTION
    assert guest.pc == CODE + len(guest.code) - 8
    assert (guest.get("A1"), guest.get("A2")) == (0x70_0000, 1)
    assert asked == [
        (CODE, uc_const.UC_MEM_FETCH),
        (0x60_0000, uc_const.UC_MEM_READ),
        (0x70_0000, uc_const.UC_MEM_READ),
    ]


def test_csrs_obey_the_current_privilege_and_do_not_once_it_is_raised() -> None:
    guest = Guest(WFI)
    guest.put("MTVEC", 0x1234)
    guest.put("PRIV", 0)
    assert guest.get("MTVEC") != 0x1234
    guest.put("PRIV", 3)
    assert guest.get("MTVEC") == 0x1234


def test_a_restored_context_is_the_whole_cpu_state() -> None:
    guest = Guest("addi a0, a0, 1\nwfi")
    guest.put("MSTATUS", 0x6000)
    for i in range(1, 32):
        guest.put(f"X{i}", i * 0x0101_0101_0101_0101 & (1 << 63) - 1)
        guest.put(f"F{i}", i * 0x1111_1111 << 8)
    before = guest.uc.context_save()
    first = [guest.get(f"X{i}") for i in range(32)] + [guest.get(f"F{i}") for i in range(32)]
    for i in range(1, 32):
        guest.put(f"X{i}", 1)
        guest.put(f"F{i}", 2)
    guest.put("MTVEC", 0x888)
    guest.uc.context_restore(before)
    assert [guest.get(f"X{i}") for i in range(32)] + [guest.get(f"F{i}") for i in range(32)] == first
    assert guest.get("MTVEC") == 0


def test_a_context_keeps_a_reservation_and_a_write_of_the_privilege_drops_it() -> None:
    text = "li a0, 0x20000\nlr.w a1, (a0)\nnop\nsc.w a2, a1, (a0)\nwfi"
    stop = CODE + len(assemble64(text, CODE)) - 8
    for disturb, failed in ((False, 0), (True, 1)):
        guest = Guest(text)
        guest.run(until=stop)
        assert guest.pc == stop
        if disturb:
            guest.put("PRIV", 1)
            guest.put("PRIV", 3)
        context = guest.uc.context_save()
        guest.uc.context_restore(context)
        guest.run(stop)
        assert guest.get("A2") == failed


def test_the_host_s_writes_leave_translated_code_as_it_was_until_it_is_dropped() -> None:
    guest = Guest("addi a0, a0, 1\nwfi")
    guest.run()
    guest.uc.mem_write(CODE, assemble64("addi a0, a0, 16", CODE))
    guest.run()
    assert guest.get("A0") == 2
    guest.uc.ctl_remove_cache(CODE, CODE + 4)
    guest.run()
    assert guest.get("A0") == 18


def test_the_guest_s_own_writes_drop_translated_code() -> None:
    guest = Guest("addi a0, a0, 1\nsw a1, 0(a2)\nfence.i\nbeqz a3, 1f\nwfi\n1: li a3, 1\nj 2f\n2: jr a2")
    guest.put("A2", CODE)
    guest.put("A1", int.from_bytes(assemble64("addi a0, a0, 16", CODE), "little"))
    assert guest.run() is None
    assert guest.get("A0") == 17


def test_a_vector_that_cannot_be_fetched_makes_no_block_events_but_every_trap_is_told() -> None:
    """A run that only a block hook can stop would never end here."""
    guest = Guest("nop")
    guest.put("SATP", 8 << 60 | DATA >> 12)  # a root of no entries
    guest.put("PRIV", 1)
    guest.watch_blocks()
    traps: list[int] = []

    def on_exception(uc: Uc, number: int, _: Any) -> None:
        traps.append(number)
        guest.put("PC", 0x800)
        if len(traps) == 50:
            uc.emu_stop()

    guest.uc.hook_add(uc_const.UC_HOOK_INTR, on_exception)
    guest.run()
    assert traps == [12] * 50
    assert not guest.blocks
