"""Questions, as people type them, and what they mean. No trace is needed to parse one.

A question is a head ("who wrote ADDR") and clauses ("from N to M in FUNC"), in any order. Operands stay text here:
names are looked up where the trace is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from typing import Final, TypeAlias

from emu.trace.query.errors import BadQuestion

NEARBY: Final = 3
"""Instructions before and after the one of `what happened at N`."""


class Which(Enum):
    ALL = ""
    FIRST = "first"
    LAST = "last"


class Transfer(Enum):
    """What an access did with the memory."""

    READ = "read"
    WRITE = "write"
    EITHER = "access"


@dataclass(frozen=True, slots=True)
class Condition:
    """`column` compared with the text `value`; `~` matches a pattern with `*` and `?`."""

    column: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Clauses:
    """What narrows a question: instruction numbers `first` to `last`, both included; a vCPU; a function that the pc is
    in; conditions on columns, which hold together."""

    first: int | None = None
    last: int | None = None
    vcpu: int | None = None
    function: str | None = None
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Accesses:
    """Who touched the memory that `target` names."""

    target: str
    transfer: Transfer
    which: Which
    clauses: Clauses


@dataclass(frozen=True, slots=True)
class Executed:
    """When `function` was entered."""

    function: str
    which: Which
    clauses: Clauses


@dataclass(frozen=True, slots=True)
class Calls:
    """From where `function` was entered."""

    function: str
    clauses: Clauses


@dataclass(frozen=True, slots=True)
class History:
    """The values that `register` was given."""

    register: str
    clauses: Clauses


@dataclass(frozen=True, slots=True)
class ValueAt:
    """What `target`, memory or a register, held after instruction number `at`."""

    target: str
    at: int
    clauses: Clauses


@dataclass(frozen=True, slots=True)
class Happened:
    """Every row of instruction number `at` and of `around` before and after it."""

    at: int
    around: int
    clauses: Clauses


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows of a view: "exits", "interrupts"."""

    view: str
    clauses: Clauses


@dataclass(frozen=True, slots=True)
class Summary:
    """What the trace is, and what it left out."""


Question: TypeAlias = Accesses | Executed | Calls | History | ValueAt | Happened | Listed | Summary


@dataclass(frozen=True, slots=True)
class Form:
    """One row of the language: how it is written, what it answers, and how it is taken apart."""

    usage: str
    answers: str
    pattern: re.Pattern[str]
    make: Callable[[dict[str, str], Clauses], Question] = field(repr=False)


_TRANSFERS: Final = {
    "wrote": Transfer.WRITE,
    "read": Transfer.READ,
    "accessed": Transfer.EITHER,
    "touched": Transfer.EITHER,
}


def _accesses(parts: dict[str, str], clauses: Clauses) -> Question:
    transfer = _TRANSFERS[parts["transfer"].lower()]
    return Accesses(parts["target"], transfer, Which((parts["which"] or "").lower()), clauses)


def _executed(parts: dict[str, str], clauses: Clauses) -> Question:
    return Executed(parts["function"], Which((parts["which"] or "").lower()), clauses)


def _happened(parts: dict[str, str], clauses: Clauses) -> Question:
    around = number(parts["around"]) if parts["around"] else NEARBY
    return Happened(number(parts["at"]), around, clauses)


def _form(
    usage: str, answers: str, pattern: str, make: Callable[[dict[str, str], Clauses], Question]
) -> Form:
    return Form(usage, answers, re.compile(pattern, re.IGNORECASE), make)


FORMS: Final = (
    _form(
        "who [first|last] wrote|read|accessed ADDR",
        "The accesses that touched a byte of ADDR; what they wrote or read, and where in the code they are.",
        r"who (?:(?P<which>first|last) )?(?P<transfer>wrote|read|accessed|touched) (?P<target>.+)",
        _accesses,
    ),
    _form(
        "when was FUNC [first|last] executed",
        "How often FUNC was entered, from where, and between which instructions it ran.",
        r"when (?:was|did|is) (?P<function>.+?) (?:(?P<which>first|last) )?(?:executed|run|entered|called)",
        _executed,
    ),
    _form(
        "calls of FUNC",
        "Who called FUNC: each place, how often, first and last.",
        r"calls (?:of|to) (?P<function>.+)|(?:who calls|who called) (?P<function_>.+)",
        lambda parts, clauses: Calls(parts["function"] or parts["function_"], clauses),
    ),
    _form(
        "history of REG",
        "The values that a register was given, and what it held before each.",
        r"history of (?P<register>\S+)",
        lambda parts, clauses: History(parts["register"], clauses),
    ),
    _form(
        "value of REG|ADDR at N",
        "What it held after instruction N, as far as the trace shows it, and since when.",
        r"(?:value of|what was) (?P<target>.+) at (?P<at>\S+)",
        lambda parts, clauses: ValueAt(parts["target"], number(parts["at"]), clauses),
    ),
    _form(
        "what happened at N [+-K]",
        f"Every row of instruction N and of K (else {NEARBY}) before and after it.",
        r"what happened at (?P<at>\S+?)(?: ?(?:\+-|±) ?(?P<around>\S+))?",
        _happened,
    ),
    _form(
        "exits",
        "VM exits: reason, device, address, value.",
        r"(?:show |list )?(?:all )?(?:vm )?exits",
        lambda parts, clauses: Listed("exits", clauses),
    ),
    _form(
        "interrupts",
        "Interrupts that were delivered.",
        r"(?:show |list )?(?:all )?interrupts",
        lambda parts, clauses: Listed("interrupts", clauses),
    ),
    _form(
        "exceptions",
        "Exceptions that the guest took, by cause.",
        r"(?:show |list )?(?:all )?(?:exceptions|traps)",
        lambda parts, clauses: Listed("exceptions", clauses),
    ),
    _form(
        "summary",
        "What the trace is, what is in it, and what it left out.",
        r"summary|info",
        lambda parts, clauses: Summary(),
    ),
)
CLAUSES: Final = (
    ("from N, after N, to N, before N", "Instruction numbers; from and to include N."),
    ("vcpu K", "One vCPU."),
    ("in FUNC", "The pc is in FUNC."),
    ("where COLUMN OP VALUE [and ...]", "OP is = != < <= > >= or ~ (a pattern with * and ?)."),
)
_CLAUSE: Final = re.compile(
    r"(?<!\S)(?:(?P<range>from|since|after|to|until|before) (?P<number>\S+)|(?:on )?vcpu (?P<vcpu>\S+)"
    r"|in (?P<function>\S+)|where (?P<conditions>.+?))"
    r"(?=$| (?:from|since|after|to|until|before|in|vcpu|on vcpu|where) )",
    re.IGNORECASE,
)
_CONDITION: Final = re.compile(r"(?P<column>\w+) ?(?P<operator>==|!=|<=|>=|<>|=|<|>|~) ?(?P<value>.+)")
_SAME: Final = {"==": "=", "<>": "!="}


