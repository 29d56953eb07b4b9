"""The device tree that a guest finds, made from the board's description.

It has the nodes of QEMU 7.2's RISC-V `virt` for what we model, with the same names, properties and meaning.
Bindings: Linux, Documentation/devicetree/bindings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import fdt

from emu.board import Board, Slot
from emu.dtb import Span, cells, choose


@dataclass(frozen=True, slots=True)
class _Cpu:
    """What a CPU node says of the engine's default model."""

    isa: str
    mmu: str


@dataclass(frozen=True, slots=True)
class _Binding:
    """The node of a device kind. `causes`: the interrupts of every hart that it drives, as in mcause."""

    node: str
    compatible: tuple[str, ...]
    causes: tuple[int, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


MSI, MTI, SEI, MEI = 3, 7, 9, 11  # interrupts, as in mcause
NO_CAUSE = 0xFFFF_FFFF
"""In place of an interrupt: the device's context is there, with nothing of the guest's at its end. The others keep their
numbers so (Linux: Documentation/devicetree/bindings/interrupt-controller/sifive,plic-1.0.0.yaml)."""
_CPUS = {
    "riscv64": _Cpu("rv64imafdc_zicsr_zifencei", "riscv,sv39"),
    "riscv32": _Cpu("rv32imafdc_zicsr_zifencei", "riscv,sv32"),
}
_BINDINGS = {
    "fw-cfg": _Binding("fw-cfg", ("qemu,fw-cfg-mmio",)),
    "sifive-test": _Binding("test", ("sifive,test1", "sifive,test0", "syscon")),
    "goldfish-rtc": _Binding("rtc", ("google,goldfish-rtc",)),
    "clint": _Binding("clint", ("sifive,clint0", "riscv,clint0"), causes=(MSI, MTI)),
    "plic": _Binding(
        "plic",
        ("sifive,plic-1.0.0", "riscv,plic0"),
        causes=(MEI, SEI),
        numbers=MappingProxyType({"#interrupt-cells": 1, "#address-cells": 0}),
    ),
    "virtio-mmio": _Binding("virtio_mmio", ("virtio,mmio",)),
    "ns16550a": _Binding("serial", ("ns16550a",), numbers=MappingProxyType({"clock-frequency": 3_686_400})),
}
_SEED = blake2b(b"axemu", digest_size=32).digest()
"""What a kernel's random numbers begin with. It is the same for every machine: the same run gives the same numbers, and
they are no secrets."""
_built: deque[tuple[Any, bytes]] = deque(maxlen=4)
"""Trees by what was asked for: suites make machine after machine of one kind, and a tree takes 3 ms."""
_POWER = (("poweroff", 0x5555), ("reboot", 0x7777))  # what to write into sifive,test0


def build(
    board: Board,
    isa: str,
    cpus: int,
    ram: int,
    bootargs: str = "",
    initrd: Span | None = None,
    *,
    supervisor: bool = False,
    extensions: tuple[str, ...] = (),
) -> bytes:
    """The device tree of `board` with `cpus` CPUs of `isa` (riscv64, riscv32) and `ram` bytes of memory.

    `extensions` are those of the ISA that its CPUs have besides what all of them have.

    With `supervisor` it is for a guest that starts in supervisor mode: what only machine mode can use is not in it.
    """
    asked = (board, isa, cpus, ram, bootargs, initrd, supervisor, extensions)
    for question, tree in _built:
        if question == asked:
            return tree
    tree = _build(*asked)
    _built.append((asked, tree))
    return tree


def _build(
    board: Board,
    isa: str,
    cpus: int,
    ram: int,
    bootargs: str,
    initrd: Span | None,
    supervisor: bool,
    extensions: tuple[str, ...],
) -> bytes:
    plic, test = 2 * cpus + 1, 2 * cpus + 2  # phandles; CPU n has 2n+1, and its interrupt controller 2n+2
    root = _node("/", ("riscv-virtio",), {"#address-cells": 2, "#size-cells": 2})
    root.set_property("model", "riscv-virtio,qemu")
    cpu = _CPUS[isa]
    root.append(_cpu_nodes(board, replace(cpu, isa="_".join((cpu.isa, *sorted(extensions)))), cpus))
    memory = fdt.Node(f"memory@{board.ram_base:x}")
    memory.set_property("device_type", "memory")
    memory.set_property("reg", cells(board.ram_base, ram))
    root.append(memory)
    soc = _node("soc", ("simple-bus",), {"#address-cells": 2, "#size-cells": 2})
    soc.set_property("ranges", None)
    root.append(soc)
    chosen = fdt.Node("chosen")
    for slot in board.slots:
        binding = _BINDINGS.get(slot.kind)
        if binding is None or (supervisor and set(binding.causes) == {MSI, MTI}):
            continue
        node = _node(f"{binding.node}@{slot.base:x}", binding.compatible, binding.numbers)
        node.set_property("reg", cells(slot.base, slot.size))
        (root if slot.kind == "fw-cfg" else soc).append(node)
        if binding.causes:
            causes = [NO_CAUSE if supervisor and cause == MEI else cause for cause in binding.causes]
            wires = [word for cpu in range(cpus) for cause in causes for word in (2 * cpu + 2, cause)]
            node.set_property("interrupts-extended", wires)
        if slot.irq is not None:
            node.set_property("interrupts", slot.irq)
            node.set_property("interrupt-parent", plic)
        match slot.kind:
            case "plic":
                node.set_property("interrupt-controller", None)
                node.set_property("riscv,ndev", int(slot.options["sources"]))
                node.set_property("phandle", plic)
            case "sifive-test":
                node.set_property("phandle", test)
                for power in _power_nodes(test):
                    root.append(power)
            case "fw-cfg":
                node.set_property("dma-coherent", None)
            case "ns16550a" if not chosen.exist_property("stdout-path"):
                chosen.set_property("stdout-path", f"/soc/{node.name}")
    flashes = [slot for slot in board.slots if slot.kind == "cfi-flash"]
    if flashes:
        root.append(_flash_node(flashes))
    chosen.set_property("rng-seed", _SEED)
    root.append(chosen)
    choose(chosen, bootargs, initrd)
    tree = fdt.FDT(entries=[])
    tree.root = root
    return bytes(tree.to_dtb(version=17))


def _node(name: str, compatible: tuple[str, ...], numbers: Mapping[str, int]) -> fdt.Node:
    node = fdt.Node(name)
    node.set_property("compatible", list(compatible))
    for key, number in numbers.items():
        node.set_property(key, number)
    return node


def _cpu_nodes(board: Board, cpu: _Cpu, count: int) -> fdt.Node:
    parent = fdt.Node("cpus")
    for key, number in (("#address-cells", 1), ("#size-cells", 0), ("timebase-frequency", board.timebase)):
        parent.set_property(key, number)
    cluster = fdt.Node("cluster0")
    for number in range(count):
        node = _node(f"cpu@{number:x}", ("riscv",), {"reg": number, "phandle": 2 * number + 1})
        for key, text in (
            ("device_type", "cpu"),
            ("status", "okay"),
            ("riscv,isa", cpu.isa),
            ("mmu-type", cpu.mmu),
        ):
            node.set_property(key, text)
        numbers = {"#interrupt-cells": 1, "phandle": 2 * number + 2}
        controller = _node("interrupt-controller", ("riscv,cpu-intc",), numbers)
        controller.set_property("interrupt-controller", None)
        node.append(controller)
        parent.append(node)
        core = fdt.Node(f"core{number}")
        core.set_property("cpu", 2 * number + 1)
        cluster.append(core)
    parent.append(fdt.Node("cpu-map", cluster))
    return parent


def _power_nodes(test: int) -> Iterator[fdt.Node]:
    for name, word in _POWER:
        yield _node(name, (f"syscon-{name}",), {"regmap": test, "offset": 0, "value": word})


def _flash_node(banks: list[Slot]) -> fdt.Node:
    node = _node(f"flash@{banks[0].base:x}", ("cfi-flash",), {"bank-width": 4})
    node.set_property("reg", cells(*(number for bank in banks for number in (bank.base, bank.size))))
    return node
