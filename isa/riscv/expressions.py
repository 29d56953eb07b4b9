"""Integer expressions in assembly operands: numbers, characters, symbols, and C's operators on them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|[0-9]+(?![\w.$]))"
    r"|(?P<symbol>[A-Za-z_.$][\w.$]*|[0-9]+[bf])"
    r"|(?P<char>'(?:\\.|[^'\\])')"
    r"|(?P<relocation>%(?:hi|lo)\b)"
    r"|(?P<operator><<|>>|[-+*/%&|^~()]))"
)
_ESCAPES = {"n": 10, "t": 9, "r": 13, "0": 0, "\\": 92, "'": 39, '"': 34}
_BINARY = {"|": 1, "^": 2, "&": 3, "<<": 4, ">>": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_DEPTH = 64


class ExpressionError(ValueError):
    """The text says what was wrong with the expression; the assembler adds the place."""


class UnknownSymbol(ExpressionError):
    def __init__(self, symbol: str) -> None:
        super().__init__(f"unknown symbol {symbol!r}")
        self.symbol = symbol


def evaluate(text: str, symbols: Mapping[str, int]) -> int:
    """The value. Raises ExpressionError. Precedence as in C; `/` and `%` truncate toward zero."""
    tokens = _tokens(text)
    value, rest = _binary(tokens, 0, symbols, 1, 0)
    if rest != len(tokens):
        raise ExpressionError(f"expected an operator, found {tokens[rest][1]!r}")
    return value


def high(value: int) -> int:
    """%hi: what lui must load so that adding the signed %lo gives the value back."""
    if not -(1 << 31) - 0x800 <= value < (1 << 32) - 0x800:
        raise ExpressionError(f"{value:#x} is beyond the reach of %hi and %lo (32 bits)")
    return value + 0x800 >> 12 & 0xFFFFF


def low(value: int) -> int:
    """%lo: the low 12 bits as a signed number."""
    return (value + 0x800 & 0xFFF) - 0x800


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(f"cannot read {text[at:].strip()!r} as part of an expression")
        kind = match.lastgroup
        assert kind is not None
        found.append((kind, match.group(kind)))
        at = match.end()
    if not found:
        raise ExpressionError("expected a value, found nothing")
    return found


def _binary(
    tokens: list[tuple[str, str]], at: int, symbols: Mapping[str, int], strength: int, depth: int
) -> tuple[int, int]:
    value, at = _unary(tokens, at, symbols, depth)
    while at < len(tokens) and _BINARY.get(tokens[at][1], 0) >= strength and tokens[at][0] == "operator":
        operator = tokens[at][1]
        right, at = _binary(tokens, at + 1, symbols, _BINARY[operator] + 1, depth)
        value = _apply(operator, value, right)
    return value, at


def _unary(tokens: list[tuple[str, str]], at: int, symbols: Mapping[str, int], depth: int) -> tuple[int, int]:
    if depth > _DEPTH:
        raise ExpressionError(f"more than {_DEPTH} operators and parentheses inside each other")
    if at == len(tokens):
        raise ExpressionError("expected a value, found the end")
    kind, token = tokens[at]
    match kind:
        case "number":
            if len(token) > 80:
                raise ExpressionError("a number has more than 80 digits")
            if len(token) > 1 and token.isdigit() and token[0] == "0":
                raise ExpressionError(f"write an octal number as 0o{token.lstrip('0') or '0'}, not {token}")
            return int(token, 0), at + 1
        case "char":
            return (_ESCAPES.get(token[2], ord(token[2])) if token[1] == "\\" else ord(token[1])), at + 1
        case "symbol":
            if token not in symbols:
                raise UnknownSymbol(token)
            return symbols[token], at + 1
        case "relocation":
            value, at = _unary(tokens, at + 1, symbols, depth + 1)
            return (high(value) if token == "%hi" else low(value)), at
    match token:
        case "-" | "+" | "~":
            value, at = _unary(tokens, at + 1, symbols, depth + 1)
            return (-value if token == "-" else ~value if token == "~" else value), at
        case "(":
            value, at = _binary(tokens, at + 1, symbols, 1, depth + 1)
            if at == len(tokens) or tokens[at][1] != ")":
                raise ExpressionError("a parenthesis is not closed")
            return value, at + 1
    raise ExpressionError(f"expected a value, found {token!r}")


def _apply(operator: str, left: int, right: int) -> int:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return _bounded(left * right)
        case "/" | "%":
            if right == 0:
                raise ExpressionError("division by zero")
            quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            return quotient if operator == "/" else left - quotient * right
        case "<<" | ">>":
            if not 0 <= right <= 128:
                raise ExpressionError(f"shift by {right}, expected 0 to 128")
            return _bounded(left << right) if operator == "<<" else left >> right
        case "&":
            return left & right
        case "|":
            return left | right
    return left ^ right


def _bounded(value: int) -> int:
    if value.bit_length() > 256:
        raise ExpressionError("the value has more than 256 bits")
    return value
