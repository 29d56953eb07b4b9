"""The table of requests, and the states that they have a place in."""

from __future__ import annotations

from typing import Final

from axemu.dap import (
    breakpoints,
    code,
    evaluation,
    memory,
    running,
    sources,
    stacks,
    starting,
    variables,
)
from axemu.dap.session import Request, State

REQUESTS: Final[dict[str, Request]] = {
    "initialize": starting.initialize,
    "launch": starting.launch,
    "attach": starting.attach,
    "configurationDone": starting.configuration_done,
    "restart": starting.restart,
    "terminate": starting.terminate,
    "disconnect": starting.disconnect,
    "cancel": starting.cancel,
    "setBreakpoints": breakpoints.set_breakpoints,
    "setFunctionBreakpoints": breakpoints.set_function_breakpoints,
    "setInstructionBreakpoints": breakpoints.set_instruction_breakpoints,
    "setExceptionBreakpoints": breakpoints.set_exception_breakpoints,
    "setDataBreakpoints": breakpoints.set_data_breakpoints,
    "dataBreakpointInfo": breakpoints.data_breakpoint_info,
    "breakpointLocations": breakpoints.breakpoint_locations,
    "continue": running.go_on,
    "next": running.over,
    "stepIn": running.into,
    "stepOut": running.out,
    "pause": running.pause,
    "threads": stacks.threads,
    "stackTrace": stacks.stack_trace,
    "scopes": stacks.scopes,
    "exceptionInfo": stacks.exception_info,
    "variables": variables.variables,
    "setVariable": variables.set_variable,
    "evaluate": evaluation.evaluate,
    "setExpression": evaluation.set_expression,
    "completions": evaluation.completions,
    "disassemble": code.disassembled,
    "readMemory": memory.read_memory,
    "writeMemory": memory.write_memory,
    "modules": sources.modules,
    "loadedSources": sources.loaded_sources,
    "source": sources.source,
}
_ALWAYS: Final = tuple(State)
_DEBUGGING: Final = (State.DEBUGGING,)
STATES: Final[dict[str, tuple[State, ...]]] = {
    "initialize": (State.NEW,),
    "launch": (State.GREETED,),
    "attach": (State.GREETED,),
    "configurationDone": (State.CONFIGURING,),
    "restart": (State.DEBUGGING, State.ENDED),
    "terminate": (State.CONFIGURING, State.DEBUGGING, State.ENDED),
    "disconnect": _ALWAYS,
    "cancel": _ALWAYS,
    **dict.fromkeys(("continue", "next", "stepIn", "stepOut", "pause"), _DEBUGGING),
}
"""Others need a guest, from CONFIGURING to DEBUGGING."""
