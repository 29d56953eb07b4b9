"""RISC-V, with the compressed instructions."""

from __future__ import annotations

from emu.debug.stack.symbolic import Flow, State, displaced, number

_STORES = ("sd", "sw", "sdsp", "swsp")
_LOADS = ("ld", "lw", "ldsp", "lwsp")
_NO_TARGET = ("sb", "sh", "fsd", "fsw", "fsdsp", "fswsp", "fence", "nop", "ebreak", "ecall", "wfi")
_BRANCHES = ("beq", "bne", "blt", "bge", "bltu", "bgeu", "beqz", "bnez", "blez", "bgez", "bltz", "bgtz")


def effect(state: State, mnemonic: str, operands: list[str]) -> Flow:
    name = mnemonic.removeprefix("c.")
    if name in _BRANCHES:
        return Flow.BRANCH
    if name in ("j", "jr", "ret", "jal", "jalr"):
        return _jump(state, name, operands, compressed=mnemonic.startswith("c."))
    if name in ("mret", "sret", "uret"):
        return Flow.TRAP_RETURN
    if name in _NO_TARGET or not operands:
        return Flow.NEXT
    target = operands[0]
    if name in _STORES or name in _LOADS:
        place = displaced(operands[1])
        if place is not None:
            (state.store if name in _STORES else state.load)(target, *place)
        return Flow.NEXT
    last = number(operands[-1])
    if name in ("addi", "addi16sp", "addi4spn") and last is not None:
        state.add(target, operands[1] if len(operands) == 3 else target, last)
    elif name == "mv" and len(operands) == 2:
        state.move(target, operands[1])
    elif name in ("li", "lui") and last is not None:
        state.put(target, last << 12 if name == "lui" else last)
    elif name in ("add", "sub"):
        sign = -1 if name == "sub" else 1
        state.add_register(target, operands[-2] if len(operands) == 3 else target, operands[-1], sign)
    elif not name.startswith("csr") or (target != "zero" and len(operands) == 3):
        state.forget(target)
    return Flow.NEXT


def _jump(state: State, name: str, operands: list[str], *, compressed: bool) -> Flow:
    if name in ("jr", "ret"):
        return Flow.END
    if name == "j":
        return Flow.JUMP
    link = operands[0] if operands and not compressed and number(operands[0]) is None else "ra"
    if name == "jalr" and len(operands) == 1:
        link = "ra"
    if link == "zero":
        return Flow.JUMP if name == "jal" else Flow.END
    state.forget(link)
    return Flow.CALL
