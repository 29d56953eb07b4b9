import pickle

import pytest

from emu.errors import (
    AddressError,
    ConfigError,
    EmuError,
    LoadError,
    MapError,
    MemoryClosed,
    MemoryInUse,
    UnknownName,
)

EXAMPLES = [
    ConfigError("memory size", "a multiple of 4096 bytes", "5 bytes", "The nearest is 0x1000"),
    UnknownName.among("machine", "vrit", ["virt", "bare"]),
    LoadError("a.elf", "an ELF file", "a PNG image"),
    MapError("uart", 0x1000, 0x100, "addresses that nothing else has", "an overlap with ram 0x0..0xffff"),
    AddressError("read", 0x1000, 4, 0x1002, ("ram 0x0..0x1001",)),
    MemoryInUse(4096),
    MemoryClosed(4096),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling_with_its_facts_and_notes(error):
    error.add_note("while building")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error) and str(copy) == str(error) and vars(copy) == vars(error)
    assert isinstance(copy, EmuError)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_is_one_paragraph_that_ends(error):
    text = str(error)
    assert (
        "\n" not in text and text.endswith((".", "?")) and ".." not in text.replace("0x", "").rstrip(".")[-1]
    )


def test_the_text_has_expected_and_actual():
    assert str(EXAMPLES[0]) == (
        "memory size: expected a multiple of 4096 bytes, got 5 bytes. The nearest is 0x1000."
    )
    assert "0x1000..0x10ff" in str(EXAMPLES[3])


@pytest.mark.parametrize(
    ("name", "near"),
    [("vrit", ("virt",)), ("VIRT", ("virt",)), ("bar", ("bare",)), ("spike", ())],
)
def test_the_nearest_names_are_suggested(name, near):
    assert UnknownName.among("machine", name, ["virt", "bare"]).nearest == near


def test_where_no_name_is_near_all_are_listed():
    assert str(UnknownName.among("machine", "spike", ["virt", "bare"])).endswith("Known: bare, virt.")
