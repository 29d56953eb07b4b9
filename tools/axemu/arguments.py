"""QEMU's spelling of options, accepted.

QEMU writes multi-letter options with one dash, which a POSIX parser reads as a cluster of one-letter options.
`rewrite` turns such an argument list into this command's own long options before the parser sees it; what
QEMU has and this command has not is refused here, with what serves instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from axemu.errors import NotInThisVersion, UsageError


@dataclass(frozen=True, slots=True)
class Spelling:
    """One option as QEMU writes it. `to` is the long option here, None where the option asks for nothing that
    is not so anyway; `value` names the value in messages, None for a flag; `values`: the only ones
    accepted."""

    name: str
    to: str | None
    value: str | None = None
    values: tuple[str, ...] = ()
    instead: str = ""


_DISK = "Write -drive if=virtio,format=raw,file=FILE for a disk, and -snapshot beside it to keep writes in memory."
_NO_GLOBAL = "Devices take their properties from -device; virtio devices here are modern ones anyway."
_NO_NETWORK = "This version has no network devices."
_NO_STATE = "A machine can be saved and restored as a library: Machine.save() and Machine.restore()."

ACCEPTED: tuple[Spelling, ...] = (
    Spelling("kernel", "--kernel", "FILE"),
    Spelling("bios", "--bios", "FILE"),
    Spelling("initrd", "--initrd", "FILE"),
    Spelling("append", "--append", "TEXT"),
    Spelling("dtb", "--dtb", "FILE"),
    Spelling("smp", "--smp", "N"),
    Spelling("m", "--memory", "SIZE"),
    Spelling("M", "--machine", "NAME"),
    Spelling("machine", "--machine", "NAME"),
    Spelling("cpu", "--cpu", "NAME"),
    Spelling("drive", "--drive", "if=virtio,format=raw,file=FILE"),
    Spelling("device", "--device", "virtio-blk-device,drive=ID"),
    Spelling("snapshot", "--snapshot"),
    Spelling("object", "--object", "rng-random,id=ID"),
    Spelling("virtfs", "--virtfs", "local,path=DIR,mount_tag=TAG"),
    Spelling("fsdev", "--fsdev", "local,id=NAME,path=DIR"),
    Spelling("serial", "--serial", "stdio|none"),
    Spelling("chardev", "--chardev", "stdio,id=NAME"),
    Spelling("global", None, "PROPERTY=VALUE", ("virtio-mmio.force-legacy=false",), _NO_GLOBAL),
    Spelling("fw_cfg", "--fw-cfg", "name=NAME,string=TEXT|file=FILE"),
    Spelling("icount", "--icount", "shift=N"),
    Spelling("semihosting", "--semihosting"),
    Spelling("semihosting-config", "--semihosting-config", "enable=on"),
    Spelling("d", "--log", "KINDS"),
    Spelling("D", "--log-file", "FILE"),
    Spelling("s", "--gdb=tcp::1234"),
    Spelling("S", "--freeze"),
    Spelling("gdb", "--gdb", "tcp:HOST:PORT"),
    Spelling("h", "--help"),
    Spelling("help", "--help"),
    Spelling("nographic", None),
    Spelling("nodefaults", None),
    Spelling("no-user-config", None),
    Spelling("no-reboot", "--no-reboot"),
    Spelling("display", None, "none", ("none",), "There is no graphics; the console is the serial line."),
    Spelling("vga", None, "none", ("none",), "There is no graphics; the console is the serial line."),
    Spelling("monitor", None, "none", ("none",), "There is no monitor; -v and -d tell what happens."),
    Spelling("parallel", None, "none", ("none",), "There is no parallel port."),
    Spelling("net", None, "none", ("none",), "This version has no network devices."),
    Spelling("nic", None, "none", ("none",), "This version has no network devices."),
    Spelling("accel", None, "tcg", ("tcg",), "Guest code always runs in the Unicorn engine."),
)  # fmt: skip

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "hda": _DISK,
        "hdb": _DISK,
        "cdrom": _DISK,
        "sd": _DISK,
        "mtdblock": _DISK,
        "blockdev": _DISK,
        "pflash": "Write -drive if=pflash,unit=0,file=FILE.",
        "netdev": _NO_NETWORK,
        "loadvm": _NO_STATE,
        "incoming": _NO_STATE,
        "rtc": "Guest time starts at 0 and follows --clock virtual (retired instructions) or --clock host.",
        "enable-kvm": "Guest code always runs in the Unicorn engine.",
        "qmp": "There is no monitor; -v, -d and --json tell what happens in a run.",
        "mon": "There is no monitor; -v, -d and --json tell what happens in a run.",
        "singlestep": "Counts and stops are exact here without it: leave it out.",
        "one-insn-per-tb": "Counts and stops are exact here without it: leave it out.",
        "trace": "Take -d exits,traps,int,unimp for an event log.",
        "plugin": "Take -d exits,traps,int,unimp for an event log, or Machine.listen() as a library.",
        "usb": "Devices are those of the machine: `axemu machine show NAME` lists them.",
        "usbdevice": "Devices are those of the machine: `axemu machine show NAME` lists them.",
        "boot": "The guest starts at its firmware (-bios), at its kernel (-kernel) or at its own entry.",
        "no-shutdown": "A guest that powers off ends the run.",
        "daemonize": "Run it in the background with your shell: axemu run GUEST < /dev/null &",
        "pidfile": "Take your shell's $!.",
        "L": "Name firmware files by their path: -bios FILE.",
        "version": "Write axemu --version.",
        "numa": "Memory is one node.",
        "audio": "There is no sound.",
        "k": "There is no keyboard device; the console is the serial line.",
    }
)

_BY_NAME = MappingProxyType({spelling.name: spelling for spelling in ACCEPTED})
_FLAG_LETTERS = frozenset("vh")
_VALUE_LETTERS = frozenset("mMdD")


def rewrite(arguments: Sequence[str], own: Mapping[str, bool], verb: str = "run") -> list[str]:
    """The same request in this command's own long options; a value is attached to its option by "=".

    own: the long options by name ("--isa"), True for those that take a value. verb: whose they are. Everything after
    "--" stays.
    Raises UsageError for an unknown option or a missing value, NotInThisVersion for an option of QEMU's that
    is not here.
    """
    result: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            return [*result, argument, *rest]
        written, equals, attached = argument.partition("=")
        name = written.lstrip("-")
        value = attached if equals else None
        if not argument.startswith("-") or not name:
            result.append(argument)
        elif written in own:
            result += _option(
                Spelling(name, written, "VALUE" if own[written] else None), written, value, rest
            )
        elif name in REFUSED:
            raise NotInThisVersion(f"{written} is an option of QEMU's that axemu has not.", "", REFUSED[name])
        elif name in _BY_NAME:
            result += _option(_BY_NAME[name], written, value, rest)
        elif not argument.startswith("--") and _cluster(name):
            result.append(argument)
        else:
            known = {f"-{each}": None for each in _BY_NAME} | dict.fromkeys(own)
            near = get_close_matches(written, known, n=1, cutoff=0.5)
            came = f"Did you mean {near[0]}?" if near else ""
            raise UsageError(
                f"There is no option {written}.", came, f"`axemu {verb} --help` lists all options."
            )
    return result


def _option(spelling: Spelling, written: str, value: str | None, rest: Iterator[str]) -> list[str]:
    if spelling.value is None:
        if value is not None:
            raise UsageError(f"{written} takes no value.", f"It got '{value}'.")
        return [spelling.to] if spelling.to else []
    value = value if value is not None else next(rest, None)
    if value is None:
        raise UsageError(f"{written} expects a value: {written} {spelling.value}.", "Nothing came after it.")
    if spelling.values and value not in spelling.values:
        raise NotInThisVersion(
            f"{written} accepts only {' or '.join(spelling.values)} here.",
            f"It got '{value}'.",
            spelling.instead,
        )
    return [f"{spelling.to}={value}"] if spelling.to else []


def _cluster(letters: str) -> bool:
    """True for what the parser itself reads: -v, -vv, and a letter with its value attached (-m512M)."""
    return set(letters) <= _FLAG_LETTERS or (letters[0] in _VALUE_LETTERS and not letters.isalpha())
