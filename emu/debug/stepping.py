"""Steps: an instruction, a call, a line, a function.

None of them decodes an instruction. Whether one was a call is seen in the state after it: the return address register,
or the top of the stack, holds the address behind it (QEMU's and gdb's `ni` decode; this works for every ISA alike).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from emu.debug.errors import NotPossible, Unreadable
from emu.debug.stop import Stop, StopKind
from isa.register import Role

if TYPE_CHECKING:
    from emu.debug.debugger import Debugger, Here
    from emu.debug.location import Location
    from emu.schedule import Vcpu
    from isa.contract import Isa

RETURNS: Final = {
    "riscv32": "a0", "riscv64": "a0", "aarch64": "x0", "arm": "r0", "x86_64": "rax", "i386": "eax", "mips": "v0",
    "mipsel": "v0", "mips64": "v0", "mips64el": "v0", "ppc": "r3", "ppc64": "r3", "sparc": "o0", "sparc64": "o0",
    "m68k": "d0", "s390x": "r2", "tricore": "d2",
}  # fmt: skip
"""Where a function's integer result is, by each ISA's procedure call standard."""
MOST_STEPS: Final = 1_000_000
"""Instructions of one line, until a step of lines gives up there."""


def step(debugger: Debugger, count: int = 1) -> Stop:
    stop = debugger.stop
    for _ in range(count):
        stop = one(debugger)
        if stop.kind is not StopKind.STEP or stop.trap is not None:
            break
    return stop


def one(debugger: Debugger) -> Stop:
    """One instruction of the selected vCPU, or the trap that it takes instead. Others run on in their turns."""
    machine, number = debugger.machine, debugger.vcpu
    vcpu = machine.vcpus[number]
    arch = vcpu.arch
    before = arch.retired
    while True:
        if machine.schedule.pick() is not vcpu:  # another one's turn is not over
            arch.forget_breakpoint()
            stop = debugger.run(None, None, {arch.pc: lambda other: other is vcpu}, standing=vcpu)
            if stop.kind is not StopKind.STEP or stop.vcpu != number:
                return stop
        stop = debugger.run(machine.retired + 1, traps=True)
        if stop.kind is StopKind.POSITION:
            if arch.retired != before:
                return debugger._stopped(StopKind.STEP, "stepped", number)
        elif stop.kind is not StopKind.STEP or stop.vcpu == number:
            return stop


def step_within(debugger: Debugger, low: int, high: int, *, over_interrupts: bool) -> Stop:
    """One instruction, and more while the pc stays in [low, high). With `over_interrupts` the handler of an interrupt is
    run to its return and the instruction stepped then; an exception stops at its handler."""
    isa, vcpu = debugger.machine.isa, debugger.machine.vcpus[debugger.vcpu]
    while True:
        pc, sp = debugger.pc, _sp(isa, vcpu)
        stop = one(debugger)
        if stop.kind is not StopKind.STEP:
            return stop
        if stop.trap is not None:
            if not (stop.trap.interrupt and over_interrupts):
                return stop
            stop = debugger.run(None, None, {pc: _same(isa, vcpu, sp)})
            if stop.kind is not StopKind.STEP:
                return stop
            continue
        if not low <= stop.pc < high or any(
            stop.pc in point.addresses for point in debugger.points.breakpoints
        ):
            return stop


def step_over(debugger: Debugger) -> Stop:
    isa = debugger.machine.isa
    vcpu = debugger.machine.vcpus[debugger.vcpu]
    while True:
        pc, sp = debugger.pc, _sp(isa, vcpu)
        following = _following(debugger, pc)
        stop = one(debugger)
        if stop.kind is not StopKind.STEP:
            return stop
        if stop.trap is not None:  # run its handler
            places: dict[int, Here] = {at: _same(isa, vcpu, sp) for at in {pc, *following}}
            stop = debugger.run(None, None, places)
            if stop.kind is StopKind.STEP and stop.pc == pc:
                continue  # it was an interrupt: the instruction itself comes now
            return stop
        back = _called(debugger, vcpu, pc, following)
        if back is None:
            return stop
        return debugger.run(None, None, {back: _above(isa, vcpu, sp)})


def step_out(debugger: Debugger) -> Stop:
    level = debugger.frame
    frames = debugger.backtrace(level + 2)
    if len(frames) < level + 2:
        raise NotPossible("finish", "no caller of this function is known", "Set a breakpoint instead")
    isa, vcpu = debugger.machine.isa, debugger.machine.vcpus[debugger.vcpu]
    frame, caller = frames[level], frames[level + 1]
    sp = frame.cfa if frame.cfa is not None else frame.sp + (0 if isa.of_role(Role.RA) else 1)
    stop = debugger.run(None, None, {caller.pc: _above(isa, vcpu, sp)})
    if stop.kind is not StopKind.STEP:
        return stop
    result = RETURNS.get(isa.name)
    value = f"; ${result} = {vcpu.arch.read_register(result):#x}" if result is not None else ""
    name = f" of {frame.symbol.partition('+')[0]}" if frame.symbol else ""
    return debugger._stopped(StopKind.STEP, f"after the return{name}{value}", vcpu.id)


def until(debugger: Debugger, location: Location, timeout: float | None) -> Stop:
    isa, vcpu = debugger.machine.isa, debugger.machine.vcpus[debugger.vcpu]
    places: dict[int, Here] = {at: (lambda other: other is vcpu) for at in location.addresses}
    try:
        frames = debugger.backtrace(2)
    except Unreadable:
        frames = []
    if len(frames) > 1 and frames[1].pc not in places and frames[0].cfa is not None:
        places[frames[1].pc] = _above(isa, vcpu, frames[0].cfa)
    return debugger.run(None, timeout, places)


def step_line(debugger: Debugger, *, into: bool) -> Stop:
    info, isa = debugger.info, debugger.machine.isa
    line = info.line(debugger.pc)
    if line is None:
        return one(debugger) if into else step_over(debugger)
    vcpu = debugger.machine.vcpus[debugger.vcpu]
    stop = debugger.stop
    for _ in range(MOST_STEPS):
        if debugger._interrupted:
            return debugger.run(debugger.machine.retired)
        pc, sp = debugger.pc, _sp(isa, vcpu)
        following = _following(debugger, pc)
        stop = one(debugger) if into else step_over(debugger)
        if stop.kind is not StopKind.STEP:
            return stop
        if stop.trap is not None:
            stop = debugger.run(None, None, {at: _same(isa, vcpu, sp) for at in {pc, *following}})
            if stop.kind is not StopKind.STEP:
                return stop
        now = info.line(debugger.pc)
        if now is not None and (now.file, now.line) != (line.file, line.line):
            return (
                _behind_prologue(debugger, vcpu)
                if into
                else debugger._stopped(StopKind.STEP, f"at {now}", vcpu.id)
            )
        if now is None and into:
            back = _called(debugger, vcpu, pc, following)
            if back is None:
                return debugger._stopped(StopKind.STEP, "in code without lines", vcpu.id)
            stop = debugger.run(None, None, {back: _above(isa, vcpu, sp)})
            if stop.kind is not StopKind.STEP:
                return stop
    return debugger._stopped(
        StopKind.STEP,
        f"after {MOST_STEPS:,} instructions of the same line; `c` and `finish` lead on",
        vcpu.id,
    )


def _behind_prologue(debugger: Debugger, vcpu: Vcpu) -> Stop:
    """Where the arguments of a function that was just entered are in their places, as gdb's `step`."""
    info, pc = debugger.info, vcpu.arch.pc
    function = info.function(pc)
    entered = function is not None and pc in (function.low, debugger.symbols.entry(function.name))
    body = info.body(function) if function is not None and entered else pc
    if body != pc:
        stop = debugger.run(None, None, {body: lambda each: each.id == vcpu.id})
        if stop.kind is not StopKind.STEP:
            return stop
    return debugger._stopped(StopKind.STEP, f"at {info.line(debugger.pc)}", vcpu.id)


