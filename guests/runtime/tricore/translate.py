"""RV32EM assembly, as a C compiler writes it, into TriCore assembly: how the guests' C sources come to TriCore.

No C compiler for TriCore is packaged. RV32E has 15 registers and a zero; TriCore has 16 data registers: x1 to x15 are
d1 to d15, and d0 is zero. Addresses go through a15, what needs a scratch register takes d0 and makes it zero again. A
call leaves its return address in d1, as the compiler expects; the context list serves traps and interrupts alone.
"""

from __future__ import annotations

import re

NAMES = ("zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5")
REGISTERS = (
    {name: f"d{n}" for n, name in enumerate(NAMES)} | {f"x{n}": f"d{n}" for n in range(16)} | {"fp": "d8"}
)
_HALF = re.compile(r"%(hi|lo)\(([^)]+)\)")
_MEMORY = re.compile(r"(.*)\((\w+)\)$")
_PLAIN = {
    "add": "add",
    "sub": "sub",
    "and": "and",
    "or": "or",
    "xor": "xor",
    "slt": "lt",
    "sltu": "lt.u",
    "mul": "mul",
}
_IMMEDIATE = {"andi": "and", "ori": "or", "xori": "xor"}
_BRANCHES = {
    "beq": ("jeq", False), "bne": ("jne", False), "blt": ("jlt", False), "bge": ("jge", False),
    "bltu": ("jlt.u", False), "bgeu": ("jge.u", False), "bgt": ("jlt", True), "ble": ("jge", True),
    "bgtu": ("jlt.u", True), "bleu": ("jge.u", True),
}  # fmt: skip
_ZERO_BRANCHES = {
    "beqz": ("jeq", False), "bnez": ("jne", False), "bltz": ("jlt", False), "bgez": ("jge", False),
    "bgtz": ("jlt", True), "blez": ("jge", True),
}  # fmt: skip
_LOADS = {"lb": "ld.b", "lbu": "ld.bu", "lh": "ld.h", "lhu": "ld.hu", "lw": "ld.w"}
_STORES = {"sb": "st.b", "sh": "st.h", "sw": "st.w"}
_WIDE = {
    "mulhu": ("mul.u", 1),
    "mulh": ("mul", 1),
    "div": ("div", 0),
    "divu": ("div.u", 0),
    "rem": ("div", 1),
    "remu": ("div.u", 1),
}


class Untranslatable(Exception):
    """An instruction that no row knows."""


