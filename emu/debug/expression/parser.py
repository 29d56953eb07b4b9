"""From text to a tree. Nesting and length are bounded, so no text can exhaust the interpreter's stack."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from emu.debug.errors import ExpressionError
from emu.debug.expression.tree import (
    At,
    Binary,
    Cast,
    Choice,
    Literal,
    MemberOf,
    Name,
    Node,
    RegisterName,
    SizeOf,
    Text,
    TypeName,
    Unary,
)

_DEEPEST: Final = 50
_MOST_TOKENS: Final = 400
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<float>(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)(?P<single>[fFlL]?)(?![\w.])
    |(?P<number>0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)(?P<suffix>[uUlL]*)(?![\w.])
    |(?P<register>\$[A-Za-z_][\w.]*)
    |(?P<name>[A-Za-z_.][\w.$]*(?:::[A-Za-z_]\w*)*)
    |(?P<char>'(?:\\(?:x[0-9a-fA-F]+|[0-7]{1,3}|.)|[^'\\])')
    |(?P<string>"(?:\\.|[^"\\])*")
    |(?P<operator><<=|>>=|->|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>=?:@.,(){}\[\]]))""",
    re.VERBOSE,
)
_SYMBOL_DOTS: Final = re.compile(r"[A-Za-z_][\w$]*")
_LEVELS: Final = {
    "||": 1,
    "&&": 2,
    "|": 3,
    "^": 4,
    "&": 5,
    "==": 6,
    "!=": 6,
    "<": 7,
    ">": 7,
    "<=": 7,
    ">=": 7,
    "<<": 8,
    ">>": 8,
    "@": 9,
    "+": 10,
    "-": 10,
    "*": 11,
    "/": 11,
    "%": 11,
}
_QUALIFIERS: Final = frozenset({"const", "volatile"})
_TYPE_WORDS: Final = _QUALIFIERS | {
    *("void", "char", "short", "int", "long", "signed", "unsigned", "float", "double", "_Bool", "bool")
}
_TAGGED: Final = frozenset({"struct", "union", "enum", "class"})
_ESCAPES: Final = {"a": 7, "b": 8, "e": 27, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_TYPE_LIKE: Final = re.compile(r"^(?:\w+_t|[us](?:8|16|32|64)|__[us](?:8|16|32|64))$")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int
    suffix: str = ""


def parse(text: str) -> Node:
    """The tree of the whole text. Raises ExpressionError."""
    return _Parser(text).whole()


def split_assignment(text: str) -> tuple[str, str, int]:
    """The texts left and right of the one `=` at the outside, and where the right one begins. Raises ExpressionError."""
    for token in _tokens(text):
        if token.kind == "operator" and token.text == "=":
            return text[: token.at], text[token.at + 1 :], token.at + 1
    raise ExpressionError(text, len(text), "`=` and a value, as in `x = 3`")


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            start = len(text) - len(text[position:].lstrip())
            raise ExpressionError(text, start, "a number, a name, a $register or an operator")
        kind = match.lastgroup or ""
        kind = {"suffix": "number", "single": "float"}.get(kind, kind)
        word, start, end = match[kind], match.start(kind), match.end()
        if kind == "name" and "." in word and not word.startswith("."):
            word = (_SYMBOL_DOTS.match(word) or match)[0]  # a.b is a member, not a symbol with a dot
            end = start + len(word)
        elif kind == "name" and word.startswith("."):
            kind, word, end = "operator", ".", start + 1
        elif kind == "register" and "." in word:
            word = word[: word.index(".")]
            end = start + len(word)
        found.append(_Token(kind, word, start, match["suffix"] or match["single"] or ""))
        if len(found) > _MOST_TOKENS:
            raise ExpressionError(text, start, f"an expression of no more than {_MOST_TOKENS} parts")
        position = end
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.index = 0
        self.depth = 0

    def whole(self) -> Node:
        if not self.tokens:
            raise ExpressionError(self.text, 0, "an expression")
        found = self.choice()
        if self.index < len(self.tokens):
            token = self.tokens[self.index]
            expected = "an operator or the end"
            if token.text == "=":
                expected = "`==`: only `set` assigns"
            raise ExpressionError(self.text, token.at, expected)
        return found

    def choice(self) -> Node:
        condition = self.binary(1)
        if not self.take("?"):
            return condition
        at = self.tokens[self.index - 1].at
        self.deeper(at)
        yes = self.choice()
        self.need(":")
        no = self.choice()
        self.depth -= 1
        return Choice(at, condition, yes, no)

    def binary(self, least: int) -> Node:
        left = self.unary()
        while True:
            token = self.peek()
            level = _LEVELS.get(token.text, 0) if token is not None and token.kind == "operator" else 0
            if token is None or level < least or not level:
                return left
            self.index += 1
            left = Binary(token.at, token.text, left, self.binary(level + 1))

    def unary(self) -> Node:
        token = self.peek()
        if token is None:
            raise self.error("a value")
        self.deeper(token.at)
        found = self._unary(token)
        self.depth -= 1
        return found

    def _unary(self, token: _Token) -> Node:
        if token.kind == "operator" and token.text in "-+!~*&":
            self.index += 1
            return Unary(token.at, token.text, self.unary())
        if token.kind == "operator" and token.text == "&&":
            raise self.error("a value")
        if token.kind == "name" and token.text == "sizeof":
            self.index += 1
            if self.is_type(self.index):
                self.need("(")
                type_ = self.type_name()
                self.need(")")
                return SizeOf(token.at, type_)
            return SizeOf(token.at, self.unary())
        if token.text == "{" and token.kind == "operator":
            self.index += 1
            type_ = self.type_name()
            self.need("}")
            return At(token.at, type_, self.unary())
        if self.is_type(self.index):
            self.index += 1
            type_ = self.type_name()
            self.need(")")
            return Cast(token.at, type_, self.unary())
        return self.postfix()

    def postfix(self) -> Node:
        found = self.primary()
        while True:
            token = self.peek()
            if token is None or token.kind != "operator" or token.text not in (".", "->", "["):
                return found
            self.index += 1
            if token.text == "[":
                index = self.choice()
                self.need("]")
                found = Unary(token.at, "*", Binary(token.at, "+", found, index))
                continue
            name = self.peek()
            if name is None or name.kind != "name":
                raise self.error("a member's name")
            self.index += 1
            found = MemberOf(name.at, found, name.text, token.text == "->")

    def primary(self) -> Node:
        token = self.peek()
        if token is None:
            raise self.error("a value")
        self.index += 1
        if token.kind == "number":
            return _number(token, self.text)
        if token.kind == "float":
            return Literal(token.at, float(token.text), "float" if token.suffix in ("f", "F") else "double")
        if token.kind == "char":
            return Literal(token.at, _unescaped(token.text[1:-1])[0], "char")
        if token.kind == "string":
            return Text(token.at, _unescaped(token.text[1:-1]))
        if token.kind == "register":
            return RegisterName(token.at, token.text[1:])
        if token.kind == "name":
            return Name(token.at, token.text)
        if token.text == "(":
            found = self.choice()
            self.need(")")
            return found
        self.index -= 1
        raise self.error("a value")

    def is_type(self, index: int) -> bool:
        """Whether a parenthesis at that token holds a type. A bare name does where a value follows that could not
        follow a value in parentheses, or where it is written as types are (size_t, u32)."""
        words = [(token.kind, token.text) for token in self.tokens[index : index + 4]]
        if len(words) < 3 or words[0] != ("operator", "(") or words[1][0] != "name":
            return False
        name = words[1][1]
        if name in _TYPE_WORDS or name in _TAGGED:
            return True
        place = index + 2
        stars = 0
        while place < len(self.tokens) and self.tokens[place].text == "*":
            place, stars = place + 1, stars + 1
        if _TYPE_LIKE.match(name) and place < len(self.tokens) and self.tokens[place].text == "[":
            return True
        if place >= len(self.tokens) or self.tokens[place].text != ")":
            return False
        if stars or _TYPE_LIKE.match(name):
            return True
        if place + 1 >= len(self.tokens):
            return False
        after = self.tokens[place + 1]
        return after.kind != "operator" or after.text in ("(", "~", "!", "{")

    def type_name(self) -> TypeName:
        token = self.peek()
        if token is None or token.kind != "name":
            raise self.error("a type")
        words: list[str] = []
        while (here := self.peek()) is not None and here.kind == "name":
            plain = (
                not words or (words[-1] in _TYPE_WORDS and here.text in _TYPE_WORDS) or words[-1] in _TAGGED
            )
            if not plain and here.text not in _QUALIFIERS:
                raise self.error("`*` or the end of the type")
            if here.text not in _QUALIFIERS:
                words.append(here.text)
            self.index += 1
        stars, counts = 0, []
        while self.take("*"):
            stars += 1
            while (here := self.peek()) is not None and here.text in _QUALIFIERS:
                self.index += 1
        while self.take("["):
            count = self.peek()
            if count is None or count.kind != "number":
                raise self.error("a number of elements")
            self.index += 1
            counts.append(int(_number(count, self.text).value))
            self.need("]")
        if not words or (words[-1] in _TAGGED):
            raise self.error("a type's name")
        return TypeName(token.at, " ".join(words), stars, tuple(counts))

    def deeper(self, at: int) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ExpressionError(self.text, at, f"no more than {_DEEPEST} levels of nesting")

    def peek(self) -> _Token | None:
        return self.tokens[self.index] if self.index < len(self.tokens) else None

    def take(self, text: str) -> bool:
        token = self.peek()
        if token is None or token.kind != "operator" or token.text != text:
            return False
        self.index += 1
        return True

    def need(self, text: str) -> None:
        if not self.take(text):
            raise self.error(f"`{text}`")

    def error(self, expected: str) -> ExpressionError:
        token = self.peek()
        return ExpressionError(self.text, len(self.text) if token is None else token.at, expected)


def _number(token: _Token, text: str) -> Literal:
    """With the type that C gives it (C11, 6.4.4.1), long being of 64 bits."""
    word, suffix = token.text.lower(), token.suffix.lower()
    try:
        octal = len(word) > 1 and word[0] == "0" and word[1].isdigit()
        value = int(word, 8) if octal else int(word, 0)
    except ValueError:
        raise ExpressionError(text, token.at, "a number: octal ones have digits up to 7") from None
    if value >> 64:
        raise ExpressionError(text, token.at, "a number of no more than 64 bits")
    unsigned, long = "u" in suffix, "l" in suffix
    decimal = word[0] != "0" or word == "0"
    for name, bits, signed in (
        ("int", 31, True),
        ("unsigned int", 32, False),
        ("long long", 63, True),
        ("unsigned long long", 64, False),
    ):
        allowed = (not signed if unsigned else signed or not decimal or bits == 64) and (
            bits > 32 or not long
        )
        if allowed and not value >> bits:
            return Literal(token.at, value, name)
    return Literal(token.at, value, "unsigned long long")


def _unescaped(text: str) -> bytes:
    def one(match: re.Match[str]) -> str:
        word = match[1]
        if word[0] == "x" and len(word) > 1:
            return chr(int(word[1:], 16) & 0xFF)
        return chr(int(word, 8) & 0xFF) if word[0] in "01234567" else chr(_ESCAPES.get(word, ord(word[0])))

    return re.sub(r"\\(x[0-9a-fA-F]+|[0-7]{1,3}|.)", one, text).encode("latin-1", "replace") or b"\0"
