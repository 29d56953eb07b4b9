"""What a vCPU is doing, and which interrupts wait for it: from its state, its control block, and its registers.

The lines are those that devices drive into it; what its own registers make of them is as each architecture's manual has
it: RISC-V privileged 1.12 [3.1.6, 3.1.9], Intel SDM 3A [6.8], Arm DDI 0487 [D1.3], DDI 0406 [B1.8], DDI 0403 [B1.5],
MIPS MD00090 [6.1], Power Book III [6.5], M68000PRM [6.1], SPARC V8 [7.3] and V9 [7.5], z/Architecture [6], TriCore 1.6
[5].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from axvcpu.states import BlockReason, VCpuState
from emu.debug.privilege import privilege
from isa.abilities import ReadRegister
from isa.contract import Isa
from isa.errors import UnknownRegister
from isa.riscv import paging as riscv
from isa.riscv.causes import PRIORITY
from isa.riscv.state import MACHINE_LINES
from isa.x86 import paging as x86

if TYPE_CHECKING:
    from emu.machine import Machine

_STALE: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Interrupts:
    """By name, those that are pending, and those that may interrupt one by one. `open`: whether the CPU takes any now;
    None where that is not known. `reason`: why nothing that is pending is taken; "" where something is, or nothing is
    pending."""

    pending: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()
    open: bool | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class VcpuView:
    """One vCPU now. `block`: what it waits for, None for nothing. `lines`: the interrupt lines that devices hold high.
    `privilege` is None where the ISA shows none; `mode` says what else decides how it runs, "" for nothing."""

    number: int
    state: VCpuState
    block: BlockReason | None
    pc: int
    lines: tuple[str, ...]
    interrupts: Interrupts
    privilege: str | None
    mode: str


def vcpu_view(machine: Machine, number: int) -> VcpuView:
    """The vCPU of that number; nothing of it changes."""
    machine.settle()
    vcpu, isa = machine.vcpus[number], machine.isa
    arch = vcpu.arch
    block, read = arch.block[0], arch.read_register
    lines, told = int(block["lines"]), int(block["lines_told"]) & ~_STALE
    return VcpuView(
        number,
        vcpu.state,
        vcpu.block_reason,
        arch.pc,
        tuple(line_name(isa, line) for line in range(lines.bit_length()) if lines >> line & 1),
        interrupts(isa, read, lines, told),
        _privilege(isa, read),
        mode(isa, read),
    )


def _privilege(isa: Isa, read: ReadRegister) -> str | None:
    if not _has(isa, "nvic_ispr0"):
        return privilege(isa, read)
    unprivileged = not read("xpsr") & 0x1FF and read("control") & 1  # [m B1.3.1]
    return "unprivileged" if unprivileged else "privileged"


def line_name(isa: Isa, line: int) -> str:
    """Of a line into a vCPU: `timer`, `external`, `software`, else the manual's name of the interrupt, or `line 9`."""
    if isa.lines is not None:
        for name in ("timer", "external", "software"):
            if getattr(isa.lines, name) == line:
                return name
    for vector in isa.vectors:
        if vector.interrupt and vector.number == line:
            return vector.name
    return f"line {line}"


def interrupts(isa: Isa, read: ReadRegister, lines: int, told: int) -> Interrupts:
    """What waits for a CPU with these registers. `told`: the lines that its registers show already."""
    if isa.name.startswith("riscv"):
        return _riscv(isa, read, lines, told)
    if isa.name.startswith("mips"):
        return _mips(read, lines)
    if _has(isa, "nvic_ispr0"):
        return _cortex_m(isa, read)
    return _gated(isa, read, lines)


def _gated(isa: Isa, read: ReadRegister, lines: int) -> Interrupts:
    """Where one bit lets all lines in, or those above a level."""
    numbers = [line for line in range(lines.bit_length()) if lines >> line & 1]
    known = [] if isa.lines is None else [isa.lines.timer, isa.lines.external, isa.lines.software]
    pending = tuple(line_name(isa, line) for line in numbers)
    closed, level = _GATES.get(isa.name), _LEVELS.get(isa.name)
    current = -1 if level is None else level(read)
    enabled = tuple(line_name(isa, line) for line in sorted({*known, *numbers}) if line > current)
    if closed is None:
        return Interrupts(pending, enabled)
    reason = closed(read)
    if reason or not pending:
        return Interrupts(pending, enabled, not reason, reason if pending else "")
    held = all(line <= current for line in numbers)
    return Interrupts(pending, enabled, True, f"the CPU's level is {current}" if held else "")


def _has(isa: Isa, name: str) -> bool:
    try:
        return isa.register(name).name == name
    except UnknownRegister:
        return False


