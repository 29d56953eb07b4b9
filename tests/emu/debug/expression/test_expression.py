"""Expressions over a program of four machines: what each operator gives, what is assigned, what is said of the rest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.debug.errors import ExpressionError, NotPossible, Unreadable
from emu.debug.expression import Expression, assign
from tests.emu.debug.expression.program import FileScope, Frame, compiled, file_scope

VALUES = {
    "1 + 2 * 3": 7,
    "(1 + 2) * 3": 9,
    "7 - 2 - 1": 4,
    "-7 / 2": -3,
    "-7 % 2": -1,
    "7 % -2": 1,
    "0x10 | 0b11 ^ 1": 18,
    "6 & 3": 2,
    "~5": -6,
    "!5": 0,
    "!0": 1,
    "+'a'": 97,
    "010": 8,
    "1 << 4 >> 2": 4,
    "-8 >> 1": -4,
    "1 << 31": -(1 << 31),
    "1 << 32": 0,
    "1ll << 40": 1 << 40,
    "5u - 6": 4294967295,
    "-1 > 1u": 1,
    "-1 < 1": 1,
    "1 == 1 && 2 != 2": 0,
    "0 || 3": 1,
    "0 && 1 / 0": 0,
    "1 || 1 / 0": 1,
    "2 <= 2": 1,
    "3 >= 4": 0,
    "0 ? 1 : 2 ? 3 : 4": 3,
    "1.5f + 1": 2.5,
    "10 / 4.0": 2.5,
    "5.5 % 2": 1.5,
    "1e3 > 999": 1,
    "number": -7,
    "number * 2 + byte": 186,
    "tiny + 0": -2,
    "little": -300,
    "unsigned_number + 0x20": 0x10,
    "wide - 1": -5000000001,
    "huge >> 60": 15,
    "yes + 1": 2,
    "table[2]": 30,
    "2[table]": 30,
    "*(table + 5)": -60,
    "matrix[1][2]": 6,
    "*matrix[1]": 4,
    "&table[4] - &table[1]": 3,
    "&table[4] > table": 1,
    "first.low": 5,
    "first.neg - 1": -4,
    "head->high": 0xABCDE,
    "head->next->pos.y": 8,
    "(*head).next->neg": -1,
    "second.grid[1].x": 3,
    "head->next->grid[0].y": 2,
    "&head->next->pos.x == &second.pos.x": 1,
    "&*head == &first": 1,
    "&first == head": 1,
    "first.c == 6": 1,
    "sizeof(int)": 4,
    "sizeof table": 24,
    "sizeof(table) / sizeof(table[0])": 6,
    "sizeof(struct inner)": 4,
    "sizeof(u8[7])": 7,
    "sizeof(plain)": 4,
    "(char)300": 44,
    "(unsigned char)-1": 255,
    "(int)3.99": 3,
    "(int)-3.99": -3,
    "(u8)number": 249,
    "(short)0x18000": -32768,
    "(double)3 / 2": 1.5,
    "(_Bool)7": 1,
    "{int}&table[1]": 20,
    "{u8}&byte": 200,
    "*(u8 *)&byte": 200,
    "(char)text[1]": 101,
    '"abc"[1]': 98,
    "'\\n'": 10,
    "'\\x41'": 65,
    "'\\101'": 65,
    "add == function": 1,
    "&add == function": 1,
    "(long)&table[1] - (long)&table[0]": 4,
    "sizeof(*bad)": 4,
}


@pytest.mark.parametrize("text", VALUES)
def test_an_expression_has_the_value_that_c_gives_it(scope: FileScope, text: str) -> None:
    assert scope.value(text).scalar == VALUES[text]


def test_sizes_of_addresses_are_the_machine_s(scope: FileScope) -> None:
    word = scope.isa.bits // 8
    for text in ("sizeof(long)", "sizeof(void *)", "sizeof(head)", "sizeof(&table)", "sizeof(char **)"):
        assert scope.value(text).scalar == word
    assert scope.value("sizeof(head->next->grid)").scalar == 8


def test_a_slice_is_an_array_of_what_follows(scope: FileScope) -> None:
    assert scope.shown("table[1]@3") == "{20, 30, 40}"
    assert scope.shown("*head->name@3") == '"one"'
    assert scope.shown("matrix[0]@2") == "{{1, 2, 3}, {4, 5, 6}}"


def test_locals_hide_globals_and_registers_are_read(inside: FileScope) -> None:
    inside.set("local = 21")
    inside.set("argument = &second")
    assert inside.value("local * 2").scalar == 42
    assert inside.value("argument->pos.x").scalar == 7
    (general, *_) = (row.name for row in inside.isa.registers if row.role.name == "GENERAL")
    inside.registers[general] = 0x1234
    assert inside.value(f"${general} + 1").scalar == 0x1235
    assert inside.value("$pc") is not None
    assert inside.set(f"${general} = local + 1") == "22"
    assert inside.registers[general] == 22


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("number = 5", "5"),
        ("number = -1", "-1"),
        ("table[3] = table[0] + 1", "11"),
        ("head->next = 0", "(struct node *) 0x0"),
        ("first.low = 2", "2"),
        ("first.low = 9", "1"),
        ("head->neg = -16", "-16"),
        ("first.high = 0x12345", "74565"),
        ("first.pos.x = 70000", "4464"),
        ("*(int *)&table[1] = 7", "7"),
        ("{u8}&byte = 1", "1 '\\001'"),
        ("single = 2.5", "2.5"),
        ("precise = 1", "1"),
        ("number = 3.9", "3"),
        ("yes = 4", "true"),
        ("odd = 5", "GREEN"),
        ("first.pos = second.pos", "{x = 7, y = 8}"),
        ("huge = 1 == 1", "1"),
    ],
)
def test_an_assignment_writes_and_gives_what_is_there_then(scope: FileScope, text: str, shown: str) -> None:
    assert scope.set(text) == shown
    assert scope.shown(text.split(" = ", maxsplit=1)[0], "") == shown


def test_a_bit_field_leaves_its_neighbours(scope: FileScope) -> None:
    scope.set("first.neg = 7")
    assert [scope.value(f"first.{name}").scalar for name in ("low", "neg", "high")] == [5, 7, 0xABCDE]


def test_a_variable_in_a_register_is_written_there(isa: str, tmp_path) -> None:
    scope = file_scope(compiled(tmp_path, isa, "-O2", "-g"), isa)
    (work,) = scope.info.functions("work")
    scope.frame = Frame(scope, work.low)
    held = scope.value("local")
    assert held.register is not None
    assert scope.set("local = -5") == "-5"
    assert scope.value("local + 1").scalar == -4
    assert len(scope.registers) == 1
    if isa == "riscv64":
        assert scope.registers == {"a0": (1 << 64) - 5}


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 0, "an expression"),
        ("1 +", 3, "a value"),
        ("(1", 2, "`)`"),
        ("table[1", 7, "`]`"),
        ("1 2", 2, "an operator or the end"),
        ("number = 3", 7, "`==`"),
        ("1 ? 2", 5, "`:`"),
        ("1 # 2", 2, "a number, a name"),
        ("'ab'", 0, "a number, a name"),
        ("first.", 6, "a member's name"),
        ("sizeof(struct )", 14, "a type's name"),
        ("08", 0, "octal"),
        ("0x1ffffffffffffffff", 0, "64 bits"),
        ("1 / 0", 2, "a divisor that is not zero"),
        ("1 % (1 - 1)", 2, "a divisor that is not zero"),
        ("1 / 0.0", 2, "a divisor that is not zero"),
        ("*nothing", 0, "a pointer to a known type"),
        ("*first", 0, "a pointer"),
        ("first + 1", 6, "a number"),
        ("number.x", 7, "no member"),
        ("first.nam", 6, "a member of struct node"),
        ("&3", 1, "something in memory"),
        ("&first.low", 7, "something in memory"),
        ("~1.5", 0, "a whole number"),
        ("1.5 | 2", 4, "whole numbers"),
        ("head + head", 5, "a number to add"),
        ("table[0]@0", 9, "a count"),
        ("first.low@2", 9, "something in memory"),
        ("(struct nothing *)0", 1, "a type that the program has"),
        ("(nowhere_t)0", 1, "a type that the program has"),
        ("$nosuch", 0, "a register of"),
        ("numbr", 0, "the name of a variable or symbol"),
        ("table[1e400]", 5, "finite"),
    ],
)
def test_an_error_says_where_and_what_was_expected(
    scope: FileScope, text: str, position: int, expected: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        scope.value(text)
    assert caught.value.position == position
    assert expected in caught.value.expected
    assert f"at character {position + 1}" in str(caught.value)


def test_a_name_like_another_is_suggested(inside: FileScope) -> None:
    for text, meant in (("numbr", "number"), ("doubld", "doubled"), ("first.nam", "name")):
        with pytest.raises(ExpressionError) as caught:
            inside.value(text)
        assert meant in caught.value.nearest


def test_memory_that_is_not_there_is_said_with_the_expression(scope: FileScope) -> None:
    for text in ("*bad", "bad[3]", "{int}0x10", "((struct node *)16)->d", "*(char *)-1"):
        with pytest.raises(Unreadable) as caught:
            scope.value(text)
        assert caught.value.text == text
    with pytest.raises(Unreadable):
        assign("*bad = 1", scope)


@pytest.mark.parametrize(
    "text",
    ["3 = 4", "number + 1 = 4", "= 3", "number =", "number == 3", "first = 3", "number = first", "add = 4",
     "number = odd = 3", "yes = nosuch", "sizeof(int) = 1", "first.pos = first"],
)  # fmt: skip
def test_what_cannot_be_assigned_is_said(scope: FileScope, text: str) -> None:
    before = {base: bytes(data) for base, data in scope.memory.items()}
    with pytest.raises(ExpressionError):
        assign(text, scope)
    assert scope.memory == before


@pytest.mark.parametrize(
    "text",
    ["(" * 10_000, "(" * 10_000 + "1" + ")" * 10_000, "-" * 10_000 + "1", "1" * 100_000, "1+" * 100_000 + "1",
     "table" + "[0]" * 5_000, "head" + "->next" * 5_000, "1?" * 5_000, "sizeof " * 5_000, "&*" * 5_000 + "head",
     "a" * 1_000_000, "{int}" * 10_000, '"' * 9_999, "\\" * 1_000, "(char*" + "*" * 100_000],
)  # fmt: skip
def test_huge_texts_are_refused_in_time(scope: FileScope, text: str) -> None:
    with pytest.raises((ExpressionError, Unreadable)):
        scope.value(text)


def test_the_longest_chains_are_answered_or_refused(scope: FileScope) -> None:
    for text in ("head" + "->next" * 190, "text" + "[0]" * 130, "1" + "+1" * 199, "&*(long)" * 12 + "head"):
        try:
            scope.value(text)
        except (ExpressionError, Unreadable):
            continue


TOKENS = """
1 0 7u 0x10 1.5 1e400 .5f 'a' "xyz" 18446744073709551615 ( ) [ ] { } + - * / % & | ^ ~ ! < > <= >= == != << >> && || ?
: . -> @ , = sizeof int char long double void struct (int) (char*) (struct·node*) (u8) {int} {struct·node} number table
first head byte text texts bad nothing huge precise matrix both rights function add blank yes local argument low neg c f
next name pos grid word $pc $sp $nosuch nosuch -1
""".split()  # noqa: SIM905


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=14))
def test_no_text_raises_anything_else(soup_scope: FileScope, words: list[str]) -> None:
    text = " ".join(words).replace("·", " ")
    try:
        value = Expression.parse(text).evaluate(soup_scope)
    except (ExpressionError, Unreadable) as error:
        assert str(error)
        return
    for letter in ("", "x", "d", "u", "t", "o", "c", "s", "a", "f", "z"):
        assert soup_scope.shown(text, letter)
    kept = {base: bytearray(data) for base, data in soup_scope.memory.items()}
    try:
        assign(f"{text} = 1", soup_scope)
        assign(f"number = {text}", soup_scope)
    except (ExpressionError, Unreadable):
        pass
    soup_scope.memory, soup_scope.registers = kept, {}
    assert value.type is not None


@pytest.fixture(scope="session")
def soup_scope(program, isa) -> FileScope:
    return file_scope(program, isa)


def test_a_register_of_an_outer_frame_that_is_not_saved_has_a_reason(scope: FileScope, monkeypatch) -> None:
    def register(name: str) -> int:
        raise NotPossible(f"${name}", "not saved in this frame", "Select frame 0")

    monkeypatch.setattr(scope, "register", register)
    (general, *_) = (row.name for row in scope.isa.registers if row.role.name == "GENERAL")
    assert scope.shown(f"${general}") == "<not saved in this frame>"
    with pytest.raises(ExpressionError, match="not saved"):
        scope.value(f"${general} + 1")
