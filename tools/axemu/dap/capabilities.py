"""What initialize answers: exactly what is there."""

from __future__ import annotations

from typing import Final

from axemu.dap.framing import Message
from emu.debug.points import CATCHES

_EVENTS: Final = {
    "exit": ("VM exits", "Before any VM exit is answered."),
    "mmio": ("MMIO", "Before an access to a device."),
    "mmio-read": ("MMIO reads", "Before a device is read."),
    "mmio-write": ("MMIO writes", "Before a device is written."),
    "io": ("Port I/O", "Before a port is read or written (x86)."),
    "io-read": ("Port reads", "Before a port is read (x86)."),
    "io-write": ("Port writes", "Before a port is written (x86)."),
    "sysreg": ("System registers", "Before a system register is accessed that the machine answers."),
    "hypercall": ("Hypercalls", "Before a call of the machine: SBI, PSCI, semihosting."),
    "halt": ("Halts", "Where a vCPU waits for an interrupt."),
    "unmapped": ("Unmapped accesses", "Before an access to an address where nothing is."),
    "crash": (
        "Crashes",
        "Where the engine cannot go on. The guest always stands there; here before it is answered.",
    ),
    "exception": ("Guest exceptions", "Before the first instruction of the guest's handler."),
    "interrupt": ("Guest interrupts", "Before the first instruction of the guest's handler."),
    "privilege": ("Changes of privilege", "Where a vCPU goes to another level."),
}
CONDITION: Final = "an expression of C; $_address, $_value, $_width, $_number are the event's"


def capabilities() -> Message:
    return {
        "supportsConfigurationDoneRequest": True,
        "supportsFunctionBreakpoints": True,
        "supportsConditionalBreakpoints": True,
        "supportsHitConditionalBreakpoints": True,
        "supportsLogPoints": True,
        "supportsInstructionBreakpoints": True,
        "supportsDataBreakpoints": True,
        "supportsDataBreakpointBytes": True,
        "supportsBreakpointLocationsRequest": True,
        "supportsExceptionFilterOptions": True,
        "supportsExceptionInfoRequest": True,
        "exceptionBreakpointFilters": [_filter(each) for each in CATCHES],
        "supportsEvaluateForHovers": True,
        "supportsClipboardContext": True,
        "supportsSetVariable": True,
        "supportsSetExpression": True,
        "supportsValueFormattingOptions": True,
        "supportsCompletionsRequest": True,
        "completionTriggerCharacters": ["$", ":"],
        "supportsSteppingGranularity": True,
        "supportsDelayedStackTraceLoading": True,
        "supportsModulesRequest": True,
        "supportsLoadedSourcesRequest": True,
        "supportsReadMemoryRequest": True,
        "supportsWriteMemoryRequest": True,
        "supportsDisassembleRequest": True,
        "supportsRestartRequest": True,
        "supportsTerminateRequest": True,
        "supportTerminateDebuggee": True,
        "supportSuspendDebuggee": True,
        "supportsCancelRequest": True,
    }


def _filter(kind: str) -> Message:
    label, description = _EVENTS[kind]
    return {
        "filter": kind,
        "label": label,
        "description": description,
        "default": False,
        "supportsCondition": True,
        "conditionDescription": CONDITION,
    }