def constant(target: str, value: int) -> list[str]:
    """Load 32 bits."""
    value = (value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000
    if -0x8000 <= value < 0x8000:
        return [f"mov {target}, #{value}"]
    high = value + 0x8000 >> 16
    low = value - (high << 16)
    lines = [f"movh {target}, #{high & 0xFFFF}"]
    return [*lines, f"addi {target}, {target}, #{low}"] if low else lines


def _number(text: str) -> int | None:
    try:
        return int(text, 0)
    except ValueError:
        return None


def translate(text: str) -> str:
    """The whole source. Raises Untranslatable."""
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            lines += _line(line.split("#")[0].rstrip() if '"' not in line else line, number)
        except (KeyError, IndexError, ValueError, Untranslatable) as error:
            raise Untranslatable(f"line {number}: {line.strip()} ({error!r})") from None
    return "\n".join(lines) + "\n"


def _line(line: str, number: int) -> list[str]:
    stripped = line.strip()
    if not stripped or stripped.endswith(":") or stripped.startswith(".") or ":" in stripped.split()[0]:
        return [line]
    name, _, rest = stripped.partition("\t")
    return _instruction(name.strip(), [one.strip() for one in rest.split(",")] if rest else [], number)


def _instruction(name: str, operands: list[str], number: int) -> list[str]:
    if name in _LOADS or name in _STORES:
        return _access(name, operands)
    if name in _BRANCHES:
        code, swapped = _BRANCHES[name]
        first, second = (REGISTERS[each] for each in operands[:2])
        return [
            f"{code} {second}, {first}, {operands[2]}"
            if swapped
            else f"{code} {first}, {second}, {operands[2]}"
        ]
    if name in _ZERO_BRANCHES:
        code, swapped = _ZERO_BRANCHES[name]
        first = REGISTERS[operands[0]]
        return [f"{code} d0, {first}, {operands[1]}" if swapped else f"{code} {first}, d0, {operands[1]}"]
    if name in ("j", "tail"):
        return [f"j {operands[0]}"]
    if name == "call":
        label = f".Lreturn{number}"
        return [f"movh d1, hi:{label}", f"addi d1, d1, lo:{label}", f"j {operands[0]}", f"{label}:"]
    if name in ("jr", "ret"):
        return [f"mov.a a15, {REGISTERS[operands[0]] if operands else 'd1'}", "ji a15"]
    if name == "jalr":
        label = f".Lreturn{number}"
        target = REGISTERS[operands[-1]]
        return [
            f"mov.a a15, {target}",
            f"movh d1, hi:{label}",
            f"addi d1, d1, lo:{label}",
            "ji a15",
            f"{label}:",
        ]
    if name == "nop":
        return ["nop16"]
    if name == "lui":
        half = _HALF.match(operands[1])
        if half:
            return [f"movh {REGISTERS[operands[0]]}, hi:{half[2]}"]
        return constant(REGISTERS[operands[0]], int(operands[1], 0) << 12)
    if name == "li":
        return constant(REGISTERS[operands[0]], int(operands[1], 0))
    return _arithmetic(name, operands)


def _arithmetic(name: str, operands: list[str]) -> list[str]:
    target, first = REGISTERS[operands[0]], REGISTERS[operands[1]]
    if name == "mv":
        return [f"mov16 {target}, {first}"]
    if name == "not":
        return ["mov d0, #-1", f"xor {target}, {first}, d0", "mov d0, #0"]
    if name == "neg":
        return [f"rsub {target}, {first}, #0"]
    if name in ("seqz", "snez"):
        return [f"{'eq' if name == 'seqz' else 'ne'} {target}, {first}, #0"]
    if name == "sltz":
        return [f"lt {target}, {first}, #0"]
    if name == "sgtz":
        return [f"lt {target}, d0, {first}"]
    if name == "zext.b":
        return [f"and {target}, {first}, #255"]
    if name in _PLAIN:
        return [f"{_PLAIN[name]} {target}, {first}, {REGISTERS[operands[2]]}"]
    if name in ("sll", "srl", "sra"):
        code = "sha" if name == "sra" else "sh"
        lines = [f"and d0, {REGISTERS[operands[2]]}, #31"]
        if name != "sll":
            lines.append("rsub d0, d0, #0")
        return [*lines, f"{code} {target}, {first}, d0", "mov d0, #0"]
    if name in _WIDE:
        return _wide(name, target, first, REGISTERS[operands[2]])
    return _with_immediate(name, target, first, operands[2])


def _with_immediate(name: str, target: str, first: str, text: str) -> list[str]:
    half = _HALF.match(text)
    if half:
        return [f"addi {target}, {first}, lo:{half[2]}"]
    value = int(text, 0)
    if name == "addi":
        return [f"addi {target}, {first}, #{value}"]
    if name in ("slli", "srli", "srai"):
        return [
            f"{'sha' if name == 'srai' else 'sh'} {target}, {first}, #{value if name == 'slli' else -value}"
        ]
    if name in _IMMEDIATE and 0 <= value < 512:
        return [f"{_IMMEDIATE[name]} {target}, {first}, #{value}"]
    if name == "slti" and -256 <= value < 256:
        return [f"lt {target}, {first}, #{value}"]
    if name == "sltiu" and 0 <= value < 512:
        return [f"lt.u {target}, {first}, #{value}"]
    code = {"slti": "lt", "sltiu": "lt.u"}.get(name) or _IMMEDIATE[name]
    return [*constant("d0", value), f"{code} {target}, {first}, d0", "mov d0, #0"]


def _wide(name: str, target: str, first: str, second: str) -> list[str]:
    """Results of 64 bits: in e14, whose registers are kept in a13 and a14 meanwhile."""
    code, part = _WIDE[name]
    lines = ["mov.a a13, d14", "mov.a a14, d15", f"{code} e14, {first}, {second}", f"mov16 d0, d{14 + part}"]
    lines += ["mov.d d14, a13", "mov.d d15, a14", f"mov16 {target}, d0", "mov d0, #0"]
    return lines


def _access(name: str, operands: list[str]) -> list[str]:
    register = REGISTERS[operands[0]]
    match = _MEMORY.match(operands[1])
    if match is None:
        raise Untranslatable(operands[1])
    lines = [f"mov.a a15, {REGISTERS[match[2]]}"]
    offset = match[1] or "0"
    half = _HALF.match(offset)
    offset = f"lo:{half[2]}" if half else offset
    number = _number(offset)
    if number is None or not -512 <= number < 512:
        lines.append(f"lea a15, [a15]{offset}")
        offset = "0"
    place = f"[a15]{offset}"
    if name in _LOADS:
        return [*lines, f"{_LOADS[name]} {register}, {place}"]
    return [*lines, f"{_STORES[name]} {place}, {register}"]
