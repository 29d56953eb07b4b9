from emu.registers import DeviceRegister, Direction, Meaning, When, bits, decoded, locate
from isa.register import Field

READ, WRITE = Direction.READ, Direction.WRITE


def unknown(name):
    return None


def named(table, offset, direction=READ, selected=unknown):
    found = locate(table, offset, direction, selected)
    return None if found is None else found.name


def test_a_word_shows_the_bits_that_are_set_and_the_values_that_have_names():
    fields = (*bits("A", "", "C"), Field("MODE", 4, 2, ((0, "off"), (1, "on"))), Field("N", 8, 4))
    assert decoded(fields, 0) == "MODE=off"
    assert decoded(fields, 0x715) == "A C MODE=on N=0x7"
    assert decoded(fields, 0x20) == "MODE=0x2"
    assert decoded((Field("", 0, 8, ((0x5A, "go"),)),), 0x5A) == "go"


def test_elements_of_arrays_have_indices_and_gaps_have_no_name():
    table = (DeviceRegister("ENABLE", 0x2000, array=((2, 0x80), (3, 4))), DeviceRegister("WIDE", 0, 8))
    assert named(table, 0x2000) == "ENABLE[0][0]"
    assert named(table, 0x2084) == "ENABLE[1][1]"
    assert named(table, 0x200C) is None
    assert named(table, 0x2100) is None
    assert named(table, 4) == "WIDE+4"
    assert [(index, at) for index, at in table[0].elements()][3:5] == [((1, 0), 0x2080), ((1, 1), 0x2084)]


def test_a_part_of_a_register_is_decoded_as_its_place_in_the_whole():
    wide = (DeviceRegister("WIDE", 0, 8, big_endian=False), DeviceRegister("BIG", 8, 8, big_endian=True))
    assert locate(wide, 4, READ, unknown).word(0x12, 4) == 0x12_0000_0000
    assert locate(wide, 12, READ, unknown).word(0x7856_3412, 4) == 0x1234_5678
    assert locate(wide, 8, READ, unknown).word(0x7856_3412, 4) == 0x1234_5678_0000_0000


def test_one_offset_has_a_name_for_each_direction_and_mode():
    table = (
        DeviceRegister("DLL", 0, 1, when=When("LCR", 0x80, 0x80)),
        DeviceRegister("RBR", 0, 1, access=READ),
        DeviceRegister("THR", 0, 1, access=WRITE),
    )
    assert named(table, 0, READ, lambda name: 0) == "RBR"
    assert named(table, 0, WRITE, lambda name: 0) == "THR"
    assert named(table, 0, WRITE, lambda name: 0x83) == "DLL"
    assert named(table, 0, WRITE) == "DLL"  # not known: the first that fits


def test_a_selector_is_an_index():
    table = (DeviceRegister("QueueSize", 0x38, selector="QueueSel"),)
    assert named(table, 0x38, WRITE, {"QueueSel": 1}.get) == "QueueSize[1]"
    assert named(table, 0x38, WRITE) == "QueueSize"


def test_numbers_are_shown_for_what_they_are():
    assert DeviceRegister("N", 0, meaning=Meaning.COUNT).text(256) == "256"
    assert DeviceRegister("N", 0, meaning=Meaning.COUNT).text(3) == ""
    assert DeviceRegister("N", 0, meaning=Meaning.CHARACTER).text(0x41) == "'A'"
    assert DeviceRegister("N", 0, meaning=Meaning.CHARACTER).text(0) == ""
    assert DeviceRegister("N", 0, meaning=Meaning.TIME).text(5) == "5 ns"
    assert DeviceRegister("N", 0).text(5) == ""
