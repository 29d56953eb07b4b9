"""SPARC: only whether the function has a register window of its own."""

from __future__ import annotations

from emu.debug.stack.symbolic import Flow, State


def effect(state: State, mnemonic: str, operands: list[str]) -> Flow:
    if mnemonic == "save":
        state.window = True
    elif mnemonic == "restore":
        state.window = False
    elif mnemonic in ("call", "jmpl") and (mnemonic == "call" or operands[-1:] == ["%o7"]):
        if not state.window:
            state.forget("o7")
        return Flow.CALL
    elif mnemonic in ("ret", "retl", "jmp", "return", "jmpl"):
        return Flow.END
    elif mnemonic in ("rett", "retry", "done"):
        return Flow.TRAP_RETURN
    elif mnemonic in ("ba", "b"):
        return Flow.JUMP
    elif mnemonic[0] == "b" or mnemonic.startswith(("fb", "cb")):
        return Flow.BRANCH
    elif mnemonic in ("mov", "or") and operands[-1:] == ["%o7"]:
        if operands[0].startswith("%") and len(operands) == 2:
            state.move("o7", operands[0][1:])
        else:
            state.forget("o7")
    elif mnemonic == "mov" and operands[:1] == ["%o7"]:
        state.move(operands[-1].lstrip("%"), "o7")
    return Flow.NEXT
