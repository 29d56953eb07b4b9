import pytest

from emu.devices.cfi_flash import BUFFER_WORDS, SECTOR, CfiFlash
from emu.errors import ConfigError

SIZE = 32 << 20


def both(command):
    return command | command << 16


@pytest.fixture
def flash():
    flash = CfiFlash("flash0", SIZE)
    yield flash
    flash.close()


def program(flash, offset, value, command=0x40):
    flash.write(offset, 4, both(command))
    flash.write(offset, 4, value)


def erase(flash, offset):
    flash.write(offset, 4, both(0x20))
    flash.write(offset, 4, both(0xD0))


def test_an_empty_flash_is_erased_and_keeps_nothing(flash):
    assert flash.read(0, 4) == flash.read(SIZE - 4, 4) == 0xFFFF_FFFF
    assert flash.array is None and flash.state.pages == {}
    assert flash.contents() == b"\xff" * SIZE


def test_an_image_fills_the_start_and_is_memory_for_the_machine():
    flash = CfiFlash("flash0", SIZE, b"\x13\x05\x00\x00" * 100)
    assert flash.read(4, 4) == 0x513
    assert flash.array.size == SECTOR
    assert bytes(flash.array.view[:4]) == b"\x13\x05\x00\x00"
    assert flash.read(400, 4) == flash.read(SECTOR, 4) == 0xFFFF_FFFF
    flash.write(0, 4, both(0x70))
    assert flash.array is None
    flash.close()


def test_the_query_table_describes_two_16_bit_chips_of_128_kib_blocks(flash):
    flash.write(0x55 * 4, 4, both(0x98))
    table = [flash.read(4 * word, 4) for word in range(0x40)]
    assert table[0x10:0x13] == [both(each) for each in b"QRY"]
    assert table[0x13] == both(1)
    assert table[0x27] == both(24)
    assert table[0x2A] == both(11)
    assert table[0x2C:0x31] == [both(1), both(127), both(0), both(0), both(2)]
    flash.write(0, 4, both(0xFF))
    assert flash.read(0x40, 4) == 0xFFFF_FFFF


def test_narrow_reads_see_their_lane(flash):
    flash.write(0, 4, both(0x98))
    assert [flash.read(0x40 + lane, 1) for lane in range(4)] == [ord("Q"), 0, ord("Q"), 0]
    assert flash.read(0x42, 2) == ord("Q")
    assert flash.read(0x40, 8) == both(ord("Q")) | both(ord("R")) << 32


def test_identification(flash):
    flash.write(0, 4, both(0x90))
    assert [flash.read(offset, 4) for offset in (0, 4, 8)] == [both(0x89), both(0x18), 0]


def test_programming_clears_bits_and_shows_ready(flash):
    program(flash, 0x1000, 0x1234_5678)
    assert flash.read(0, 4) == both(0x80)
    program(flash, 0x1000, 0x0F0F_FFFF, 0x10)
    flash.write(0, 4, both(0xFF))
    assert flash.read(0x1000, 4) == 0x0204_5678
    assert flash.read(0x1004, 4) == 0xFFFF_FFFF


def test_an_erase_clears_one_sector_of_256_kib_after_its_confirmation(flash):
    for offset in (SECTOR - 4, SECTOR, 2 * SECTOR - 4, 2 * SECTOR):
        program(flash, offset, 0)
    flash.write(SECTOR, 4, both(0x20))
    flash.write(SECTOR, 4, both(0xFF))
    assert flash.read(SECTOR, 4) == 0, "not confirmed"
    erase(flash, SECTOR + 0x1234)
    assert flash.read(0, 4) == both(0x80)
    flash.write(0, 4, both(0xFF))
    words = [flash.read(offset, 4) for offset in (SECTOR - 4, SECTOR, 2 * SECTOR - 4, 2 * SECTOR)]
    assert words == [0, 0xFFFF_FFFF, 0xFFFF_FFFF, 0]


