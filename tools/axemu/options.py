"""The options of every command that runs a guest, and the values they come with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

_MACHINE, _LOADED, _CONSOLE, _LIMITS, _REPORTS, _DEBUGGER = (
    "Machine",
    "What is loaded",
    "Console",
    "Time and limits",
    "Reports",
    "Debugger",
)

GuestArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="GUEST",
        help="An ELF file, a raw or Linux Image, Intel HEX, or a guest folder (guest.toml).",
        show_default=False,
    ),
]
IsaOption = Annotated[
    str | None,
    typer.Option(
        "--isa",
        metavar="NAME",
        help="Instruction set; default: what GUEST's header says.",
        rich_help_panel=_MACHINE,
    ),
]
MachineOption = Annotated[
    str | None,
    typer.Option(
        "--machine",
        "-M",
        metavar="NAME",
        help="Also -machine. `axemu machine list` names them.",
        rich_help_panel=_MACHINE,
    ),
]
CpuOption = Annotated[
    str | None,
    typer.Option(
        "--cpu", metavar="NAME", help="Also -cpu. `axemu isa show ISA` names them.", rich_help_panel=_MACHINE
    ),
]
SmpOption = Annotated[
    str | None,
    typer.Option("--smp", metavar="N", help="Also -smp. Number of vCPUs.", rich_help_panel=_MACHINE),
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        "--memory",
        "-m",
        metavar="SIZE",
        help="512M, 4G; a bare number is MiB, as in QEMU.",
        rich_help_panel=_MACHINE,
    ),
]
UnmappedOption = Annotated[
    str | None,
    typer.Option(
        "--unmapped",
        metavar="POLICY",
        help="Access to nothing: fault (the guest's own), stop, ones.",
        rich_help_panel=_MACHINE,
    ),
]
SemihostingOption = Annotated[
    bool,
    typer.Option(
        "--semihosting", help="Also -semihosting. Answer semihosting calls.", rich_help_panel=_MACHINE
    ),
]
SemihostingConfigOption = Annotated[
    str | None,
    typer.Option(
        "--semihosting-config",
        metavar="enable=on",
        help="Also -semihosting-config.",
        rich_help_panel=_MACHINE,
    ),
]
NoRebootOption = Annotated[
    bool,
    typer.Option(
        "--no-reboot",
        help="Also -no-reboot. A reset that the guest asks for ends the run.",
        rich_help_panel=_LIMITS,
    ),
]
BiosOption = Annotated[
    str | None,
    typer.Option(
        "--bios",
        metavar="FILE|default|none",
        help="Also -bios. Firmware; default: the built-in SBI.",
        rich_help_panel=_LOADED,
    ),
]
KernelOption = Annotated[
    Path | None,
    typer.Option("--kernel", metavar="FILE", help="Also -kernel. ELF or Image.", rich_help_panel=_LOADED),
]
InitrdOption = Annotated[
    Path | None,
    typer.Option("--initrd", metavar="FILE", help="Also -initrd. Initial RAM disk.", rich_help_panel=_LOADED),
]
AppendOption = Annotated[
    str | None,
    typer.Option(
        "--append", metavar="TEXT", help="Also -append. The kernel's command line.", rich_help_panel=_LOADED
    ),
]
DtbOption = Annotated[
    Path | None,
    typer.Option(
        "--dtb",
        metavar="FILE",
        help="Also -dtb. Device tree; default: made from the machine.",
        rich_help_panel=_LOADED,
    ),
]
DriveOption = Annotated[
    list[str] | None,
    typer.Option(
        "--drive",
        metavar="SPEC",
        help="Also -drive. A disk: file=FILE,format=raw[,snapshot=on]; flash: if=pflash,unit=N,file=FILE.",
        rich_help_panel=_LOADED,
    ),
]
DeviceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--device",
        metavar="SPEC",
        help="Also -device. virtio-blk-device,drive=ID; virtio-rng-device; virtconsole; loader,file=FILE[,addr=A].",
        rich_help_panel=_LOADED,
    ),
]
ObjectOption = Annotated[
    list[str] | None,
    typer.Option(
        "--object",
        metavar="SPEC",
        help="Also -object. rng-random,id=ID: the host's entropy, for virtio-rng-device,rng=ID.",
        rich_help_panel=_LOADED,
    ),
]
VirtfsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--virtfs",
        metavar="SPEC",
        help="Also -virtfs. A shared folder: local,path=DIR,mount_tag=TAG[,readonly=on].",
        rich_help_panel=_LOADED,
    ),
]
FsdevOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fsdev",
        metavar="SPEC",
        help="Also -fsdev. local,id=NAME,path=DIR, for -device virtio-9p-device,fsdev=NAME,mount_tag=TAG.",
        rich_help_panel=_LOADED,
    ),
]
SerialOption = Annotated[
    list[str] | None,
    typer.Option(
        "--serial",
        metavar="WHERE",
        help="Also -serial. The first serial line: stdio (default), none, chardev:NAME.",
        rich_help_panel=_CONSOLE,
    ),
]
ChardevOption = Annotated[
    list[str] | None,
    typer.Option(
        "--chardev",
        metavar="SPEC",
        help="Also -chardev. stdio,id=NAME or null,id=NAME.",
        rich_help_panel=_CONSOLE,
    ),
]
SnapshotOption = Annotated[
    bool,
    typer.Option(
        "--snapshot",
        help="Also -snapshot. What the guest writes to its disks stays in memory.",
        rich_help_panel=_LOADED,
    ),
]
FwCfgOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fw-cfg",
        metavar="SPEC",
        help="Also -fw_cfg. name=opt/NAME,string=TEXT or ,file=FILE.",
        rich_help_panel=_LOADED,
    ),
]
BaseOption = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="ADDRESS",
        help="Where a raw GUEST goes; default: start of RAM.",
        rich_help_panel=_LOADED,
    ),
]
InputOption = Annotated[
    Path | None,
    typer.Option(
        "--input",
        metavar="FILE|-",
        help="Feed FILE from time 0: the run can be repeated. -: standard input.",
        rich_help_panel=_CONSOLE,
    ),
]
ClockOption = Annotated[
    str | None,
    typer.Option(
        "--clock",
        metavar="NAME",
        help="virtual: retired instructions (default); host.",
        rich_help_panel=_LIMITS,
    ),
]
IcountOption = Annotated[
    str | None,
    typer.Option(
        "--icount",
        metavar="shift=N",
        help="Also -icount. One instruction is 2^N ns.",
        rich_help_panel=_LIMITS,
    ),
]
MaxInsnsOption = Annotated[
    str | None,
    typer.Option(
        "--max-insns",
        metavar="N",
        help="Stop after N instructions (10M, 2e9): exit code 124.",
        rich_help_panel=_LIMITS,
    ),
]
TimeoutOption = Annotated[
    str | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        help="Stop after that host time (10, 1.5s, 2m): exit code 124.",
        rich_help_panel=_LIMITS,
    ),
]
VerboseOption = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        show_default=False,
        help="Load addresses, and an exit summary at the end.",
        rich_help_panel=_REPORTS,
    ),
]
JsonOption = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="FILE|-",
        help="The result as JSON. With -, the guest's console goes to standard error.",
        rich_help_panel=_REPORTS,
    ),
]
LogOption = Annotated[
    str | None,
    typer.Option(
        "--log",
        "-d",
        metavar="KINDS",
        help="Event log: exits,traps,int,unimp,guest_errors or all.",
        rich_help_panel=_REPORTS,
    ),
]
LogFileOption = Annotated[
    Path | None,
    typer.Option(
        "--log-file",
        "-D",
        metavar="FILE",
        help="Where -d goes; default: standard error.",
        rich_help_panel=_REPORTS,
    ),
]
DumpMemoryOption = Annotated[
    list[str] | None,
    typer.Option(
        "--dump-memory",
        metavar="ADDR,LEN,FILE",
        help="Write guest memory to FILE after the run.",
        rich_help_panel=_REPORTS,
    ),
]
ExitCodeOption = Annotated[
    str | None,
    typer.Option(
        "--exit-code",
        metavar="MEANING",
        help="verdict: 0 pass, 1 fail (default); guest: the guest's own.",
        rich_help_panel=_REPORTS,
    ),
]
HookOption = Annotated[
    Path | None,
    typer.Option(
        "--hook",
        metavar="FILE",
        help="Functions of your own, compiled and called as the guest runs (docs/hooks.md).",
        rich_help_panel=_REPORTS,
    ),
]
SymbolsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--symbols",
        metavar="FILE[@BASE]|kallsyms",
        help="More names: of an ELF file (moved by BASE), a System.map, or a Linux guest's own.",
        rich_help_panel=_LOADED,
    ),
]

GdbOption = Annotated[
    str | None,
    typer.Option(
        "--gdb",
        metavar="tcp:HOST:PORT",
        help="Also -gdb, and -s for tcp::1234. A GDB server beside the run; port 0 takes a free one.",
        rich_help_panel=_DEBUGGER,
    ),
]
FreezeOption = Annotated[
    bool,
    typer.Option(
        "--freeze", help="Also -S. The guest waits for a debugger's `continue`.", rich_help_panel=_DEBUGGER
    ),
]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked on the command line, as written; None where nothing was said."""

    guest: Path | None = None
    isa: str | None = None
    machine: str | None = None
    cpu: str | None = None
    smp: str | None = None
    memory: str | None = None
    unmapped: str | None = None
    semihosting: bool = False
    semihosting_config: str | None = None
    bios: str | None = None
    kernel: Path | None = None
    initrd: Path | None = None
    append: str | None = None
    dtb: Path | None = None
    drives: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    fw_cfg: tuple[str, ...] = ()
    base: str | None = None
    input: Path | None = None
    clock: str | None = None
    icount: str | None = None
    max_insns: str | None = None
    snapshot: bool = False
    objects: tuple[str, ...] = ()
    virtfs: tuple[str, ...] = ()
    fsdevs: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()
    chardevs: tuple[str, ...] = ()
    no_reboot: bool = False
    timeout: str | None = None
    verbose: int = 0
    json: str | None = None
    log: str | None = None
    log_file: Path | None = None
    dump_memory: tuple[str, ...] = ()
    exit_code: str | None = None
    hook: Path | None = None
