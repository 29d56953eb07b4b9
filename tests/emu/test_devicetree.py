from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import fdt
import pytest

from emu.board import VIRT_RISCV
from emu.devicetree import build
from emu.dtb import check

MIB = 1 << 20


def words(tree: Any, path: str, name: str) -> list[int]:
    return list(tree.get_property(name, path).data)


def test_the_tree_is_sound_and_says_what_the_board_says() -> None:
    blob = build(VIRT_RISCV, "riscv64", 3, 256 * MIB, "console=ttyS0", (0x8820_0000, 0x8830_0000))
    assert check(Path("own"), blob) == blob
    tree = fdt.parse_dtb(blob)
    assert words(tree, "/memory@80000000", "reg") == [0, 0x8000_0000, 0, 256 * MIB]
    assert words(tree, "/cpus", "timebase-frequency") == [10_000_000]
    assert [node.name for node in tree.get_node("/cpus").nodes] == ["cpu@0", "cpu@1", "cpu@2", "cpu-map"]
    assert tree.get_property("bootargs", "/chosen").value == "console=ttyS0"
    assert tree.get_property("stdout-path", "/chosen").value == "/soc/serial@10000000"
    assert words(tree, "/chosen", "linux,initrd-start") == [0x8820_0000]
    assert words(tree, "/chosen", "linux,initrd-end") == [0x8830_0000]


def test_without_arguments_chosen_names_the_console_and_a_seed() -> None:
    chosen = fdt.parse_dtb(build(VIRT_RISCV, "riscv64", 1, 128 * MIB)).get_node("/chosen")
    assert [each.name for each in chosen.props] == ["stdout-path", "rng-seed"]
    assert 4 * len(chosen.get_property("rng-seed").data) == 32


def test_memory_beyond_four_gigabytes_has_both_cells() -> None:
    tree = fdt.parse_dtb(build(VIRT_RISCV, "riscv64", 1, 5 << 30))
    assert words(tree, "/memory@80000000", "reg") == [0, 0x8000_0000, 1, 0x4000_0000]


def test_the_same_question_gives_the_same_bytes() -> None:
    assert build(VIRT_RISCV, "riscv64", 2, 128 * MIB) == build(VIRT_RISCV, "riscv64", 2, 128 * MIB)


def test_every_interrupt_wire_ends_at_a_controller_of_its_cpu() -> None:
    tree = fdt.parse_dtb(build(VIRT_RISCV, "riscv64", 4, 128 * MIB))
    handles = {words(tree, f"/cpus/cpu@{n}/interrupt-controller", "phandle")[0]: n for n in range(4)}
    assert len(handles) == 4
    for path, causes in (("/soc/plic@c000000", (11, 9)), ("/soc/clint@2000000", (3, 7))):
        wires = words(tree, path, "interrupts-extended")
        pairs = list(zip(wires[::2], wires[1::2], strict=True))
        assert [(handles[handle], cause) for handle, cause in pairs] == [
            (cpu, cause) for cpu in range(4) for cause in causes
        ]


def flatten(tree: Any, *, ignore: dict[str, set[str]]) -> dict[str, dict[str, object]]:
    """path -> property -> value, with every phandle replaced by the path that it names."""
    nodes = [("/", tree.root)]
    for path, node in nodes:
        nodes += ((f"{path.rstrip('/')}/{child.name}", child) for child in node.nodes)
    raw = {path: {each.name: getattr(each, "data", None) for each in node.props} for path, node in nodes}
    paths = {properties["phandle"][0]: path for path, properties in raw.items() if "phandle" in properties}
    found: dict[str, dict[str, object]] = {}
    for path, properties in raw.items():
        found[path] = {}
        for name, value in properties.items():
            if name == "phandle" or name in ignore.get(path.rsplit("@")[0], set()):
                continue
            if name in ("interrupt-parent", "regmap", "cpu"):
                found[path][name] = paths[value[0]]
            elif name == "interrupts-extended":
                found[path][name] = [paths[word] if at % 2 == 0 else word for at, word in enumerate(value)]
            else:
                found[path][name] = value
    return found


@pytest.mark.parametrize(
    ("bits", "cpus", "cpu"), [(64, 1, "sifive-u54"), (64, 4, "sifive-u54"), (32, 2, "sifive-u34")]
)
def test_the_tree_means_what_qemus_means(tmp_path: Path, bits: int, cpus: int, cpu: str) -> None:
    qemu = shutil.which(f"qemu-system-riscv{bits}")
    if qemu is None:
        pytest.skip("QEMU is not installed (package qemu-system-misc)")
    kernel = tmp_path / "kernel"
    kernel.write_bytes(b"\x13\0\0\0")
    dump = tmp_path / "qemu.dtb"
    machine = ["-M", f"virt,dumpdtb={dump}", "-cpu", cpu, "-smp", str(cpus), "-m", "256", "-display", "none"]
    files = ["-bios", "none", "-kernel", str(kernel), "-append", "console=ttyS0 quiet"]
    subprocess.run([qemu, *machine, *files], check=True, capture_output=True, timeout=60)
    # What QEMU says and we do not: a seed that changes with every run, 48-bit paging, and a count of
    # interrupt sources that includes source 0, which does not exist.
    ignore = {"/chosen": {"rng-seed"}, "/cpus/cpu": {"mmu-type"}, "/soc/plic": {"riscv,ndev"}}
    theirs = flatten(fdt.parse_dtb(check(dump, dump.read_bytes())), ignore=ignore)
    isa = f"riscv{bits}"
    ours = flatten(
        fdt.parse_dtb(build(VIRT_RISCV, isa, cpus, 256 * MIB, "console=ttyS0 quiet")), ignore=ignore
    )
    absent = ("/pmu", "/platform-bus", "/soc/pci")
    theirs = {path: value for path, value in theirs.items() if not path.startswith(absent)}
    assert ours.keys() == theirs.keys()
    windows = [[path for path in each if "virtio" in path] for each in (ours, theirs)]
    assert windows[0] == windows[1] and len(windows[0]) == 8  # Linux finds them in this order
    for path, properties in theirs.items():
        assert ours[path] == properties, path