def _riscv(isa: Isa, read: ReadRegister, lines: int, told: int) -> Interrupts:
    driven = (lines ^ told) | MACHINE_LINES
    pending, enabled = read("mip") & ~driven | lines & driven, read("mie")
    level, status, delegated = read("priv"), read("mstatus"), read("mideleg")
    machine = level < 3 or bool(status & 0x8)
    supervisor = level < 1 or (level == 1 and bool(status & 0x2))
    ready = pending & enabled
    taken = (ready & ~delegated if machine else 0) | (ready & delegated if supervisor else 0)
    reason = ""
    if pending and not ready:
        reason = "not enabled in mie"
    elif ready and not taken:
        own = ready & ~delegated
        if own:
            reason = "mstatus.MIE is 0"
        else:
            reason = (
                "mstatus.SIE is 0" if level == 1 else "delegated to supervisor mode, and this is machine mode"
            )
    names = {number: isa.vector_name(number, interrupt=True) for number in map(int, PRIORITY)}
    return Interrupts(
        tuple(name for number, name in names.items() if pending >> number & 1),
        tuple(name for number, name in names.items() if enabled >> number & 1),
        machine if level == 3 else supervisor or machine,
        reason,
    )


def _mips(read: ReadRegister, lines: int) -> Interrupts:
    status = read("status")
    pending, mask = lines & 0xFC | read("cause") >> 8 & 3, status >> 8 & 0xFF
    closed = status & 1 == 0 or bool(status & 6)
    reason = ""
    if pending:
        if not pending & mask:
            reason = "not enabled in Status.IM"
        elif closed:
            reason = "Status.IE is 0" if not status & 1 else "Status.EXL or ERL is 1"
    bits = range(8)
    return Interrupts(
        tuple(f"IP{bit}" for bit in bits if pending >> bit & 1),
        tuple(f"IP{bit}" for bit in bits if mask >> bit & 1),
        not closed,
        reason,
    )


_SYSTEM: Final = ((31, "NMI"), (28, "PendSV"), (26, "SysTick"))
"""Bits of ICSR of exceptions that are pending [m B3.2.4]."""


def _cortex_m(isa: Isa, read: ReadRegister) -> Interrupts:
    icsr, waiting, enabled = read("icsr"), read("nvic_ispr0"), read("nvic_iser0")
    system = tuple(name for bit, name in _SYSTEM if icsr >> bit & 1)
    closed = bool(read("primask") & 1)
    pending = (*system, *(f"IRQ{n}" for n in range(32) if waiting >> n & 1))
    ready = bool(system) or bool(waiting & enabled)
    reason = ""
    if pending:
        reason = "not enabled in NVIC_ISER0" if not ready else "PRIMASK is 1" if closed else ""
    return Interrupts(pending, tuple(f"IRQ{n}" for n in range(32) if enabled >> n & 1), not closed, reason)


def _bit(register: str, mask: int, wanted: int, reason: str) -> Callable[[ReadRegister], str]:
    """Closed, for that reason, unless `register & mask == wanted`."""
    return lambda read: "" if read(register) & mask == wanted else reason


_GATES: Final[Mapping[str, Callable[[ReadRegister], str]]] = {
    "x86_64": _bit("eflags", 0x200, 0x200, "eflags.IF is 0"),
    "i386": _bit("eflags", 0x200, 0x200, "eflags.IF is 0"),
    "aarch64": _bit("cpsr", 0x80, 0, "PSTATE.I is 1"),
    "arm": _bit("cpsr", 0x80, 0, "CPSR.I is 1"),
    "ppc": _bit("msr", 0x8000, 0x8000, "MSR.EE is 0"),
    "ppc64": _bit("msr", 0x8000, 0x8000, "MSR.EE is 0"),
    "sparc": _bit("psr", 0x20, 0x20, "PSR.ET is 0"),
    "sparc64": _bit("pstate", 0x2, 0x2, "PSTATE.IE is 0"),
    "s390x": _bit("pswm", 1 << 56, 1 << 56, "the PSW's external mask is 0"),
    "tricore": _bit("icr", 0x100, 0x100, "ICR.IE is 0"),
    "m68k": lambda read: "",
}
_LEVELS: Final[Mapping[str, Callable[[ReadRegister], int]]] = {
    "m68k": lambda read: read("sr") >> 8 & 7,
    "sparc": lambda read: read("psr") >> 8 & 15,
    "sparc64": lambda read: read("pil") & 15,
    "tricore": lambda read: read("icr") & 0xFF,
}
"""The level that an interrupt, whose level is its line's number, must exceed."""


def mode(isa: Isa, read: ReadRegister) -> str:
    """What else than the privilege decides how instructions are read and addresses translated."""
    if isa.name.startswith("riscv"):
        tables = riscv.scheme(read("satp"), isa.bits)
        return "bare" if tables is None else tables.name
    if isa.name in ("x86_64", "i386"):
        cr0, efer = read("cr0"), read("efer")
        tables_ = x86.scheme(cr0, read("cr4"), efer)
        word = "long" if efer >> 10 & 1 else "protected" if cr0 & 1 else "real"
        return f"{word} mode, {'no' if tables_ is None else tables_.name} paging"
    if isa.name == "aarch64":
        level = max(read("cpsr") >> 2 & 3, 1)
        return "MMU on" if read(f"sctlr_el{level}") & 1 else "MMU off"
    if _has(isa, "nvic_ispr0"):
        number = read("xpsr") & 0x1FF
        return f"handler of exception {number}" if number else "thread"
    if isa.name == "arm":
        state = "Thumb" if read("cpsr") & 0x20 else "Arm"
        return f"{state}, MMU {'on' if read('sctlr') & 1 else 'off'}"
    return ""
