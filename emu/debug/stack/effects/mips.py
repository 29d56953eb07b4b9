"""MIPS, 32 and 64 bits. The walk takes the delay slots into account."""

from __future__ import annotations

from emu.debug.stack.symbolic import Flow, State, displaced, number

_STORES, _LOADS = ("sw", "sd"), ("lw", "ld")
_NO_TARGET = ("sb", "sh", "swc1", "sdc1", "mtc0", "dmtc0", "nop", "ehb", "sync", "cache", "swl", "swr", "syscall")


def effect(state: State, mnemonic: str, operands: list[str]) -> Flow:
    operands = [each.replace("$", "") for each in operands]
    name = mnemonic
    if name == "eret":
        return Flow.TRAP_RETURN
    if name in ("jal", "jalr", "bal", "bgezal", "jialc", "balc"):
        state.forget("ra")
        return Flow.CALL
    if name in ("j", "b"):
        return Flow.JUMP
    if name in ("jr", "jr.hb"):
        return Flow.END
    if name[0] == "b" and name != "break":
        return Flow.BRANCH
    if name in _NO_TARGET or not operands:
        return Flow.NEXT
    target = operands[0]
    if name in _STORES or name in _LOADS:
        place = displaced(operands[1])
        if place is not None:
            (state.store if name in _STORES else state.load)(target, *place)
        return Flow.NEXT
    last = number(operands[-1])
    if name in ("addiu", "addi", "daddiu", "daddi", "ori") and len(operands) == 3 and last is not None:
        if operands[1] in ("zero", "0"):
            state.put(target, last)
        else:
            state.add(target, operands[1], last)
    elif name == "lui" and last is not None:
        state.put(target, last << 16)
    elif name == "move":
        state.move(target, operands[1])
    elif name in ("addu", "daddu", "subu", "dsubu") and len(operands) == 3:
        if operands[2] in ("zero", "0"):
            state.move(target, operands[1])
        else:
            state.add_register(target, operands[1], operands[2], -1 if "sub" in name else 1)
    else:
        state.forget(target)
    return Flow.NEXT
