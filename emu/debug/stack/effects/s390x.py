"""z/Architecture."""

from __future__ import annotations

from emu.debug.stack.symbolic import Flow, State, displaced, number

_NO_TARGET = ("c", "st", "mv", "tm", "nop", "lpsw", "lctl", "ssm", "stosm", "lae", "ni", "oi", "xi", "xc", "cs")


def effect(state: State, mnemonic: str, operands: list[str]) -> Flow:
    operands = [each.replace("%", "") for each in operands]
    name = mnemonic
    if name.startswith("lpsw"):
        return Flow.TRAP_RETURN
    if name in ("brasl", "bras", "basr", "bal", "bas"):
        state.forget(operands[0])
        return Flow.CALL if operands[-1] not in ("0", "r0") else Flow.NEXT
    if name in ("br", "b"):
        return Flow.END
    if name in ("j", "jg", "brc", "brcl") and len(operands) == 1:
        return Flow.JUMP
    if name[0] == "j" or name.startswith(("cgij", "cgrj", "cij", "crj", "clgij", "clgrj", "clij", "clrj", "brct")):
        return Flow.BRANCH
    if not operands:
        return Flow.NEXT
    target, place = operands[0], displaced(operands[-1].replace("0(r0", "("))
    if name in ("stmg", "lmg") and place is not None:
        first, last = int(operands[0][1:]), int(operands[1][1:])
        base, offset = place
        values = [(f"r{number}", offset + 8 * (number - first)) for number in range(first, last + 1)]
        if name == "stmg":
            for register, at in values:
                state.store(register, base, at)
        else:
            anchor = state.copy()
            for register, at in values:
                anchor.load(register, base, at)
                state.put(register, anchor.get(register))
            if last == 15 and state.get("r15") in (None,):
                state.put("r15", None)
    elif name in ("stg", "lg") and place is not None:
        (state.store if name == "stg" else state.load)(target, *place)
    elif name in ("aghi", "agfi") and (amount := number(operands[1])) is not None:
        state.add(target, target, amount)
    elif name == "slgfi" and (amount := number(operands[1])) is not None:
        state.add(target, target, -amount)
    elif name in ("la", "lay") and place is not None:
        state.add(target, *place)
    elif name in ("lghi", "lgfi") and (amount := number(operands[1])) is not None:
        state.put(target, amount)
    elif name == "lgr":
        state.move(target, operands[1])
    elif name in ("agr", "sgr"):
        state.add_register(target, target, operands[1], 1 if name == "agr" else -1)
    elif not name.startswith(_NO_TARGET):
        state.forget(target)
    return Flow.NEXT
