"""Registers that native code answers do what the device's own read and write would, and keep their order."""

from __future__ import annotations

from typing import Any

import pytest

from axvcpu.control import Kind
from emu.device import Action, NativeRegister
from emu.native_rows import bind_rows
from isa.riscv.assembly import assemble64


class Device:
    name, size = "device", 0x100

    def __init__(self, *native: NativeRegister) -> None:
        self.native = native


def test_a_row_stands_for_its_register_s_bytes_and_shares_its_words() -> None:
    latch = NativeRegister(Action.LATCH, 4, 4)
    ring = NativeRegister(Action.RING, 0, 4, enabled=False)
    latch.value = 7
    table = bind_rows([(0x1000, 0x100, Device(latch, ring))])  # type: ignore[list-item]
    rows = {int(row["kind"]): row for row in table}
    assert (int(rows[Kind.MMIO_READ]["lo"]), int(rows[Kind.MMIO_READ]["hi"])) == (0x1004, 0x1007)
    assert (int(rows[Kind.MMIO_READ]["enabled"]), int(rows[Kind.MMIO_READ]["value"])) == (1, 7)
    latch.value, latch.enabled, ring.enabled = 9, False, True
    rows = {int(row["kind"]): row for row in table}
    assert (int(rows[Kind.MMIO_READ]["enabled"]), int(rows[Kind.MMIO_READ]["value"])) == (0, 9)
    assert int(rows[Kind.MMIO_WRITE]["enabled"]) == 1


def test_a_register_that_asks_for_python_gets_no_row() -> None:
    assert len(bind_rows([(0x1000, 0x100, Device(NativeRegister(Action.RETURN, 0, 4)))])) == 0  # type: ignore[list-item]


@pytest.mark.parametrize("board", ["bare", "virt"])
@pytest.mark.parametrize("width", ["lb", "lbu", "lh", "lhu", "lw", "lwu", "ld"])
def test_a_native_read_is_python_s_read(assembled: Any, board: str, width: str) -> None:
    """Every offset of every device's native registers, by the guest with native code on and off."""
    seen = []
    for native in (True, False):
        machine = assembled("nop", board=board)
        loads = []
        for base, _, device in machine.windows:
            for register in getattr(device, "native", ()):
                if register.action is Action.LATCH:
                    loads += [base + register.offset + i for i in range(0, register.size, 8)]
                register.enabled = register.enabled and native
        text = (
            "".join(f"li s0, {at}\n{width} a0, 0(s0)\nadd s1, s1, a0\nslli s1, s1, 1\n" for at in loads)
            + "wfi"
        )
        machine.memory.write(0x8000_0000, assemble64(text, 0x8000_0000))
        machine.run(timeout=30)
        seen.append((machine.retired, machine.vcpus[0].read_register("s1")))
    assert seen[0] == seen[1]


def test_queued_writes_come_before_anything_else_a_device_is_asked(assembled: Any) -> None:
    """The order across devices is kept, also where only some of the writes are queued."""
    machine = assembled(
        "li s0, 0x10000000\nli s1, 0x10030000\nli a0, 65\nsw a0, 0(s0)\naddi a0, a0, 1\nsw a0, 0(s0)\n"
        "sw a0, 0(s1)\naddi a0, a0, 1\nsw a0, 0(s0)\nlw a1, 0(s1)\nli t6, 0x10010000\nsw zero, 0(t6)"
    )
    calls: list[tuple[str, str, int]] = []
    for device in machine.devices.values():
        for method in ("read", "write"):
            real = getattr(device, method)

            def noted(
                offset: int, *rest: int, device: Any = device, method: str = method, real: Any = real
            ) -> Any:
                calls.append((device.name, method, offset))
                return real(offset, *rest)

            try:
                setattr(device, method, noted)
            except AttributeError:
                pytest.skip("devices have slots")
    machine.run(timeout=30)
    assert calls == [
        ("uart", "write", 0),
        ("uart", "write", 0),
        ("latch", "write", 0),
        ("uart", "write", 0),
        ("latch", "read", 0),
        ("power", "write", 0),
    ]
    assert machine.console_output == b"ABC"