def parse(text: str) -> Question:
    """Raises BadQuestion, which names the form that was probably meant."""
    words = " ".join(text.split()).rstrip("?").rstrip()
    head, clauses = _clauses(words)
    for form in FORMS:
        match = form.pattern.fullmatch(head)
        if match is not None:
            return _checked(form.make(match.groupdict(), clauses), clauses, words)
    raise _unknown(text, head)


def number(text: str) -> int:
    """An instruction number, decimal (with , or _ between digits) or 0x-prefixed. Raises BadQuestion."""
    try:
        value = int(text.replace(",", ""), 0)
    except ValueError:
        value = -1
    if not 0 <= value < 1 << 64:
        raise BadQuestion(text, "expected the number of an instruction, such as 120000 or 0x1d4c0")
    return value


_ALL_CLAUSES: Final = "first last vcpu function conditions"
_TAKES: Final = {
    Accesses: _ALL_CLAUSES,
    History: _ALL_CLAUSES,
    Listed: _ALL_CLAUSES,
    Executed: "first last vcpu",
    Calls: "first last vcpu function",
    ValueAt: "vcpu",
    Happened: "vcpu",
    Summary: "",
}
_WORDS: Final = {"first": "from", "last": "to", "vcpu": "vcpu", "function": "in", "conditions": "where"}


def _checked(question: Question, clauses: Clauses, text: str) -> Question:
    """Raises BadQuestion for a clause that the question does not take."""
    for name, word in _WORDS.items():
        if getattr(clauses, name) not in (None, ()) and name not in _TAKES[type(question)].split():
            raise BadQuestion(text, f"this question takes no `{word}`", "Leave it out, or ask with --sql")
    return question


def _clauses(words: str) -> tuple[str, Clauses]:
    """The head, and the clauses behind it."""
    first = last = vcpu = function = None
    conditions: list[Condition] = []
    start = len(words)
    for match in _CLAUSE.finditer(words):
        start = min(start, match.start())
        if match["range"]:
            bound, value = match["range"].lower(), number(match["number"])
            if bound in ("from", "since", "after"):
                first = value + (bound == "after")
            else:
                last = max(value - (bound == "before"), 0)
        elif match["vcpu"]:
            vcpu = number(match["vcpu"])
        elif match["function"]:
            function = match["function"]
        else:
            conditions += map(_condition, re.split(r" and ", match["conditions"], flags=re.IGNORECASE))
    rest = _CLAUSE.sub("", words[start:]).strip()
    if rest:
        raise BadQuestion(rest, "these words are in no clause of the question", _clause_help())
    return words[:start].rstrip(), Clauses(first, last, vcpu, function, tuple(conditions))


def _condition(text: str) -> Condition:
    match = _CONDITION.fullmatch(text.strip())
    if match is None:
        raise BadQuestion(text.strip(), "expected a condition COLUMN OP VALUE, such as device=uart0")
    value = match["value"].strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return Condition(match["column"].lower(), _SAME.get(match["operator"], match["operator"]), value)


def _clause_help() -> str:
    return "Clauses are: " + "; ".join(usage for usage, _ in CLAUSES)


def _unknown(text: str, head: str) -> BadQuestion:
    if not head:
        return BadQuestion(
            text, "expected a question", "Questions are: " + "; ".join(form.usage for form in FORMS)
        )
    starts = {" ".join(re.sub(r"[\[\]|]", " ", form.usage).split()).lower(): form.usage for form in FORMS}
    near = get_close_matches(head.lower(), starts, n=1, cutoff=0.45)
    same = [form.usage for form in FORMS if form.usage.split()[0] == head.lower().split()[0]]
    meant = same or [starts[each] for each in near]
    if meant:
        return BadQuestion(text, "this is none of the questions", f"Did you mean: {'; '.join(meant)}?")
    return BadQuestion(
        text, "this is none of the questions", "Questions are: " + "; ".join(form.usage for form in FORMS)
    )
