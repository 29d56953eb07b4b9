from __future__ import annotations

import gzip
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fdt
import pytest

from emu.board import BARE, VIRT_RISCV
from emu.boot import BootPlan, memory_ranges, plan
from emu.bootfiles import Blob, BootFiles, read_files
from emu.config import BUILT_IN, Drive, FirmwareItem, LoaderRequest, MachineConfig
from emu.devicetree import build
from emu.errors import ConfigError, EmuError, LoadError
from emu.loaders.image import Image, Segment
from emu.loaders.linux import riscv
from emu.symbols import Symbol, SymbolTable
from isa.registry import find

MIB = 1 << 20
RAM = 0x8000_0000


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., Path]:
    """Make a file of that name and size, and return its path."""

    def make(name: str, size: int = 0x1000) -> Path:
        path = tmp_path / name
        with path.open("wb") as file:
            file.write(b"\x13\0\0\0")
            file.truncate(size)
        return path

    return make


def planned(config: MachineConfig, board: object = VIRT_RISCV) -> BootPlan:
    return plan(config, board, read_files(config), find(config.isa))  # type: ignore[arg-type]


def places(made: BootPlan) -> dict[str, int]:
    return {write.name: write.address for write in made.writes}


def rom(made: BootPlan, bits: int = 64) -> tuple[int, int, int]:
    """(start, device tree, what follows) as the ROM hands them on."""
    data = next(write.data for write in made.writes if write.name == "reset ROM")
    following = struct.unpack_from("<Q" if bits == 64 else "<I", data, 0x28 + 2 * bits // 8)[0]
    return (*struct.unpack_from("<QQ", data, 0x18), following)


def elf(address: int = RAM, *, entry: int | None = None, size: int = 0x100, name: str = "main") -> Image:
    table = SymbolTable([Symbol(name, address, size)])
    start = address if entry is None else entry
    return Image(Path("guest.elf"), "ELF", "riscv64", start, (Segment(address, b"\x13", size - 1),), table)


def test_firmware_kernel_initrd_and_tree_lie_where_qemu_has_them(files: Callable[..., Path]) -> None:
    config = MachineConfig(
        bios=str(files("fw.bin", 0x1C280)),
        kernel=files("u-boot.bin"),
        initrd=files("initrd"),
        append="quiet",
        ram=512 * MIB,
    )
    made = planned(config)
    assert places(made) == {
        "firmware fw.bin": RAM,
        "kernel u-boot.bin": 0x8020_0000,
        "initrd": 0x8820_0000,
        "device tree": 0x9FE0_0000,
        "reset ROM": 0x1000,
    }
    assert made.pc == 0x1000
    assert made.registers == ((),)
    assert made.device_tree == 0x9FE0_0000
    assert rom(made) == (RAM, 0x9FE0_0000, 0x8020_0000)
    tree = fdt.parse_dtb(next(write.data for write in made.writes if write.name == "device tree"))
    assert tree.get_property("bootargs", "/chosen").value == "quiet"
    assert tree.get_property("linux,initrd-start", "/chosen").data == [0x8820_0000]
    assert tree.get_property("linux,initrd-end", "/chosen").data == [0x8820_1000]


def test_the_kernel_follows_the_firmware_at_the_next_large_page(files: Callable[..., Path]) -> None:
    small, large = str(files("fw", 0x1000)), str(files("big", 3_000_000))
    for isa, bios, address in (
        ("riscv64", small, 0x8020_0000),
        ("riscv64", large, 0x8040_0000),
        ("riscv32", small, 0x8040_0000),
        ("riscv64", "none", RAM),
        ("riscv32", "none", RAM),
    ):
        made = planned(MachineConfig(isa=isa, bios=bios, kernel=files("k")))
        assert places(made)["kernel k"] == address


@pytest.mark.parametrize(
    ("ram", "tree"),
    [(1, 0), (2, 0), (3, 2), (16, 14), (128, 126), (1024, 1022), (1025, 1022), (4096, 1022), (8192, 1022)],
)
def test_the_tree_lies_below_the_end_of_memory_and_of_three_gigabytes(
    files: Callable[..., Path], ram: int, tree: int
) -> None:
    config = MachineConfig(
        bios="none", loaders=(LoaderRequest(files("x", 16), RAM + 0x8_0000),), ram=ram * MIB
    )
    assert planned(config).device_tree == RAM + tree * MIB


@pytest.mark.parametrize(("ram", "distance"), [(64, 32), (128, 64), (256, 128), (4096, 128)])
def test_the_initrd_lies_half_of_memory_or_128_mib_behind_the_kernel(
    files: Callable[..., Path], ram: int, distance: int
) -> None:
    config = MachineConfig(kernel=files("k"), initrd=files("i"), ram=ram * MIB)
    assert places(planned(config))["initrd"] == RAM + distance * MIB


def test_a_kernel_without_firmware_is_entered_directly_in_machine_mode() -> None:
    config = MachineConfig(kernel=Path("guest.elf"), smp=3)
    made = plan(config, VIRT_RISCV, BootFiles(kernel=elf(entry=RAM + 0x40)), find("riscv64"))
    assert made.pc == RAM + 0x40
    tree = made.device_tree
    assert made.registers == tuple((("a0", hart), ("a1", tree)) for hart in range(3))
    assert rom(made) == (RAM + 0x40, tree, RAM + 0x40)
    assert made.symbols.name(made.pc) == "main+0x40"
    assert any("starts at 0x80000040 (main+0x40)" in note for note in made.notes)


def test_zeros_behind_a_segment_are_written_but_not_held() -> None:
    made = plan(MachineConfig(), VIRT_RISCV, BootFiles(kernel=elf(size=64 * MIB)), find("riscv64"))
    write = made.writes[0]
    assert (len(write.data), write.zeros) == (1, 64 * MIB - 1)


def test_bare_starts_at_the_entry_with_the_cpu_number(files: Callable[..., Path]) -> None:
    made = plan(MachineConfig(smp=2), BARE, BootFiles(kernel=elf(0x100, entry=0x104)), find("riscv64"))
    assert made.pc == 0x104
    assert made.registers == ((("a0", 0), ("a1", 0)), (("a0", 1), ("a1", 0)))
    assert made.device_tree is None
    raw = planned(MachineConfig(kernel=files("raw.bin")), BARE)
    assert (raw.pc, places(raw)) == (0, {"program raw.bin": 0})
    based = planned(MachineConfig(kernel=files("raw.bin"), base=0x4000), BARE)
    assert (based.pc, places(based)) == (0x4000, {"program raw.bin": 0x4000})


def test_an_alias_of_memory_is_memory_once() -> None:
    board = replace(BARE, ram_alias=RAM)
    assert [(each.base, each.home) for each in memory_ranges(board, MIB)] == [(0, None), (RAM, 0)]
    files = BootFiles(kernel=elf(RAM), loaders=(elf(0x1000),))
    assert plan(MachineConfig(), board, files, find("riscv64")).pc == RAM
    with pytest.raises(LoadError, match="overlapping"):
        plan(MachineConfig(), board, BootFiles(kernel=elf(RAM), loaders=(elf(0x80),)), find("riscv64"))


def test_without_a_kernel_the_first_loaded_program_is_entered(files: Callable[..., Path]) -> None:
    made = plan(MachineConfig(), VIRT_RISCV, BootFiles(loaders=(elf(RAM + MIB),)), find("riscv64"))
    assert made.pc == 0x1000
    assert rom(made)[0] == RAM + MIB
    data = planned(MachineConfig(loaders=(LoaderRequest(files("data"), RAM + MIB),)))
    assert rom(data)[0] == RAM
    assert places(data)["loader data"] == RAM + MIB


def test_flash_is_where_the_machine_starts_and_what_follows_firmware(files: Callable[..., Path]) -> None:
    code = Drive("pflash", 0, files("code"))
    assert rom(planned(MachineConfig(drives=(code,))))[0] == 0x2000_0000
    both = MachineConfig(drives=(code,), kernel=files("k"))
    assert rom(planned(both))[0::2] == (0x2000_0000, RAM)
    assert planned(both).pc == 0x1000
    second = replace(code, unit=1)
    config = MachineConfig(bios=str(files("fw")), drives=(second,))
    assert rom(planned(config))[0::2] == (RAM, 0x2200_0000)
    with pytest.raises(ConfigError, match="unit 0, 1, got unit 2"):
        planned(replace(config, drives=(replace(code, unit=2),)))


def test_a_program_in_the_second_flash_finds_the_kernel_in_fw_cfg(files: Callable[..., Path]) -> None:
    config = MachineConfig(
        bios=str(files("fw")),
        kernel=files("k", 0x1001),
        initrd=files("i", 0x2002),
        append="quiet",
        drives=(Drive("pflash", 1, files("code")),),
    )
    made = planned(config)
    assert rom(made)[0::2] == (RAM, 0x2200_0000)
    assert not {"kernel k", "initrd"} & places(made).keys()
    items = made.firmware_items
    assert {number: int.from_bytes(items[number], "little") for number in (0x08, 0x0B, 0x14)} == {
        0x08: 0x1001,
        0x0B: 0x2002,
        0x14: len("quiet") + 1,
    }
    assert (items[0x11], items[0x15]) == (files("k", 0x1001).read_bytes(), b"quiet\0")
    assert len(items[0x12]) == 0x2002
    assert planned(replace(config, drives=())).firmware_items == {}
    packed = files("k.gz")
    packed.write_bytes(gzip.compress(files("k", 0x1001).read_bytes()))
    assert planned(replace(config, kernel=packed)).firmware_items[0x11] == items[0x11]


def test_a_linux_image_without_firmware_is_warned_about() -> None:
    header = struct.pack(
        "<8sQQQIIQ8s4sI", b"MZ\0\0", 2 * MIB, 8 * MIB, 0, 2, 0, 0, b"RISCV\0\0\0", b"RSC\x05", 0
    )
    kernel = riscv(Path("Image"), header)
    isa = find("riscv64")
    alone = plan(MachineConfig(kernel=Path("Image")), VIRT_RISCV, BootFiles(kernel=kernel), isa)
    assert "-bios" in alone.warnings[0]
    below = plan(MachineConfig(), VIRT_RISCV, BootFiles(bios=elf(), kernel=kernel), isa)
    assert below.warnings == ()
    assert places(below)["kernel Image"] == 0x8020_0000


def test_more_arguments_than_linux_takes_are_warned_about() -> None:
    header = struct.pack("<8sQQQIIQ8s4sI", b"", 2 * MIB, 8 * MIB, 0, 2, 0, 0, b"RISCV\0\0\0", b"RSC\x05", 0)
    files, isa = BootFiles(bios=elf(), kernel=riscv(Path("Image"), header)), find("riscv64")
    for size, warnings in ((1023, 0), (1024, 1)):
        config = MachineConfig(kernel=Path("Image"), append="x" * size)
        assert len(plan(config, VIRT_RISCV, files, isa).warnings) == warnings
    with pytest.raises(ConfigError, match="without zero bytes"):
        plan(MachineConfig(kernel=Path("Image"), append="a\0b"), VIRT_RISCV, files, isa)


def test_what_a_kernel_claims_is_kept_free_of_the_initrd() -> None:
    header = struct.pack("<8sQQQIIQ8s4sI", b"", 2 * MIB, 70 * MIB, 0, 2, 0, 0, b"RISCV\0\0\0", b"RSC\x05", 0)
    kernel, disk = riscv(Path("Image"), header), Blob(Path("disk"), bytes(100))
    config = MachineConfig(kernel=Path("Image"), initrd=Path("disk"))
    with pytest.raises(LoadError, match=r"initrd at 0x84000000\.\.0x84000063, overlapping kernel Image"):
        plan(config, VIRT_RISCV, BootFiles(kernel=kernel, initrd=disk), find("riscv64"))


def failure(config: MachineConfig, board: object = VIRT_RISCV) -> str:
    with pytest.raises(EmuError) as caught:
        planned(config, board)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_initrd_larger_than_memory_is_refused_with_the_memory_that_it_needs(
    files: Callable[..., Path],
) -> None:
    disk = files("disk.img", 40 * MIB)
    text = failure(MachineConfig(kernel=files("k"), initrd=disk, ram=32 * MIB))
    assert "40 MiB" in text
    assert "disk.img" in text
    size = re.search(r"-m (\d+)M", text)
    assert size is not None
    planned(MachineConfig(kernel=files("k"), initrd=disk, ram=int(size[1]) * MIB))


def test_an_initrd_that_reaches_the_tree_is_refused_with_both_names(files: Callable[..., Path]) -> None:
    text = failure(MachineConfig(kernel=files("k"), initrd=files("disk", 63 * MIB)))
    assert "device tree at 0x87e00000" in text
    assert "overlapping initrd at 0x84000000" in text


def test_firmware_and_kernel_at_one_address_are_refused_with_both_names() -> None:
    config = MachineConfig(bios="fw", kernel=Path("guest.elf"))
    files = BootFiles(bios=replace(elf(), path=Path("fw.elf")), kernel=elf(RAM + 0xFF))
    with pytest.raises(LoadError, match=r"kernel guest\.elf at .*, overlapping firmware fw\.elf at"):
        plan(config, VIRT_RISCV, files, find("riscv64"))


def test_a_tree_without_room_is_refused(files: Callable[..., Path]) -> None:
    text = failure(MachineConfig(kernel=files("k"), ram=MIB))
    assert "device tree" in text
    assert "kernel k" in text
    assert "-m" in text
    tiny = failure(MachineConfig(loaders=(LoaderRequest(files("x", 16), RAM),), ram=1024))
    assert "device tree" in tiny


def test_a_program_outside_memory_is_refused_before_anything_is_allocated() -> None:
    with pytest.raises(LoadError, match="10 GiB"):
        plan(MachineConfig(), VIRT_RISCV, BootFiles(kernel=elf(size=10 << 30)), find("riscv64"))
    with pytest.raises(LoadError, match="operating system"):
        plan(MachineConfig(), VIRT_RISCV, BootFiles(kernel=elf(0x1_0000)), find("riscv64"))


def test_options_that_mean_nothing_are_refused(files: Callable[..., Path]) -> None:
    other = files("f")
    assert "-kernel" in failure(MachineConfig(bios=str(other), initrd=other))
    assert "-kernel" in failure(MachineConfig(bios=str(other), append="quiet"))
    for config in (
        MachineConfig(kernel=other, initrd=other),
        MachineConfig(kernel=other, append="quiet"),
        MachineConfig(kernel=other, bios=str(other)),
        MachineConfig(kernel=other, firmware_items=(FirmwareItem("opt/a", b""),)),
        MachineConfig(kernel=other, drives=(Drive("pflash", 0, other),)),
    ):
        assert "machine bare" in failure(config, BARE)
    assert "nothing to load" in failure(MachineConfig())
    assert "nothing to load" in failure(MachineConfig(), BARE)


def test_a_name_in_fw_cfg_that_may_be_the_machines_own_is_warned_about(files: Callable[..., Path]) -> None:
    items = (FirmwareItem("opt/mine", b""), FirmwareItem("etc/mine", b""))
    warnings = planned(MachineConfig(kernel=files("k"), firmware_items=items)).warnings
    assert [each.split(":")[0] for each in warnings] == ["-fw_cfg name=etc/mine"]


def test_a_users_tree_is_checked_and_given_the_arguments(tmp_path: Path, files: Callable[..., Path]) -> None:
    path = tmp_path / "own.dtb"
    path.write_bytes(build(VIRT_RISCV, "riscv64", 1, 64 * MIB))
    config = MachineConfig(kernel=files("k"), dtb=path, append="debug", initrd=files("i"))
    made = planned(config)
    tree = fdt.parse_dtb(next(write.data for write in made.writes if write.name == "device tree"))
    assert tree.get_property("bootargs", "/chosen").value == "debug"
    assert tree.get_property("linux,initrd-start", "/chosen").data == [0x8400_0000]
    assert tree.get_property("reg", "/memory@80000000").data == [0, RAM, 0, 64 * MIB]
    assert "d0 0d fe ed" in failure(replace(config, dtb=files("k")))


@pytest.mark.parametrize(("isa", "address"), [("riscv64", 0x8020_0000), ("riscv32", 0x8040_0000)])
def test_on_the_built_in_firmware_one_cpu_starts_in_supervisor_mode_where_opensbi_would_go(
    files: Callable[..., Path], isa: str, address: int
) -> None:
    made = planned(MachineConfig(isa=isa, bios=BUILT_IN, kernel=files("k"), smp=3, ram=128 * MIB))
    assert places(made) == {"kernel k": address, "device tree": 0x87E0_0000}
    assert made.pc == address
    first = dict(made.registers[0])
    assert (first["a0"], first["a1"], first["priv"]) == (0, 0x87E0_0000, 1)
    assert made.registers[1:] == ((), ())
    assert "supervisor mode" in made.notes[-1]
    assert made.warnings == ()
    tree = fdt.parse_dtb(next(write.data for write in made.writes if write.name == "device tree"))
    assert not tree.exist_node("/soc/clint@2000000")
    wires = tree.get_property("interrupts-extended", "/soc/plic@c000000").data
    assert wires[1::2] == [0xFFFF_FFFF, 9] * 3


def test_flash_holds_what_follows_the_built_in_firmware_and_no_other_firmware(
    files: Callable[..., Path],
) -> None:
    second = Drive("pflash", 1, files("flash", 32 * MIB))
    made = planned(MachineConfig(bios=BUILT_IN, drives=(second,)))
    assert made.pc == 0x2200_0000
    text = failure(MachineConfig(bios=BUILT_IN, drives=(replace(second, unit=0),), kernel=files("k")))
    assert "-bios none" in text


def test_loaders_obey_a_files_own_addresses_and_need_one_otherwise(
    tmp_path: Path, files: Callable[..., Path]
) -> None:
    text = failure(MachineConfig(loaders=(LoaderRequest(files("raw"), None),)))
    assert "addr=" in text
    hex_ = tmp_path / "guest.hex"
    hex_.write_text(":020000048000 7A\n:0400100013000000D9\n:00000001FF\n".replace(" ", ""))
    for address in (None, 0x9000_0000):
        made = planned(MachineConfig(loaders=(LoaderRequest(hex_, address),)))
        assert places(made)["loader guest.hex"] == RAM + 0x10
    packed = tmp_path / "root.cpio.gz"
    packed.write_bytes(b"\x1f\x8b\x08 packed data is data here")
    made = planned(MachineConfig(loaders=(LoaderRequest(packed, RAM + MIB),)))
    assert places(made)["loader root.cpio.gz"] == RAM + MIB


def test_unreadable_files_of_every_option_are_load_errors(tmp_path: Path, files: Callable[..., Path]) -> None:
    kernel = files("k")
    for config in (
        MachineConfig(kernel=tmp_path),
        MachineConfig(kernel=kernel, initrd=tmp_path),
        MachineConfig(kernel=kernel, dtb=tmp_path),
        MachineConfig(bios=str(tmp_path)),
        MachineConfig(loaders=(LoaderRequest(tmp_path, RAM),)),
    ):
        assert "got a directory" in failure(config)


QEMU_CASES = (
    ("64", "512", ("-bios", "fw", "-kernel", "k", "-initrd", "i")),
    ("64", "128", ("-bios", "none", "-kernel", "k", "-initrd", "i")),
    ("64", "4096", ("-bios", "big", "-kernel", "k")),
    ("32", "128", ("-bios", "fw", "-kernel", "k", "-initrd", "i")),
    ("64", "1", ("-bios", "none")),
)


@pytest.mark.parametrize(("bits", "ram", "options"), QEMU_CASES)
def test_every_part_lies_where_qemu_says(
    files: Callable[..., Path], bits: str, ram: str, options: tuple[str, ...]
) -> None:
    qemu = shutil.which(f"qemu-system-riscv{bits}")
    if qemu is None:
        pytest.skip("QEMU is not installed (package qemu-system-misc)")
    named = {"fw": files("fw", 0x1C280), "big": files("big", 3_000_000), "k": files("k"), "i": files("i")}
    words = [str(named.get(word, word)) for word in options]
    command = [
        qemu,
        "-M",
        "virt",
        "-m",
        ram,
        "-S",
        "-display",
        "none",
        "-serial",
        "none",
        "-monitor",
        "stdio",
        *words,
    ]
    output = subprocess.run(
        command, input="info roms\nquit\n", text=True, capture_output=True, timeout=60, check=True
    )
    rows = re.findall(r"addr=(\w+) size=\w+ mem=\w+ name=\"([^\"]+)\"", output.stdout)
    theirs = {name.rsplit("/", 1)[-1]: int(address, 16) for address, name in rows if "finfo" not in name}
    values = dict(zip(words[::2], words[1::2], strict=True))
    paths = {key: Path(value) for key, value in values.items()}
    config = MachineConfig(
        isa=f"riscv{bits}",
        ram=int(ram) * MIB,
        bios=values["-bios"],
        kernel=paths.get("-kernel"),
        initrd=paths.get("-initrd"),
        loaders=() if "-kernel" in values else (LoaderRequest(files("x", 16), RAM + 0x8_0000),),
    )
    made = planned(config)
    names = {"device tree": "fdt", "initrd": "i", "reset ROM": "mrom.reset"}
    ours = {names.get(name, name.split()[-1]): address for name, address in places(made).items()}
    ours.pop("x", None)
    assert ours == theirs
