"""Device windows: every form of access leaves before it has done anything, completes by its answer, and does what a
device answered inside Unicorn's callback would have made it do.
"""

from __future__ import annotations

from typing import Any

import pytest
import unicorn.riscv_const as rc
import unicorn.unicorn_const as uc_const
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unicorn import Uc

from axvcpu.exits import Halt, MmioRead, MmioWrite
from isa.riscv.assembly import assemble32, assemble64

RAM, SIZE, DEVICE = 0x8000_0000, 0x2_0000, 0x1000_0000
START = {"a1": 0x8877_6655_4433_2211, "a2": 5, "a3": 0x1_0000_0002, "fa1": 0x4008_0000_3FC0_0000}
REGISTERS = [f"x{i}" for i in range(1, 32)] + [f"f{i}" for i in range(32)]

LOADS = ("lb", "lbu", "lh", "lhu", "lw", "lwu", "ld")
STORES = ("sb", "sh", "sw", "sd")
WIDTHS = {"b": 1, "h": 2, "w": 4, "d": 8}
AMO = ("amoswap", "amoadd", "amoxor", "amoand", "amoor", "amomin", "amomax", "amominu", "amomaxu")
ONLY_64 = ("lwu", "ld", "sd", "c.ld", "c.sd", "c.ldsp", "c.sdsp")
ONLY_32 = ("c.flw", "c.fsw", "c.flwsp", "c.fswsp")


def _forms() -> list[str]:
    forms = [f"{load} t0, 8(a0)" for load in LOADS] + [f"{load} a0, 8(a0)" for load in LOADS]
    forms += [f"{store} a1, 8(a0)" for store in STORES] + ["sd a0, 16(a0)", "sw a0, -8(a4)"]
    forms += ["lw zero, 4(a0)", "sw zero, 4(a0)", "ld zero, 8(a0)"]
    forms += [f"{op} fa0, 16(a0)" for op in ("flw", "fld")] + [f"{op} fa1, 16(a0)" for op in ("fsw", "fsd")]
    forms += [f"c.{op} a2, 8(a0)" for op in ("lw", "ld", "sw", "sd")] + ["c.lw a0, 4(a0)", "c.ld a0, 8(a0)"]
    forms += [f"c.{op} fa1, 8(a0)" for op in ("fld", "fsd", "flw", "fsw")]
    forms += [f"c.{op} a2, 16(sp)" for op in ("lwsp", "ldsp", "swsp", "sdsp")]
    forms += [f"c.{op} fa1, 16(sp)" for op in ("fldsp", "fsdsp", "flwsp", "fswsp")]
    forms += [f"{op}.{width} a5, a2, (a0)" for op in AMO for width in "wd"]
    forms += ["amoadd.w a0, a2, (a0)", "amoswap.w a0, a0, (a0)", "amoadd.w zero, a2, (a0)"]
    forms += ["amoadd.w.aqrl a5, a2, (a0)"]
    forms += [f"lr.{width} a5, (a0)\nsc.{width} a6, a2, (a0)" for width in "wd"]
    forms += ["sc.w a6, a2, (a0)", "lr.w a5, (a0)\naddi a0, a0, 8\nsc.w a6, a2, (a0)", "lr.w a0, (a0)"]
    forms += [f"{load} t0, {offset}(a0)" for load in ("lh", "lw", "ld") for offset in (1, 2, 3, 5, 7)]
    forms += [f"{store} a1, {offset}(a0)" for store in ("sh", "sw", "sd") for offset in (1, 2, 3, 5, 7)]
    forms += ["flw fa0, 2(a0)", "fld fa0, 3(a0)", "fsd fa1, 6(a0)"]
    forms += [f"lw t0, {offset}(a7)" for offset in (-1, -2, -3)] + [
        f"sw a1, {offset}(a7)" for offset in (-1, -2, -3)
    ]
    forms += [f"ld t0, {offset}(a7)" for offset in (-1, -4, -7)] + [
        f"sd a1, {offset}(a7)" for offset in (-1, -4, -7)
    ]
    forms += ["sw a1, 0(a0)\nlw t0, 0(a0)\nsb a2, 1(a0)\nlh t1, 0(a0)"]
    return forms


def _fits(form: str, bits: int) -> bool:
    names = [line.split()[0] for line in form.splitlines()]
    if bits == 32:
        return not any(name in ONLY_64 or name.endswith(".d") for name in names)
    return not any(name in ONLY_32 for name in names)


FORMS = [
    (isa, form) for isa, bits in (("riscv64", 64), ("riscv32", 32)) for form in _forms() if _fits(form, bits)
]


def _program(form: str) -> str:
    return f"{form}\nwfi"


def _prepare(put: Any, bits: int) -> None:
    mask = (1 << bits) - 1
    for name, value in START.items():
        put(name, value if name.startswith("f") else value & mask)
    for name, value in (("a0", DEVICE), ("sp", DEVICE), ("a4", DEVICE + 0x40), ("a7", DEVICE + 0x1000)):
        put(name, value)


def _by_callbacks(form: str, isa: str, device: Any) -> dict[str, int]:
    """The reference: plain Unicorn, the device answers in its callback."""
    bits = 64 if isa == "riscv64" else 32
    mode = uc_const.UC_MODE_RISCV64 if bits == 64 else uc_const.UC_MODE_RISCV32
    uc = Uc(uc_const.UC_ARCH_RISCV, mode)
    uc.mem_map(RAM, SIZE)
    uc.mem_write(RAM, (assemble64 if bits == 64 else assemble32)(_program(form), RAM))
    uc.mmio_map(
        DEVICE,
        0x2000,
        lambda uc, offset, width, _: device.read(offset, width),
        None,
        lambda uc, offset, width, value, _: device.write(offset, width, value & (1 << 8 * width) - 1),
        None,
    )
    uc.reg_write(rc.UC_RISCV_REG_MSTATUS, 0x6000)
    _prepare(lambda name, value: uc.reg_write(getattr(rc, f"UC_RISCV_REG_{name.upper()}"), value), bits)
    uc.emu_start(RAM, RAM + 0xFF0)
    return {name: uc.reg_read(getattr(rc, f"UC_RISCV_REG_{name.upper()}")) for name in [*REGISTERS, "pc"]}


