"""What goes where at start, as a plan: nothing is read or written here.

RISC-V `virt` starts as under QEMU 7.2 (docs/system/riscv/virt.rst, and its `info roms`): firmware at the
start of RAM, the kernel at the next large page after it, the initial RAM disk up to 128 MiB further, the
device tree just below the end of memory or 3 GiB. With the built-in firmware the kernel lies where it does after
OpenSBI, and is entered directly, in supervisor mode and by the boot CPU alone; without firmware it is entered directly,
in machine mode. On machines without a device tree (`bare`) the program is entered directly, with the CPU's number in
the ISA's boot register.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from emu import devicetree, dtb
from emu.board import MIB, Board
from emu.bootfiles import FOLLOWING, BootFiles
from emu.bootrom import boot_rom
from emu.config import BUILT_IN, NO_FIRMWARE, MachineConfig
from emu.devices.fw_cfg import (
    COMMAND_LINE_DATA,
    COMMAND_LINE_SIZE,
    INITRD_DATA,
    INITRD_SIZE,
    KERNEL_DATA,
    KERNEL_SIZE,
)
from emu.errors import ConfigError, LoadError
from emu.firmware.entry import entry_registers
from emu.loaders.image import Image
from emu.loaders.linux import RISCV_IMAGE
from emu.loaders.placement import Claim, MemoryRange, check_apart, check_inside, quantity
from emu.symbols import SymbolTable
from isa import registry
from isa.contract import BootValue, Isa

_INITRD_DISTANCE = 128 * MIB  # from the kernel's start; half of RAM where that is less
_TREE_ALIGNMENT = 2 * MIB
_TREE_LIMIT = 3 << 30  # 32-bit firmware must reach it
_PAGE = 4096
_LINUX_ARGUMENTS = 1023  # bytes; Linux, arch/riscv/include/uapi/asm/setup.h
_POWERS = tuple(1 << bit for bit in range(24))  # of memory, in MiB


@dataclass(frozen=True, slots=True)
class Write:
    """`data`, then `zeros` bytes of zero, go to guest-physical `address`; `name` says what it is."""

    name: str
    address: int
    data: bytes = field(repr=False)
    zeros: int = 0


@dataclass(frozen=True, slots=True)
class BootPlan:
    """What a machine does at power-on and at every reset.

    firmware_items: what fw_cfg holds of it, by number.
    registers: for each CPU the (name, value) pairs that it starts with; every other register is as the ISA
    resets it. device_tree: its guest-physical address, None where there is none. notes are lines for -v,
    warnings are for everybody.
    """

    writes: tuple[Write, ...]
    pc: int
    registers: tuple[tuple[tuple[str, int], ...], ...]
    symbols: SymbolTable = field(repr=False)
    device_tree: int | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    firmware_items: Mapping[int, bytes] = field(default_factory=lambda: MappingProxyType({}), repr=False)


def memory_ranges(board: Board, ram: int) -> tuple[MemoryRange, ...]:
    """Where `board` with `ram` bytes of memory has something to load into."""
    home = MemoryRange("RAM", board.ram_base, ram)
    if board.ram_alias is None:
        return (home,)
    return home, MemoryRange("RAM", board.ram_alias, board.alias_size(ram), home=board.ram_base)


def plan(config: MachineConfig, board: Board, files: BootFiles, isa: Isa) -> BootPlan:
    """Raises ConfigError for what cannot be meant, LoadError for what does not fit."""
    _check_options(config, board, files)
    ram = board.default_ram if config.ram is None else config.ram
    layout = _Layout(board, ram)
    return _virt(config, layout, files, isa) if board.device_tree else _bare(config, layout, files, isa)


class _Layout:
    """Memory as it fills: every part is placed once, inside memory and apart from all others."""

    def __init__(self, board: Board, ram: int) -> None:
        self.board, self.ram = board, ram
        self.ranges = memory_ranges(board, ram)
        self.end = board.ram_base + ram
        self.writes: list[Write] = []
        self.claims: list[Claim] = []
        self.images: list[Image] = []
        self.warnings: list[str] = []
        self.firmware_items: Mapping[int, bytes] = MappingProxyType({})

    def add_image(self, role: str, image: Image, address: int | None = None) -> Image:
        """Place `image` at its own addresses, or at `address` where it has none; returns it placed."""
        if not image.fixed and address is not None:
            image = image.at(address)
        check_inside(image, self.ranges)
        name = f"{role} {image.path.name}"
        self.claims += (Claim(name, image.path, start, size) for start, size in image.extents)
        self.writes += (Write(name, each.address, each.data, each.zeros) for each in image.segments)
        self.images.append(image)
        return image

    def add_bytes(self, name: str, path: str | Path, data: bytes, address: int) -> None:
        claim = Claim(name, path, address, len(data))
        if not any(each.contains(address, len(data)) for each in self.ranges):
            expected = f"memory for {name} ({', '.join(map(str, self.ranges))})"
            raise LoadError(path, expected, str(claim), "Give the machine more memory (-m)")
        self.claims.append(claim)
        self.writes.append(Write(name, address, data))

    def finish(
        self, pc: int, isa: Isa, cpus: int, tree: int | None, *, rom: bool = False, supervisor: bool = False
    ) -> BootPlan:
        """The plan. With `rom` the boot registers are the ROM's work, with `supervisor` the built-in firmware's."""
        check_apart(self.claims, self.ranges)
        symbols = SymbolTable.merged(image.symbols for image in self.images)
        notes = [line for image in self.images for line in image.description]
        notes += (str(claim) for claim in self.claims if claim.name in ("initrd", "device tree"))
        name = symbols.name(pc)
        level = ", in supervisor mode on the built-in firmware" if supervisor else ""
        notes.append(f"starts at {pc:#x}" + (f" ({name})" if name else "") + level)
        start = tuple(() if rom else tuple(_registers(isa, cpu, tree or 0)) for cpu in range(cpus))
        if supervisor:
            start = (entry_registers(0, tree or 0), *(() for _ in range(1, cpus)))
        return BootPlan(
            writes=tuple(self.writes),
            pc=pc,
            registers=start,
            symbols=symbols,
            device_tree=tree,
            notes=tuple(notes),
            warnings=tuple(self.warnings),
            firmware_items=self.firmware_items,
        )


def _bare(config: MachineConfig, layout: _Layout, files: BootFiles, isa: Isa) -> BootPlan:
    kernel = files.kernel
    if kernel is not None:
        kernel = layout.add_image("program", kernel, _base(config, layout.board.ram_base))
    entries = [layout.add_image("loader", image).entry for image in files.loaders]
    return layout.finish(_entry(layout, kernel, entries), isa, config.smp, None)


def _virt(config: MachineConfig, layout: _Layout, files: BootFiles, isa: Isa) -> BootPlan:
    board, bios, kernel = layout.board, files.bios, files.kernel
    built_in = config.bios == BUILT_IN
    boundary = 4 * MIB if isa.bits == 32 else 2 * MIB
    free = board.ram_base + (boundary if built_in else 0)
    if bios is not None:
        bios = layout.add_image("firmware", bios, free)
        free = bios.end
    if kernel is not None:
        kernel = layout.add_image("kernel", kernel, _base(config, _up(free, boundary)))
        size = len(config.append.encode("utf-8", "surrogateescape"))
        if kernel.format == RISCV_IMAGE and size > _LINUX_ARGUMENTS:
            layout.warnings.append(
                f"-append has {size:,} bytes, of which Linux for RISC-V takes the first {_LINUX_ARGUMENTS:,} "
                "(COMMAND_LINE_SIZE): put the rest into the initial RAM disk"
            )
    initrd = _initrd(layout, files, kernel)
    entries = [layout.add_image("loader", image).entry for image in files.loaders]
    tree = _device_tree(config, layout, files, isa, initrd)
    flash = {drive.unit: _flash(board, drive.unit) for drive in config.drives}
    first = bios or kernel
    start = flash.get(0, _entry(layout, first, entries))
    following = flash.get(FOLLOWING, 0 if kernel is None else _entry(layout, kernel, entries))
    layout.firmware_items = _firmware_items(config, files)
    layout.warnings += (
        f"-fw_cfg name={each.name}: names that do not begin with opt/ are the machine's own"
        for each in config.firmware_items
        if not each.name.startswith("opt/")
    )
    if built_in:
        return layout.finish(following or start, isa, config.smp, tree, supervisor=True)
    assert board.reset_vector is not None
    rom = boot_rom(isa.bits, start, tree, following)
    layout.writes.append(Write("reset ROM", board.reset_vector, rom))
    if first is not kernel or kernel is None or 0 in flash:
        return layout.finish(board.reset_vector, isa, config.smp, tree, rom=True)
    if kernel.format == RISCV_IMAGE:
        layout.warnings.append(
            f"{kernel.path} is a Linux kernel and starts in machine mode, where few kernels can run: "
            "give it firmware with -bios default, or -bios FILE"
        )
    return layout.finish(start, isa, config.smp, tree)


def _entry(layout: _Layout, first: Image | None, others: list[int | None]) -> int:
    """Where the first program begins: at its entry, or its lowest address where its format has none."""
    if first is not None:
        return first.start if first.entry is None else first.entry
    return next((each for each in others if each is not None), layout.board.ram_base)


def _initrd(layout: _Layout, files: BootFiles, kernel: Image | None) -> dtb.Span | None:
    disk = files.initrd
    if disk is None or kernel is None:
        return None
    size = len(disk.data)
    start = _up(kernel.start + min(layout.ram // 2, _INITRD_DISTANCE), _PAGE)
    if start + size > layout.end:
        enough = next(
            each << 20 for each in _POWERS if _fits(each << 20, kernel.start - layout.board.ram_base, size)
        )
        raise LoadError(
            disk.path,
            f"an initial RAM disk that fits between {start:#x} and the end of memory, {layout.end:#x}",
            quantity(size),
            f"Give the machine more memory: -m {enough >> 20}M",
        )
    layout.add_bytes("initrd", disk.path, disk.data, start)
    return start, start + size


def _fits(ram: int, kernel: int, size: int) -> bool:
    """True where an initrd of `size` bytes and a device tree fit; the kernel is `kernel` bytes into `ram`."""
    return kernel + min(ram // 2, _INITRD_DISTANCE) + _PAGE + size <= ram - 2 * _TREE_ALIGNMENT


def _firmware_items(config: MachineConfig, files: BootFiles) -> dict[int, bytes]:
    """Kernel, initial RAM disk and command line, with their sizes, for a program in flash that loads the kernel."""
    if files.handed is None:
        return {}
    disk = b"" if files.initrd is None else files.initrd.data
    text = config.append.encode("utf-8", "surrogateescape") + b"\0"
    items = ((KERNEL_SIZE, KERNEL_DATA, files.handed.data), (INITRD_SIZE, INITRD_DATA, disk))
    made: dict[int, bytes] = {}
    for size, number, data in (*items, (COMMAND_LINE_SIZE, COMMAND_LINE_DATA, text)):
        made |= {size: len(data).to_bytes(4, "little"), number: data}
    return made


def _device_tree(
    config: MachineConfig, layout: _Layout, files: BootFiles, isa: Isa, initrd: dtb.Span | None
) -> int:
    """Place the device tree; its address."""
    own, board = files.dtb, layout.board
    path: str | Path
    if own is None:
        path = f"machine {board.name}"
        built_in = config.bios == BUILT_IN
        tree = devicetree.build(
            board,
            isa.name,
            config.smp,
            layout.ram,
            config.append,
            initrd,
            supervisor=built_in,
            extensions=registry.cpu_model(isa, config.cpu).extensions,
        )
    else:
        path, tree = own.path, dtb.patch(own.path, dtb.check(own.path, own.data), config.append, initrd)
    if len(tree) > dtb.LARGEST:
        expected = f"arguments for a device tree of at most {dtb.LARGEST:,} bytes, the most that kernels map"
        actual = f"{len(config.append):,} characters, which make it {len(tree):,} bytes"
        raise ConfigError("-append", expected, actual, "Put the rest into the initial RAM disk")
    top = min(layout.end, _TREE_LIMIT) if board.ram_base < _TREE_LIMIT else layout.end
    address = max((top - len(tree)) // _TREE_ALIGNMENT * _TREE_ALIGNMENT, board.ram_base)
    layout.add_bytes("device tree", path, tree, address)
    return address


def _check_options(config: MachineConfig, board: Board, files: BootFiles) -> None:
    """Options that mean nothing together, or on this board."""
    given = (
        ("-bios", config.bios if config.bios != NO_FIRMWARE else None),
        ("-initrd", config.initrd),
        ("-append", config.append or None),
        ("-dtb", config.dtb),
        ("-fw_cfg", next((f"name={each.name}" for each in config.firmware_items), None)),
        ("-drive", next((f"if={drive.interface}" for drive in config.drives), None)),
    )
    for option, value in given:
        if value is None:
            continue
        if not board.device_tree:
            expected = (
                f"no {option} on machine {board.name}, which has no firmware, fw_cfg, device tree or flash"
            )
            raise ConfigError(option, expected, str(value), "Use -machine virt where the ISA has one")
        if option in ("-initrd", "-append") and config.kernel is None:
            raise ConfigError(option, "a -kernel to give it to", f"{value} without one", "Add -kernel FILE")
    if "\0" in config.append:
        raise ConfigError("-append", "text without zero bytes", repr(config.append[:40]), "Leave them out")
    flash = {drive.unit for drive in config.drives if drive.interface == "pflash"}
    built_in = config.bios == BUILT_IN
    if 0 in flash and built_in:
        raise ConfigError(
            "-drive if=pflash,unit=0",
            "no firmware in flash beside the built-in one",
            "-bios default as well",
            f"Put the program into unit {FOLLOWING}, or start the flash with -bios none",
        )
    if files == BootFiles() and (FOLLOWING if built_in else 0) not in flash:
        hint = "Name a guest: axemu run GUEST, or -kernel, -bios, -device loader"
        raise ConfigError("guest", "a program to run", "nothing to load", hint)


def _flash(board: Board, unit: int) -> int:
    for slot in board.slots:
        if slot.name == f"flash{unit}":
            return slot.base
    names = ", ".join(slot.name.removeprefix("flash") for slot in board.slots if slot.kind == "cfi-flash")
    raise ConfigError("-drive if=pflash", f"unit {names}", f"unit {unit}")


def _registers(isa: Isa, cpu: int, tree: int) -> Iterator[tuple[str, int]]:
    for name, value in isa.boot:
        match value:
            case BootValue.CPU:
                yield name, cpu
            case BootValue.DEVICE_TREE:
                yield name, tree
            case int():
                yield name, value


def _base(config: MachineConfig, default: int) -> int:
    return default if config.base is None else config.base


def _up(address: int, boundary: int) -> int:
    return -(-address // boundary) * boundary
