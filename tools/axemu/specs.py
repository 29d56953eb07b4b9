"""QEMU's composite values, one function an option: text in, the machine's own value out.

Each raises UsageError for what cannot be meant, NotInThisVersion for what QEMU takes and this version does
not, and UnknownName for a word that nothing has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from axemu import properties, quantities
from axemu.errors import NotInThisVersion, UsageError
from emu.config import FirmwareItem
from emu.errors import UnknownName

EVENT_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "exits": "exit",
        "traps": "trap",
        "int": "interrupt",
        "interrupts": "interrupt",
        "unimp": "unmapped",
        "unmapped": "unmapped",
        "guest_errors": "device",
    }
)
_LOGS_OF_QEMU = (
    "in_asm",
    "out_asm",
    "op",
    "op_opt",
    "exec",
    "cpu",
    "fpu",
    "mmu",
    "pcall",
    "page",
    "nochain",
    "strace",
)


@dataclass(frozen=True, slots=True)
class MemoryDump:
    address: int
    size: int
    path: Path


def log_kinds(text: str) -> frozenset[str]:
    """Event kinds of `Machine.listen` for the words of -d. Raises UnknownName, NotInThisVersion for QEMU's
    others."""
    kinds: set[str] = set()
    for word in text.split(","):
        if word == "all":
            kinds |= set(EVENT_KINDS.values())
        elif word in _LOGS_OF_QEMU:
            raise NotInThisVersion(
                f"-d {word} is QEMU's and is not in this version of axemu.",
                attempt="Here are exits, traps, int, unimp and guest_errors; `axemu disasm FILE` shows code.",
            )
        elif word in EVENT_KINDS:
            kinds.add(EVENT_KINDS[word])
        else:
            raise UnknownName.among(
                "event kind of -d", word, [*EVENT_KINDS, "all"], "-d takes words with commas between"
            )
    return frozenset(kinds)


def cpus(text: str) -> int:
    pairs = properties.parse(text, "-smp", "cpus")
    properties.only(pairs, ("cpus", "maxcpus", "sockets", "cores", "threads"), "-smp")
    counts = {key: quantities.count(value, f"-smp {key}") for key, value in pairs.items()}
    layout = counts.get("sockets", 1) * counts.get("cores", 1) * counts.get("threads", 1)
    cpus = counts.get("cpus", layout)
    if counts.get("maxcpus", cpus) != cpus or layout not in (1, cpus):
        raise UsageError(
            "-smp expects as many vCPUs as its layout has.", f"It got '{text}'.", f"Try -smp {cpus}."
        )
    return cpus


def ram(text: str) -> int:
    pairs = properties.parse(text, "-m", "size")
    properties.only(pairs, ("size",), "-m")
    return quantities.size(pairs["size"], "-m", default_unit="m")


def shift(text: str) -> int:
    pairs = properties.parse(text, "-icount", "shift")
    properties.only(pairs, ("shift", "sleep", "align"), "-icount")
    word = pairs.get("shift", "0")
    if word == "auto":
        raise NotInThisVersion(
            "-icount shift=auto is not here.", attempt="Take --clock host, or shift=0 to shift=10."
        )
    if not word.isdigit() or int(word) > 10:
        raise UsageError(
            "-icount expects shift=N with N from 0 to 10 (one instruction is 2^N ns).", f"It got '{text}'."
        )
    if pairs.get("align", "off") != "off" or pairs.get("sleep", "on") not in ("on", "off"):
        raise NotInThisVersion(
            "-icount knows shift=N here.", f"It got '{text}'.", "--clock host follows the host's time."
        )
    return int(word)


def semihosting(text: str | None) -> bool:
    if text is None:
        return True
    pairs = properties.parse(text, "-semihosting-config", "enable")
    properties.only(pairs, ("enable", "target"), "-semihosting-config")
    if pairs.get("target", "native") not in ("native", "auto"):
        raise NotInThisVersion("-semihosting-config target is native here.", f"It got '{pairs['target']}'.")
    return properties.switch(pairs, "enable", "-semihosting-config", default=True)


def firmware_item(text: str) -> FirmwareItem:
    pairs = properties.parse(text, "-fw_cfg", "name")
    properties.only(pairs, ("name", "string", "file"), "-fw_cfg")
    if not pairs.get("name") or ("string" in pairs) == ("file" in pairs):
        expected = "-fw_cfg expects name=NAME and one of string=TEXT and file=FILE."
        raise UsageError(expected, f"It got '{text}'.", "Such as -fw_cfg name=opt/mine,string=hello.")
    if "file" in pairs:
        return FirmwareItem(pairs["name"], Path(pairs["file"]))
    return FirmwareItem(pairs["name"], pairs["string"].encode("utf-8", "surrogateescape"))


def dump(text: str) -> MemoryDump:
    parts = text.split(",", 2)
    if len(parts) != 3 or not parts[2]:
        raise UsageError(
            "--dump-memory expects ADDR,LEN,FILE, such as 0x80000000,4K,ram.bin.", f"It got '{text}'."
        )
    return MemoryDump(
        quantities.address(parts[0], "--dump-memory"),
        quantities.size(parts[1], "--dump-memory"),
        Path(parts[2]),
    )


def choice(text: str | None, option: str, words: tuple[str, ...], default: str) -> str:
    if text is None:
        return default
    if text not in words:
        raise UnknownName.among(f"value of {option}", text, words)
    return text