def _following(debugger: Debugger, pc: int) -> tuple[int, ...]:
    """The addresses that the instruction at `pc` may return to when it calls: behind it, and behind a delay slot."""
    isa = debugger.machine.isa
    decoded = isa.decoding(debugger.scope(debugger.vcpu).register) if isa.decoding is not None else isa
    code = debugger.memory.readable(pc, isa.max_instruction_length)
    if not code:
        return ()
    mask = (1 << isa.bits) - 1
    length = decoded.instruction_length(code)
    slots = (length + 4,) if isa.name.startswith(("mips", "sparc")) else ()
    return tuple((pc + each) & mask for each in (length, *slots))


def _called(debugger: Debugger, vcpu: Vcpu, pc: int, following: tuple[int, ...]) -> int | None:
    """Where a call that was at `pc`, and has been made, returns to; None where it was none."""
    isa = debugger.machine.isa
    if debugger.pc in following or not following:
        return None
    links = isa.of_role(Role.RA)
    if links:
        link = vcpu.arch.read_register(links[0].name)
        if isa.name.startswith("sparc"):
            return following[-1] if link == pc else None
        if isa.name == "arm":
            link &= ~1
        return link if link in following else None
    try:
        top = debugger.memory.number(_sp(isa, vcpu), isa.bits // 8)
    except Unreadable:
        return None
    return top if top in following else None


def _sp(isa: Isa, vcpu: Vcpu) -> int:
    stack = isa.of_role(Role.SP)
    return vcpu.arch.read_register(stack[0].name) if stack else 0


def _same(isa: Isa, vcpu: Vcpu, sp: int) -> Here:
    """That vCPU, with its stack as it was."""
    return lambda other: other is vcpu and _sp(isa, vcpu) == sp


def _above(isa: Isa, vcpu: Vcpu, sp: int) -> Here:
    """That vCPU, with its stack as it was or shorter: not a deeper call of the same function."""
    return lambda other: other is vcpu and _sp(isa, vcpu) >= sp
