from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emu.symbols import SourceLine, Symbol, SymbolKind, SymbolTable


def function(name: str, address: int, size: int = 0, **more: object) -> Symbol:
    return Symbol(name, address, size, SymbolKind.FUNCTION, **more)  # type: ignore[arg-type]


def test_an_address_is_named_by_the_symbol_that_covers_it() -> None:
    table = SymbolTable([function("main", 0x1000, 0x20), function("puts", 0x1030, 0x10)])
    assert table.name(0x1000) == "main"
    assert table.name(0x101C) == "main+0x1c"
    assert table.name(0x1020) is None
    assert table.name(0x0FFF) is None
    assert table.name(0x103F) == "puts+0xf"
    assert table.name(0x1040) is None
    assert table.at(0x1030) is table.find("puts")


def test_a_symbol_without_a_size_covers_up_to_the_next_one_but_not_past_its_section() -> None:
    table = SymbolTable(
        [
            Symbol("entry", 0x1000, bound=0x1100),
            Symbol("loop", 0x1010, bound=0x1100),
            function("f", 0x1200, 4),
        ]
    )
    assert table.name(0x100F) == "entry+0xf"
    assert table.name(0x1010) == "loop"
    assert table.name(0x10FF) == "loop+0xef"
    assert table.name(0x1100) is None


def test_a_symbol_at_the_end_of_its_section_names_only_its_own_address() -> None:
    table = SymbolTable([Symbol("_end", 0x2000, bound=0x2000), Symbol("unbounded", 0x3000)])
    assert table.name(0x2000) == "_end"
    assert table.name(0x2001) is None
    assert table.name(0x3000) == "unbounded"
    assert table.name(0x3001) is None


def test_the_enclosing_function_goes_on_after_a_sized_symbol_inside_it() -> None:
    table = SymbolTable([function("outer", 0x1000, 0x100), function("inner", 0x1040, 0x10)])
    assert table.name(0x103F) == "outer+0x3f"
    assert table.name(0x104F) == "inner+0xf"
    assert table.name(0x1050) == "outer+0x50"


def test_of_several_names_for_one_address_functions_and_exported_ones_win() -> None:
    table = SymbolTable(
        [
            Symbol("label", 0x1000),
            Symbol("data", 0x1000, 8, SymbolKind.OBJECT),
            function("alias", 0x1000, 8, exported=False),
            function("main", 0x1000, 8),
        ]
    )
    assert table.name(0x1000) == "main"
    assert table.name(0x1004) == "main+0x4"


def test_a_name_has_the_address_of_its_exported_symbol() -> None:
    table = SymbolTable([function("init", 0x1000, exported=False), function("init", 0x2000)])
    assert table.address("init") == 0x2000
    assert table.address("nobody") is None
    assert table.nearest_names("inti") == ["init"]


def test_an_absolute_symbol_has_a_value_and_names_no_address() -> None:
    table = SymbolTable([Symbol("stack_size", 0x1000, kind=SymbolKind.ABSOLUTE)])
    assert table.address("stack_size") == 0x1000
    assert table.name(0x1000) is None


def test_merged_tables_answer_for_all_and_the_first_one_wins_by_name() -> None:
    kernel = SymbolTable(
        [function("main", 0x2000, 4)], [lambda a: SourceLine("k.c", 1) if a == 0x2000 else None]
    )
    firmware = SymbolTable(
        [function("main", 0x1000, 4), function("trap", 0x1010, 4)], [lambda a: SourceLine("f.c", 2)]
    )
    table = SymbolTable.merged([kernel, firmware])
    assert len(table) == 3
    assert [symbol.address for symbol in table] == [0x1000, 0x1010, 0x2000]
    assert table.address("main") == 0x2000
    assert table.name(0x1002) == "main+0x2"
    assert table.name(0x1010) == "trap"
    assert str(table.line(0x2000)) == "k.c:1"
    assert str(table.line(0x1000)) == "f.c:2"


def test_an_empty_table_knows_nothing() -> None:
    table = SymbolTable()
    assert (table.name(0), table.line(0), table.address("x"), len(table)) == (None, None, None, 0)


symbols = st.builds(
    Symbol,
    st.sampled_from("abcdef"),
    st.integers(0, 60),
    st.integers(0, 20),
    st.sampled_from([SymbolKind.FUNCTION, SymbolKind.LABEL, SymbolKind.OBJECT]),
    st.booleans(),
    st.none() | st.integers(0, 80),
)


@given(st.lists(symbols, max_size=8))
def test_the_cut_table_agrees_with_a_search_through_all_symbols(some: list[Symbol]) -> None:
    table = SymbolTable(some)
    starts = sorted({symbol.address for symbol in some})

    def end(symbol: Symbol) -> int:
        if symbol.size:
            return symbol.address + symbol.size
        later = [start for start in starts if start > symbol.address]
        limits = later[:1] + ([symbol.bound] if symbol.bound is not None else [])
        return max(min(limits, default=0), symbol.address + 1)

    for address in range(90):
        covering = [symbol for symbol in some if symbol.address <= address < end(symbol)]
        best = min(covering, key=lambda symbol: (-symbol.address, symbol.rank), default=None)
        found = table.at(address)
        assert (found is None) == (best is None)
        if found is not None and best is not None:
            assert (found.address, found.rank) == (best.address, best.rank)