def fill(flash, offset, words, count=None):
    flash.write(offset, 4, both(0xE8))
    assert flash.read(offset, 4) == both(0x80)
    flash.write(offset, 4, both(len(words) - 1 if count is None else count))
    for index, word in enumerate(words):
        flash.write(offset + 4 * index, 4, word)


def test_a_buffered_write_lands_when_it_is_confirmed(flash):
    words = list(range(BUFFER_WORDS))
    fill(flash, SECTOR, words)
    assert flash.contents() == b"\xff" * SIZE
    flash.write(SECTOR, 4, both(0xD0))
    assert flash.read(0, 4) == both(0x80)
    flash.write(0, 4, both(0xFF))
    assert [flash.read(SECTOR + 4 * index, 4) for index in range(BUFFER_WORDS)] == words


def test_a_buffered_write_that_is_not_confirmed_is_an_error_and_writes_nothing(flash):
    fill(flash, 0, [1, 2])
    flash.write(0, 4, both(0xFF))
    assert flash.read(0, 4) == both(0xB0)
    flash.write(0, 4, both(0x50))
    assert flash.read(0, 4) == 0xFFFF_FFFF
    flash.write(0, 4, both(0x70))
    assert flash.read(0, 4) == both(0x80)


def test_a_buffered_write_stays_in_its_sector_and_its_buffer(flash):
    flash.write(0, 4, both(0xE8))
    flash.write(0, 4, both(0))
    flash.write(SECTOR, 4, 0)
    flash.write(0, 4, both(0xD0))
    assert flash.read(0, 4) == both(0xB0)
    flash.write(0, 4, both(0xE8))
    flash.write(0, 4, both(BUFFER_WORDS))
    assert flash.read(0, 4) == both(0xB0)
    assert flash.contents() == b"\xff" * SIZE


def test_read_only_flash_refuses_and_says_so():
    flash = CfiFlash("flash0", SIZE, b"\x55" * 4096, read_only=True)
    program(flash, 0, 0)
    assert flash.read(0, 4) == both(0x92)
    flash.write(0, 4, both(0x50))
    erase(flash, 0)
    assert flash.read(0, 4) == both(0xA2)
    flash.write(0, 4, both(0xFF))
    assert flash.read(0, 4) == 0x5555_5555
    flash.close()


def test_writes_never_reach_the_callers_image():
    image = bytearray(b"\x55" * 8192)
    flash = CfiFlash("flash0", SIZE, bytes(image))
    erase(flash, 0)
    assert flash.contents()[:8192] == b"\xff" * 8192 and image == b"\x55" * 8192
    flash.close()


def test_a_state_is_what_differs_from_the_image_and_loads_back():
    flash = CfiFlash("flash0", SIZE, b"\x55" * 8192)
    program(flash, 4096, 0)
    program(flash, 20 << 20, 0x1234)
    state = flash.state
    assert sorted(state.pages) == [1, (20 << 20) // 4096]
    before = flash.contents()
    erase(flash, 0)
    erase(flash, 20 << 20)
    flash.load(state)
    assert flash.contents() == before and flash.state == state
    erase(flash, 20 << 20)
    assert sorted(flash.state.pages) == [1]
    flash.close()


def test_reset_keeps_the_contents(flash):
    program(flash, 0, 0x1234)
    flash.reset()
    assert flash.read(0, 4) == 0x1234


def test_unknown_commands_lead_back_to_the_contents(flash):
    flash.write(0, 4, both(0x98))
    flash.write(0, 4, both(0xF0))
    assert flash.read(0x40, 4) == 0xFFFF_FFFF


@pytest.mark.parametrize("size", [0, 1000, SECTOR // 2, 3 * SECTOR])
def test_an_odd_size_is_refused(size):
    with pytest.raises(ConfigError, match="a power of two"):
        CfiFlash("flash0", size)


def test_an_image_that_is_too_long_is_refused():
    with pytest.raises(ConfigError, match=f"at most {SECTOR} bytes, got {SECTOR + 1}"):
        CfiFlash("flash0", SECTOR, bytes(SECTOR + 1))