def _by_exits(processor: Any, form: str, isa: str) -> Any:
    cpu = processor(_program(form), isa=isa)
    cpu["mstatus"] = 0x6000
    _prepare(cpu.__setitem__, cpu.isa.bits)
    return cpu


@pytest.mark.parametrize(("isa", "form"), FORMS, ids=lambda value: value.replace("\n", "; "))
def test_an_access_does_what_a_synchronous_device_makes_it_do(
    isa: str, form: str, processor: Any, plain_bytes: Any
) -> None:
    device = plain_bytes()
    wanted = _by_callbacks(form, isa, device)
    cpu = _by_exits(processor, form, isa)
    assert cpu.run() == Halt()
    assert {name: cpu[name] for name in [*REGISTERS, "pc"]} == wanted
    assert cpu.device.bytes == device.bytes
    assert cpu.arch.retired == form.count("\n") + 2
    aligned = (
        all(offset % WIDTHS.get(form.split(maxsplit=1)[0][-1], 1) == 0 for offset in (8, 16))
        and "(a7)" not in form
    )
    if aligned and not any(f", {odd}(" in form for odd in (1, 2, 3, 5, 6, 7)):
        assert cpu.device.log == device.log


@pytest.mark.parametrize(("isa", "form"), FORMS, ids=lambda value: value.replace("\n", "; "))
def test_the_exit_stands_on_the_instruction_and_no_register_has_changed(
    isa: str, form: str, processor: Any
) -> None:
    cpu = _by_exits(processor, form, isa)
    before = {name: cpu[name] for name in REGISTERS}
    exit = cpu.vcpu.run()
    if form.startswith("sc."):  # without a reservation it touches nothing
        assert exit == Halt()
        return
    assert isinstance(exit, MmioRead | MmioWrite)
    assert {name: cpu[name] for name in REGISTERS} == before
    assert cpu.arch.pc == RAM
    assert cpu.arch.retired == 0
    again = cpu.vcpu.run()
    assert again == exit, "an exit that nobody answers comes again"


def test_an_access_is_told_with_its_whole_width_and_data(processor: Any) -> None:
    cpu = processor("sd a1, 8(a0)\nsw a1, 1(a0)\nsb a1, 3(a0)\nlhu t0, 6(a0)\nwfi")
    cpu["a0"], cpu["a1"] = DEVICE, 0x8877_6655_4433_2211
    cpu.run()
    assert cpu.exits == [
        MmioWrite(DEVICE + 8, 8, 0x8877_6655_4433_2211, 0),
        MmioWrite(DEVICE + 1, 4, 0x4433_2211, 0),
        MmioWrite(DEVICE + 3, 1, 0x11, 0),
        MmioRead(DEVICE + 6, 2, 0),
        Halt(),
    ]


def test_a_loop_over_a_fifo_asks_once_a_turn(processor: Any) -> None:
    """What would ask twice, or once too few: "the pc moved" or "another address" as the end of a latch."""
    cpu = processor(
        "li a1, 6\n1: lw a2, 0(a0)\nslli a3, a3, 4\nadd a3, a3, a2\naddi a1, a1, -1\nbnez a1, 1b\nwfi"
    )
    cpu["a0"] = DEVICE
    answers = iter(range(1, 10))
    cpu.device.read = lambda offset, width: next(answers)
    cpu.run()
    assert cpu["a3"] == 0x123456
    assert next(answers) == 7


def test_a_polling_loop_of_one_block_that_is_its_own_access_goes_on_asking(processor: Any) -> None:
    cpu = processor("1: lw a2, 0(a0)\nbeqz a2, 1b\nwfi")
    cpu["a0"] = DEVICE
    answers = iter([0, 0, 0, 0, 9])
    cpu.device.read = lambda offset, width: next(answers)
    assert cpu.run() == Halt()
    assert cpu["a2"] == 9
    assert cpu.arch.retired == 5 * 2 + 1


def test_a_fetch_from_a_device_is_the_guest_s_access_fault(processor: Any) -> None:
    cpu = processor(
        "la t0, 1f\ncsrw mtvec, t0\nli a0, 0x10000004\njr a0\n.align 2\n1: csrr a1, mcause\ncsrr a2, mtval\nwfi"
    )
    assert cpu.run() == Halt()
    assert (cpu["a1"], cpu["a2"], cpu["mepc"]) == (1, DEVICE + 4, DEVICE + 4)


OPERATIONS = st.sampled_from([form for isa, form in FORMS if isa == "riscv64" and "(a7)" not in form])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(OPERATIONS, min_size=2, max_size=6))
def test_any_sequence_of_accesses_does_what_a_synchronous_device_makes_it_do(
    processor: Any, plain_bytes: Any, sequence: list[str]
) -> None:
    text = "\n".join(
        f"{form}\nli a0, {DEVICE}\nadd s2, s2, t0\nxor s3, s3, a5\nadd s4, s4, a2" for form in sequence
    )
    device = plain_bytes()
    wanted = _by_callbacks(text, "riscv64", device)
    cpu = _by_exits(processor, text, "riscv64")
    assert cpu.run() == Halt()
    assert {name: cpu[name] for name in [*REGISTERS, "pc"]} == wanted
    assert cpu.device.bytes == device.bytes
