"""From what was asked to what will be run: values checked, a guest folder's settings as defaults, flags above
them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from axemu import devices, properties, quantities, specs
from axemu.errors import UsageError
from axemu.options import Request
from emu.board import board_for
from emu.config import BUILT_IN, NO_FIRMWARE, MachineConfig
from emu.guest import MANIFEST, Guest, load_guest
from emu.loaders import open_image
from emu.loaders.linux import RISCV_IMAGE
from isa import registry

DEFAULT_ISA = "riscv64"


@dataclass(frozen=True, slots=True)
class Plan:
    """One run, decided. `program` is loaded into the built machine (at `base` where it has no address of its
    own); `stored` is the guest's input or the file it is in, None for standard input; `budget` counts
    instructions, `timeout` host seconds; `json` is a path or "-"."""

    config: MachineConfig
    title: str
    guest: Guest | None = None
    budget: int | None = None
    timeout: float | None = None
    stored: bytes | Path | None = None
    kinds: frozenset[str] = frozenset()
    log_file: Path | None = None
    dumps: tuple[specs.MemoryDump, ...] = ()
    verbose: int = 0
    json: str | None = None
    guest_exit_code: bool = False
    notes: tuple[str, ...] = ()
    hook: Path | None = None

    def unlimited(self) -> Plan:
        """Without a guest folder's limits: for somebody who looks at it."""
        return replace(self, budget=None, timeout=None)

    @classmethod
    def of(cls, request: Request) -> Plan:
        """Raises UsageError, NotInThisVersion, and the loaders' errors for a guest that cannot be read."""
        folder = _folder(request)
        config = folder.config() if folder else MachineConfig()
        config, notes = _with_isa(request, config, named=folder is not None)
        config = replace(config, **_machine_changes(request), **_load_changes(request))
        config = replace(config, bios=_firmware(request, config))
        return cls(
            config=config,
            title=_title(request),
            guest=folder,
            budget=_budget(request, folder),
            timeout=quantities.duration(request.timeout, "--timeout")
            if request.timeout is not None
            else None,
            stored=_stored(request, folder),
            kinds=specs.log_kinds(request.log) if request.log is not None else frozenset(),
            log_file=request.log_file,
            dumps=tuple(specs.dump(text) for text in request.dump_memory),
            verbose=request.verbose,
            json=request.json,
            guest_exit_code=specs.choice(request.exit_code, "--exit-code", ("verdict", "guest"), "verdict")
            == "guest",
            notes=notes,
            hook=request.hook,
        )


def _folder(request: Request) -> Guest | None:
    guest = request.guest
    if guest is None:
        if (
            request.kernel is None
            and request.bios in (None, NO_FIRMWARE, BUILT_IN)
            and not (request.devices or request.drives)
        ):
            raise UsageError(
                "Nothing to run: expected a GUEST, -kernel FILE or -bios FILE.",
                attempt="Try: axemu run guests/riscv64/hello, or axemu run --help.",
            )
        return None
    if request.kernel is not None:
        raise UsageError(
            "GUEST is what -kernel names, and there can be one.",
            f"GUEST is '{guest}', -kernel is '{request.kernel}'.",
            "Leave one of them out; -device loader,file=FILE loads more.",
        )
    return load_guest(guest) if _is_folder(guest) else None


def _title(request: Request) -> str:
    named = request.guest or request.kernel or request.bios or "loaded files"
    return str(named)


def _with_isa(
    request: Request, config: MachineConfig, *, named: bool
) -> tuple[MachineConfig, tuple[str, ...]]:
    """The ISA: --isa, else the guest folder's, else what a file's header says, else the default, with a
    note."""
    if request.isa is not None:
        return replace(config, isa=request.isa), ()
    if named:
        return config, ()
    bios = None if request.bios in (None, "none", "default") else Path(str(request.bios))
    for path in (request.guest, request.kernel, bios):
        if path is not None:
            isa = open_image(path).isa
            if isa is not None:
                return replace(config, isa=isa), ()
    return replace(config, isa=DEFAULT_ISA), (
        f"no file's header names an ISA: taken as {DEFAULT_ISA} (--isa)",
    )


def _program(request: Request) -> Path | None:
    """A GUEST file is the kernel; a guest folder names its own."""
    if request.guest is None:
        return request.kernel
    return None if _is_folder(request.guest) else request.guest


def _is_folder(guest: Path) -> bool:
    return guest.is_dir() or guest.name == MANIFEST


def _machine_changes(request: Request) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if request.machine is not None:
        pairs = properties.parse(request.machine, "-machine", "type")
        properties.only(pairs, ("type",), "-machine")
        changes["board"] = pairs["type"]
    if request.cpu is not None:
        changes["cpu"] = request.cpu
    if request.smp is not None:
        changes["smp"] = specs.cpus(request.smp)
    if request.memory is not None:
        changes["ram"] = specs.ram(request.memory)
    if request.clock is not None:
        changes["clock"] = specs.choice(request.clock, "--clock", ("virtual", "host"), "virtual")
    if request.no_reboot:
        changes["no_reboot"] = True
    if request.icount is not None:
        changes["shift"] = specs.shift(request.icount)
    if request.unmapped is not None:
        changes["unmapped"] = specs.choice(request.unmapped, "--unmapped", ("fault", "stop", "ones"), "fault")
    if request.semihosting or request.semihosting_config is not None:
        changes["semihosting"] = specs.semihosting(request.semihosting_config)
    return changes


def _load_changes(request: Request) -> dict[str, Any]:
    changes: dict[str, Any] = {
        name: value
        for name, value in (
            ("bios", request.bios),
            ("kernel", _program(request)),
            ("initrd", request.initrd),
            ("append", request.append),
            ("dtb", request.dtb),
        )
        if value is not None
    }
    if request.base is not None:
        if request.guest is None and request.kernel is None:
            raise UsageError(
                "--base says where a raw GUEST goes.", "There is no GUEST file that it could be for."
            )
        changes["base"] = quantities.address(request.base, "--base")
    changes |= devices.changes(
        request.drives,
        request.devices,
        snapshot=request.snapshot,
        objects=request.objects,
        virtfs=request.virtfs,
        fsdevs=request.fsdevs,
        serials=request.serials,
        chardevs=request.chardevs,
    )
    if request.fw_cfg:
        changes["firmware_items"] = tuple(specs.firmware_item(text) for text in request.fw_cfg)
    return changes


def _firmware(request: Request, config: MachineConfig) -> str:
    """-bios; else, as QEMU has it, what is built in, for a -kernel or a Linux kernel where there is firmware and no
    flash with its own."""
    if request.bios is not None or (request.kernel is None and not _is_linux(request)):
        return config.bios
    own = any(drive.interface == "pflash" and drive.unit == 0 for drive in config.drives)
    isa = registry.find(config.isa).name
    return config.bios if own or not board_for(isa, config.board).firmware else BUILT_IN


def _is_linux(request: Request) -> bool:
    guest = request.guest
    return guest is not None and not _is_folder(guest) and open_image(guest).format == RISCV_IMAGE


def _budget(request: Request, folder: Guest | None) -> int | None:
    if request.max_insns is not None:
        return quantities.count(request.max_insns, "--max-insns")
    return folder.expect.max_instructions if folder else None


def _stored(request: Request, folder: Guest | None) -> bytes | Path | None:
    if request.input is not None:
        return None if str(request.input) == "-" else request.input
    return folder.input if folder else None
