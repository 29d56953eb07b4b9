"""Why a guest stopped: the exit, the instruction, its operands, the page walk, and what to try next."""

from __future__ import annotations

from rich.text import Text

from axemu.tracer.codeview import decoding, operand_values, reader
from axemu.tracer.exitview import Places
from axemu.tracer.origin import row_since, since, stop_text
from axemu.tracer.palette import Palette
from axemu.tracer.panes.parts import guest_time
from emu.debug.debugger import Debugger
from emu.debug.devices import describe
from emu.debug.errors import DebugError
from emu.debug.exits import Event, ExitRow
from emu.debug.stop import StopKind
from emu.debug.walk import walk
from isa.disassembly import disassemble
from isa.errors import IsaError


def why_lines(debugger: Debugger, places: Places, palette: Palette, index: int | None) -> list[Text]:
    """Of the stop, or of the exit in row `index`."""
    lines: list[Text] = []
    stop, log = debugger.stop, debugger.exits

    def say(name: str, text: str, style: str = "") -> None:
        line = Text()
        line.append(f"{name:<12}", palette.faint)
        line.append(text, style)
        lines.append(line)

    last = len(log) - 1
    faults = [each for each in log.last(64) if each.kind in (Event.FAULT, Event.UNMAPPED, Event.CRASH)]
    if index is None:
        say(
            "stopped",
            f"{stop.kind.value}: {stop_text(debugger, stop)}",
            palette.bad if stop.over else palette.title,
        )
        say("where", f"{debugger.place(stop.pc)}, vCPU {stop.vcpu}, {since(debugger, stop.position)}")
        pc = stop.pc
        if stop.kind is StopKind.CRASHED and faults:
            index = faults[0].index if faults[0].kind is Event.FAULT else faults[-1].index
    else:
        pc = log[index].pc
    if index is not None and log.dropped <= index <= last:
        row = log[index]
        pc = row.pc
        say(
            "exit",
            f"{row_since(debugger, row).number:,}: {row.kind.text} {_what(debugger, row)}",
            palette.write,
        )
        say(
            "time",
            f"{guest_time(row.time)}, instruction {row_since(debugger, row).instruction:,}, at {debugger.place(pc)}",
        )
    isa = decoding(debugger)
    code = debugger.memory.readable(pc, isa.max_instruction_length)
    try:
        instruction = disassemble(isa, code, pc, limit=1)[0] if code else None
    except IsaError:
        instruction = None
    if instruction is None:
        say("instruction", f"no memory is at {pc:#x}: the guest jumped there", palette.bad)
    else:
        say("instruction", f"{pc:#x}  {instruction}", palette.code)
        if pc == debugger.pc:
            say("operands", operand_values(debugger, isa, instruction) or "none")
            address = pc
            if isa.effective_address is not None:
                touched = isa.effective_address(instruction.code, reader(debugger))
                address = touched[0].address if touched else pc
            say("address", debugger.place(address), palette.address)
            try:
                for step in walk(debugger.machine, debugger.vcpu, address).rows:
                    say("  walk", str(step))
            except DebugError as error:
                say("  walk", str(error))
            physical = debugger.memory.translate(address)
            if physical is not None and debugger.machine.bus.find(physical) is None:
                say("  bus", f"nothing is at guest-physical {physical:#x}", palette.bad)
    line = debugger.info.line(pc)
    if line is not None:
        say("source", str(line), palette.string)
    try:
        chain = " ← ".join((each.symbol or f"{each.pc:#x}") for each in debugger.backtrace(8))
        say("called by", chain, palette.symbol)
    except DebugError:
        pass
    lines.append(Text())
    lines.append(Text("last events", palette.faint))
    for row in log.last(6):
        number, what = row_since(debugger, row).number, _what(debugger, row)
        lines.append(Text(f"  {number:>6} {row.kind.text:<12} {what}  {debugger.place(row.pc)}"))
    lines.append(Text())
    say("try", _next(debugger, bool(faults)), palette.good)
    return lines


def _what(debugger: Debugger, row: ExitRow) -> str:
    found = describe(debugger.machine, row, debugger.exits)
    if found is not None:
        return str(found)
    if row.kind in (Event.TRAP, Event.INTERRUPT, Event.CRASH):
        key = (row.address, row.kind is Event.INTERRUPT)
        name = next((v.name for v in debugger.machine.isa.vectors if (v.number, v.interrupt) == key), None)
        return f"{name or f'cause {row.address}'}, {row.value:#x}"
    return f"{row.address:#x} {row.value:#x}"


def _next(debugger: Debugger, faulted: bool) -> str:
    stop = debugger.stop
    match stop.kind:
        case StopKind.CRASHED if faulted:
            fault = next(
                each
                for each in debugger.exits.last(64)
                if each.kind in (Event.FAULT, Event.UNMAPPED, Event.CRASH)
            )
            before = max(row_since(debugger, fault).instruction - 20, 0)
            return f":restart, then :goto {before} - the state shortly before; then s"
        case StopKind.CRASHED:
            return ":bt - who called this; :restart runs it again"
        case StopKind.BLOCKED:
            return ":info threads - what each vCPU waits for"
        case StopKind.ENDED:
            return ":restart - run it again"
        case StopKind.START:
            return ":b main, then c"
        case _:
            return ":bt - who called this; s steps on"
