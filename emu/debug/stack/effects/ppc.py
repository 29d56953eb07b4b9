"""PowerPC, 32 and 64 bits."""

from __future__ import annotations

from emu.debug.stack.symbolic import Flow, State, displaced, number

_STORES = {"stw": 4, "std": 8, "stwu": 4, "stdu": 8}
_LOADS = ("lwz", "ld")
_NO_TARGET = ("cmp", "st", "mt", "nop", "sync", "isync", "cr", "dcb", "icb", "tlb", "sc", "tw", "trap", "mtlr")


def effect(state: State, mnemonic: str, operands: list[str]) -> Flow:
    name = mnemonic.rstrip("+-")
    if name[0] == "b" and name not in ("brh", "brw", "bpermd"):
        return _branch(state, name)
    if name.startswith("rf"):
        return Flow.TRAP_RETURN
    if not operands:
        return Flow.NEXT
    target = operands[0]
    if name in _STORES and (place := displaced(operands[1])) is not None:
        base, offset = place
        state.store(target, base, offset)
        if name.endswith("u"):
            state.add(base, base, offset)
    elif name in ("stwux", "stdux"):
        state.add_register(operands[1], operands[1], operands[2])
    elif name == "stmw" and (place := displaced(operands[1])) is not None:
        for register in range(int(target[1:]), 32):
            state.store(f"r{register}", place[0], place[1] + 4 * (register - int(target[1:])))
    elif name in _LOADS and (place := displaced(operands[1])) is not None:
        state.load(target, *place)
    elif name == "lmw" and (place := displaced(operands[1])) is not None:
        for register in range(int(target[1:]), 32):
            state.load(f"r{register}", place[0], place[1] + 4 * (register - int(target[1:])))
    elif name == "mflr":
        state.move(target, "lr")
    elif name == "mtlr":
        state.move("lr", target)
    elif not name.startswith(_NO_TARGET):
        _compute(state, name, operands)
    return Flow.NEXT


def _branch(state: State, name: str) -> Flow:
    if name.endswith("l") and name not in ("bnl",):
        state.forget("lr")
        return Flow.CALL
    if name in ("blr", "bctr"):
        return Flow.END
    if name.endswith(("lr", "ctr")):
        return Flow.NEXT  # a conditional return
    return Flow.JUMP if name in ("b", "ba") else Flow.BRANCH


def _compute(state: State, name: str, operands: list[str]) -> None:
    target, last = operands[0], number(operands[-1])
    if name in ("mr", "mr.") and len(operands) == 2:
        state.move(target, operands[1])
    elif name == "addi" and last is not None:
        state.add(target, operands[1], last)
    elif name in ("li", "lis") and last is not None:
        state.put(target, last << 16 if name == "lis" else last)
    elif name == "ori" and last is not None:
        state.add(target, operands[1], last)
    elif name == "add":
        state.add_register(target, operands[1], operands[2])
    else:
        state.forget(target)
