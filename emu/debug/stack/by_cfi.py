"""The caller by call frame information."""

from __future__ import annotations

from emu.debug.dwarf_registers import dwarf_register
from emu.debug.stack.caller import Caller, Context, Here, Outermost
from emu.debug.stack.cfi import Kind, Rule, Rules
from emu.debug.stack.expression import evaluate
from emu.debug.stack.frame import Method


def caller(context: Context, here: Here, rules: Rules) -> Caller | Outermost | None:
    """None where the rules need what is not known."""
    cfa = _cfa(context, here, rules)
    if cfa is None:
        return None
    values: dict[str, int] = {}
    preserved = [context.name(each) for each in context.layout.preserved]
    values |= {name: here.registers[name] for name in preserved if name in here.registers}
    sp = context.name(context.layout.sp)
    values[sp] = (cfa - context.layout.bias) & context.reading.mask
    column = rules.return_register
    for number, rule in rules.registers.items():
        name = dwarf_register(context.isa, number)
        if name is not None and number != column:
            value = _value(context, here, cfa, number, rule)
            if value is None:
                values.pop(name, None)
            else:
                values[name] = value
    address = _return_address(context, here, cfa, rules)
    if address is None or isinstance(address, Outermost):
        return address
    return Caller(context.plain(address), values[sp], cfa, _with_pc(context, values, address), Method.CFI)


def _with_pc(context: Context, values: dict[str, int], address: int) -> dict[str, int]:
    if context.isa.name == "arm":  # bit 0 says which instruction set the caller goes on in
        values["pc"] = address
    return values


def _return_address(context: Context, here: Here, cfa: int, rules: Rules) -> int | Outermost | None:
    column = rules.return_register
    rule = rules.registers.get(column)
    where = context.symbols.name(here.call) or f"{here.pc:#x}"
    if rule is not None and rule.kind is Kind.UNDEFINED:
        return Outermost(f"{where} is the outermost frame: its return address is undefined")
    if rule is None or rule.kind is Kind.SAME:
        name = dwarf_register(context.isa, column)
        if not here.exact or name is None or name == context.name("pc"):
            return Outermost(f"{where} is the outermost frame: nothing says where its return address is")
        return here.registers.get(name)
    return _value(context, here, cfa, column, rule)


def _cfa(context: Context, here: Here, rules: Rules) -> int | None:
    if isinstance(rules.cfa, bytes):
        return evaluate(rules.cfa, context.reading, lambda number: _register(context, here, number))
    base = _register(context, here, rules.cfa[0])
    return None if base is None else (base + rules.cfa[1]) & context.reading.mask


def _register(context: Context, here: Here, number: int) -> int | None:
    name = dwarf_register(context.isa, number)
    return None if name is None else here.registers.get(name)


def _value(context: Context, here: Here, cfa: int, number: int, rule: Rule) -> int | None:
    reading = context.reading
    if isinstance(rule.value, bytes):
        result = evaluate(rule.value, reading, lambda each: _register(context, here, each), (cfa,))
        return reading.word(result) if result is not None and rule.kind is Kind.EXPRESSION else result
    match rule.kind:
        case Kind.OFFSET:
            return reading.word(cfa + rule.value)
        case Kind.VAL_OFFSET:
            return (cfa + rule.value) & reading.mask
        case Kind.REGISTER:
            return _register(context, here, rule.value)
        case Kind.SAME:
            return _register(context, here, number)
    return None
