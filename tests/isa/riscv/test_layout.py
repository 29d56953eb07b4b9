"""The places that calibration finds in the engine's saved state are those that the API and the guest see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import unicorn.riscv_const as rc

from emu.engine.engine import Engine, give, take
from isa import registry
from isa.riscv.layout import Slot


@pytest.fixture(params=["riscv64", "riscv32"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    isa = registry.find(request.param)
    made = take(isa, registry.cpu_model(isa, None))
    yield made
    give(made)


def test_every_slot_lies_inside_the_state_and_none_on_another(engine: Engine) -> None:
    places = [int(place) for place in engine.layout[: len(Slot)]]
    assert all(0 <= place < engine.state_size for place in places)
    assert len(set(places)) == len(Slot)


@pytest.mark.parametrize(
    ("name", "register", "value"),
    [
        ("ra", rc.UC_RISCV_REG_X1, 0x1234_5678),
        ("t6", rc.UC_RISCV_REG_X31, 0x0ABC_DEF0),
        ("ft0", rc.UC_RISCV_REG_F0, 0x1122_3344_5566_7788),
        ("ft11", rc.UC_RISCV_REG_F31, 0x8877_6655_4433_2211),
        ("mtvec", rc.UC_RISCV_REG_MTVEC, 0x8000_0100),
        ("stvec", rc.UC_RISCV_REG_STVEC, 0x8000_0200),
        ("mepc", rc.UC_RISCV_REG_MEPC, 0x8000_0300),
        ("sepc", rc.UC_RISCV_REG_SEPC, 0x8000_0400),
        ("mscratch", rc.UC_RISCV_REG_MSCRATCH, 0x7654_3210),
        ("sscratch", rc.UC_RISCV_REG_SSCRATCH, 0x0123_4567),
        ("mtval", rc.UC_RISCV_REG_MTVAL, 0x55),
        ("stval", rc.UC_RISCV_REG_STVAL, 0x66),
        ("mcause", rc.UC_RISCV_REG_MCAUSE, 7),
        ("scause", rc.UC_RISCV_REG_SCAUSE, 8),
        ("mie", rc.UC_RISCV_REG_MIE, 0xAAA),
        ("medeleg", rc.UC_RISCV_REG_MEDELEG, 0x109),
        ("mideleg", rc.UC_RISCV_REG_MIDELEG, 0x222),
        ("mcounteren", rc.UC_RISCV_REG_MCOUNTEREN, 7),
        ("scounteren", rc.UC_RISCV_REG_SCOUNTEREN, 5),
        ("frm", rc.UC_RISCV_REG_FRM, 3),
    ],
)
def test_a_register_by_name_is_the_api_s_both_ways(
    engine: Engine, name: str, register: int, value: int
) -> None:
    view = engine.registers
    engine.take_state()
    view.put(engine.state, "mstatus", 0x6000)
    engine.put_state()
    engine.write(register, value)
    assert view.get(engine.take_state(), name) == value
    view.put(engine.state, name, 0)
    engine.put_state()
    assert engine.read(register) == 0
    view.put(engine.take_state(), name, value)
    engine.put_state()
    assert engine.read(register) == value


@pytest.mark.parametrize("level", [0, 1, 3])
def test_the_privilege_is_where_it_was_found(engine: Engine, level: int) -> None:
    engine.registers.put(engine.take_state(), "priv", level)
    engine.put_state()
    assert engine.read(rc.UC_RISCV_REG_PRIV) == level


def test_misa_says_what_the_manual_says_of_this_width(engine: Engine) -> None:
    misa = engine.registers.get(engine.take_state(), "misa")
    width = 64 if engine.wide else 32
    assert misa >> width - 2 == {64: 2, 32: 1}[width]
    for letter in "IMAFDCSU":
        assert misa >> ord(letter) - ord("A") & 1, letter


def test_a_fresh_engine_is_as_after_reset(engine: Engine) -> None:
    state = engine.registers.read(engine.pristine())
    assert state["priv"] == 3
    for name in (
        "mstatus",
        "mie",
        "mip",
        "satp",
        "mtvec",
        "medeleg",
        "mscratch",
        "pmpaddr0",
        "pmp0cfg",
        "t0",
        "a0",
    ):
        assert state[name] & ~(0xF << 32) == 0, name  # mstatus has the widths of the lower levels
