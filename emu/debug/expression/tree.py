"""The parts of an expression. `at` is the character where the part begins, for errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    at: int
    value: int | float
    type: str  # C's name of its type


@dataclass(frozen=True, slots=True)
class Text:
    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Name:
    at: int
    name: str


@dataclass(frozen=True, slots=True)
class RegisterName:
    at: int
    name: str


@dataclass(frozen=True, slots=True)
class TypeName:
    """`stars` of pointers to `name`; `counts` of arrays of that."""

    at: int
    name: str
    stars: int = 0
    counts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Unary:
    at: int
    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    at: int
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Choice:
    at: int
    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class MemberOf:
    at: int
    of: Node
    name: str
    arrow: bool


@dataclass(frozen=True, slots=True)
class Cast:
    at: int
    type: TypeName
    operand: Node


@dataclass(frozen=True, slots=True)
class At:
    """`{type}address`."""

    at: int
    type: TypeName
    operand: Node


@dataclass(frozen=True, slots=True)
class SizeOf:
    at: int
    operand: Node | TypeName


Node: TypeAlias = (
    Literal | Text | Name | RegisterName | Unary | Binary | Choice | MemberOf | Cast | At | SizeOf
)
