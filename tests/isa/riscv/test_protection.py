"""Physical memory protection, as the engine checks it and we put it right [priv 3.7]."""

from __future__ import annotations

from pathlib import Path

import pytest

import isa
from emu.config import MachineConfig
from emu.machine import Machine
from emu.outcome import Outcome
from isa.assembly import assemble

RAM = 0x8000_0000
TO_USER_AND_BACK = """
    li t0, {address}
    csrw pmpaddr0, t0
    li t0, {config}
    csrw pmpcfg0, t0
    la t0, handler
    csrw mtvec, t0
    la t0, user
    csrw mepc, t0
    li t0, 0x1800
    csrc mstatus, t0
    mret
user:
    ecall
handler:
    csrr t0, mcause
    slli t0, t0, 16
    li t1, 0x3333
    or t0, t0, t1
    li t1, 0x100000
    sw t0, 0(t1)
stay:
    j stay
"""
NAPOT_RWX, ECALL_FROM_USER, FETCH_ACCESS = 0x1F, 8, 1


def run(tmp_path: Path, bits: int, address: int, config: int) -> Outcome:
    """Enter user mode under one PMP entry; the guest's exit code is the cause that it came back with."""
    image = tmp_path / "image.bin"
    image.write_bytes(
        assemble(isa.find(f"riscv{bits}"), TO_USER_AND_BACK.format(address=address, config=config), RAM)
    )
    with Machine(MachineConfig(isa=f"riscv{bits}", board="virt", ram=16 << 20)) as machine:
        machine.load(image)
        return machine.run(max_insns=1000)


@pytest.mark.parametrize("ones", [29, 30, 31], ids=["4 GiB", "8 GiB", "16 GiB"])
def test_a_region_of_all_memory_lets_user_mode_run_on_rv32(tmp_path: Path, ones: int) -> None:
    assert run(tmp_path, 32, (1 << ones) - 1, NAPOT_RWX).code == ECALL_FROM_USER


@pytest.mark.parametrize("bits", [32, 64])
def test_a_region_of_the_ram_lets_user_mode_run(tmp_path: Path, bits: int) -> None:
    assert run(tmp_path, bits, (RAM >> 2) | ((1 << 20) - 1 >> 3), NAPOT_RWX).code == ECALL_FROM_USER


@pytest.mark.parametrize("bits", [32, 64])
def test_a_region_elsewhere_does_not(tmp_path: Path, bits: int) -> None:
    assert run(tmp_path, bits, (0x4000_0000 >> 2) | ((1 << 20) - 1 >> 3), NAPOT_RWX).code == FETCH_ACCESS


def test_a_region_of_2_gib_below_the_ram_does_not_on_rv32(tmp_path: Path) -> None:
    assert run(tmp_path, 32, (1 << 28) - 1, NAPOT_RWX).code == FETCH_ACCESS
