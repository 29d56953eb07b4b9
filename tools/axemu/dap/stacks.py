"""threads, stackTrace, scopes and exceptionInfo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from axemu.dap.errors import Refused
from axemu.dap.tree import (
    DevicesNode,
    ExitsNode,
    FrameOf,
    RegistersNode,
    VariablesNode,
    globals_of,
    locals_of,
)
from axvcpu.states import VCpuState
from emu.debug.stop import StopKind
from emu.debug.vcpus import vcpu_view

if TYPE_CHECKING:
    from axemu.dap.fields import Fields
    from axemu.dap.framing import Message
    from axemu.dap.session import Session
    from emu.debug.debugger import Debugger
    from emu.debug.stack import Frame

DEEPEST: Final = 1000


def threads(talk: Session, asked: Fields) -> Message:
    """The vCPUs, counted from 1."""

    def find(debugger: Debugger) -> list[Message]:
        return [
            {"id": each.id + 1, "name": f"vCPU {each.id}{_doing(debugger, each.id)}"}
            for each in debugger.machine.vcpus
        ]

    return {"threads": talk.reach(find)}


def _doing(debugger: Debugger, number: int) -> str:
    view = vcpu_view(debugger.machine, number)
    waits = view.state is VCpuState.BLOCKED and view.block is not None
    parts = [view.privilege or "", f"waits: {str(view.block.name).lower()}" if waits and view.block else ""]
    text = ", ".join(each for each in parts if each)
    return f" ({text})" if text else ""


def thread_of(talk: Session, asked: Fields) -> int:
    """The vCPU of a threadId. Raises Refused."""
    number = asked.number("threadId")
    count = talk.reach(lambda debugger: len(debugger.machine.vcpus))
    if not 1 <= number <= count:
        raise Refused(f"There is no thread {number}.", f"The machine has {count}, counted from 1.")
    return number - 1


def stack_trace(talk: Session, asked: Fields) -> Message:
    vcpu = thread_of(talk, asked)
    first, levels = asked.number("startFrame", 0), asked.number("levels", 0)
    if first < 0 or levels < 0:
        raise Refused("Expected startFrame and levels of at least 0.", f"It got {first} and {levels}.")
    last = min(first + levels, DEEPEST) if levels else DEEPEST

    def find(debugger: Debugger) -> Message:
        if debugger.vcpu != vcpu:
            debugger.vcpu = vcpu
        frames = debugger.backtrace(last + 1)
        rows = [_shown(talk, debugger, frames, level) for level in range(first, min(last, len(frames)))]
        return {"stackFrames": rows, "totalFrames": len(frames)}

    return talk.look(find)


def _shown(talk: Session, debugger: Debugger, frames: list[Frame], level: int) -> Message:
    """The protocol's StackFrame."""
    frame = frames[level]
    exact = level == 0 or frames[level - 1].is_trap
    code = frame.pc if exact else max(frame.pc - 1, 0)
    number = talk.number()
    talk.frames[number] = (debugger.vcpu, level)
    function = debugger.info.function(code)
    name = function.name if function is not None else frame.symbol or f"{frame.pc:#x}"
    inlined = [each.name for each in debugger.info.inlined(code)]
    body: Message = {
        "id": number,
        "name": " in ".join([*(f"{each} (inlined)" for each in inlined), name]),
        "line": 0,
        "column": 0,
        "instructionPointerReference": f"{frame.pc:#x}",
    }
    info = debugger.info.holder(code)
    line = None if info is None else info.line(code)
    if info is not None:
        body["moduleId"] = str(info.path)
    if info is not None and line is not None:
        body |= {
            "line": talk.places.shown_line(line.line),
            "column": talk.places.first_column,
            "source": talk.places.source(info, line),
        }
    else:
        body["presentationHint"] = "subtle"
    return body


def frame_of(talk: Session, asked: Fields) -> FrameOf:
    """Of a frameId; without one, where the guest stands. Raises Refused."""
    if not asked.has("frameId"):
        return talk.look(lambda debugger: FrameOf(debugger.vcpu, debugger.frame))
    number = asked.number("frameId")
    found = talk.frames.get(number)
    if found is None:
        raise Refused(f"No frame has the id {number}.", "Ids of frames end when the guest runs.")
    return FrameOf(*found)


def scopes(talk: Session, asked: Fields) -> Message:
    asked.number("frameId")
    frame = frame_of(talk, asked)
    counted = talk.look(lambda debugger: len(locals_of(debugger, frame.scope(debugger))))
    rows: list[Message] = [
        {
            "name": "Locals",
            "presentationHint": "locals",
            "variablesReference": talk.named(VariablesNode(frame, locals_of)),
            "namedVariables": counted,
            "expensive": False,
        },
        {
            "name": "Globals of this file",
            "variablesReference": talk.named(VariablesNode(frame, globals_of)),
            "expensive": True,
        },
        {
            "name": "Registers",
            "presentationHint": "registers",
            "variablesReference": talk.named(RegistersNode(frame)),
            "expensive": False,
        },
        {"name": "VM exits", "variablesReference": talk.named(ExitsNode()), "expensive": True},
        {"name": "Devices", "variablesReference": talk.named(DevicesNode()), "expensive": True},
    ]
    return {"scopes": rows}


def exception_info(talk: Session, asked: Fields) -> Message:
    thread_of(talk, asked)
    stop = talk.look(lambda debugger: debugger.stop)
    if stop.trap is not None:
        name = stop.trap.name
    elif stop.exit is not None:
        name = type(stop.exit).__name__
    elif stop.kind in (StopKind.CRASHED, StopKind.BLOCKED):
        name = stop.kind.value
    else:
        raise Refused("The guest has not stopped for an exception.", f"It stands because: {stop.text}.")
    details: Message = {"message": stop.text, "typeName": name}
    if stop.trap is not None:
        details["fullTypeName"] = f"{name}, cause {stop.trap.number:#x}, value {stop.trap.value:#x}"
    always = stop.kind is StopKind.CATCHPOINT
    return {
        "exceptionId": name,
        "description": stop.text,
        "breakMode": "always" if always else "unhandled",
        "details": details,
    }
