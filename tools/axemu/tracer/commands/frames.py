"""Commands that choose a frame or a vCPU."""

from __future__ import annotations

from dataclasses import replace

from axemu.tracer.commands.command import Answer
from axemu.tracer.commands.running import count
from emu.debug.debugger import Debugger


def frame_lines(debugger: Debugger, only: int | None = None) -> str:
    rows = []
    for each in debugger.backtrace():
        if only in (None, each.level):
            line = debugger.info.line(each.pc)
            how = f"  ({each.method.value})" if each.method is not None else ""
            rows.append(
                f"{'*' if each.level == debugger.frame else ' '}#{each.level}  {each.pc:#x} in {each.symbol or '?'}"
                f"{f' at {line}' if line else ''}{how}"
            )
    return "\n".join(rows)


def backtrace(debugger: Debugger, text: str) -> Answer:
    return Answer(frame_lines(debugger))


def frame(debugger: Debugger, text: str) -> Answer:
    debugger.frame = count(text, debugger.frame)
    code = debugger.backtrace()[debugger.frame].pc if debugger.frame else None
    return Answer(frame_lines(debugger, only=debugger.frame), view=lambda view: replace(view, code=code))


def up(debugger: Debugger, text: str) -> Answer:
    return frame(debugger, str(debugger.frame + count(text)))


def down(debugger: Debugger, text: str) -> Answer:
    return frame(debugger, str(debugger.frame - count(text)))


def vcpu(debugger: Debugger, text: str) -> Answer:
    debugger.vcpu = count(text, debugger.vcpu)
    return Answer(f"vCPU {debugger.vcpu} at {debugger.place(debugger.pc)}")
