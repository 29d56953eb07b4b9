import pytest

from emu.dma import Dma
from emu.errors import AddressError, MemoryInUse
from emu.memory import ROM, MemoryMap, Ram, Region
from isa.riscv.assembly import assemble64

RAM = 0x8000_0000


@pytest.fixture
def told():
    return []


@pytest.fixture
def dma(told):
    ram, rom = Ram(1 << 16), Ram(1 << 12)
    regions = [Region("RAM", RAM, ram, 0, ram.size), Region("mrom", 0x1000, rom, 0, rom.size, ROM)]
    dma = Dma(MemoryMap(regions), told.extend)
    yield dma
    dma.close()
    ram.close()
    rom.close()


def test_a_view_is_the_memory_itself(dma):
    dma.view(RAM + 16, 4)[:] = b"abcd"
    assert bytes(dma.view(RAM + 15, 6)) == b"\0abcd\0"
    assert len(dma.view(RAM, 0)) == 0 and len(dma.view(RAM, 1 << 16)) == dma.size == 1 << 16


@pytest.mark.parametrize(
    ("address", "size"),
    [
        (RAM - 1, 2),
        (RAM + 0xFFFF, 2),
        (RAM + 0x10000, 1),
        (0x1000, 4),
        (0, 1),
        ((1 << 64) - 1, 1),
        (RAM, 1 << 63),
    ],
)
def test_rom_and_what_is_not_memory_cannot_be_reached(dma, address, size):
    with pytest.raises(AddressError):
        dma.view(address, size)


def test_what_was_written_is_told_once_and_neighbours_are_joined(dma, told):
    for address, size in ((RAM, 8), (RAM + 8, 8), (RAM + 32, 1)):
        dma.written(address, size)
    dma.settle()
    dma.settle()
    assert told == [(RAM, 16), (RAM + 32, 1)]


def test_memory_is_let_go_only_with_the_last_view():
    ram = Ram(4096)
    dma = Dma(MemoryMap([Region("RAM", RAM, ram, 0, 4096)]), lambda spans: None)
    with pytest.raises(MemoryInUse):
        ram.close()
    dma.close()
    ram.close()
    with pytest.raises(AddressError):
        dma.view(RAM, 1)


@pytest.mark.parametrize("isa", ["riscv64", "riscv32"])
@pytest.mark.parametrize("board", ["virt", "bare"])  # bare has its memory twice
def test_code_that_a_device_wrote_is_what_runs_next(assembled, board, isa):
    machine = assembled("loop: addi a0, a0, 1\nj loop", board=board, isa=isa)
    machine.vcpus[0].set_entry(RAM)
    machine.run(max_insns=200)
    assert machine.vcpus[0].arch.read_register("a0") == 100
    machine.dma.view(RAM, 4)[:] = assemble64("addi a0, a0, 16", RAM)[:4]
    machine.dma.written(RAM, 4)
    machine.dma.settle()
    machine.run(max_insns=200)
    assert machine.vcpus[0].arch.read_register("a0") == 100 + 1600


def test_code_elsewhere_stays_translated(assembled):
    machine = assembled("loop: addi a0, a0, 1\nj loop", board="virt")
    machine.run(max_insns=200)
    engine = machine.vcpus[0].arch._engine
    known = engine.word("cell_next")
    machine.dma.written(RAM + 0x10000, 0x10000)
    machine.dma.settle()
    machine.run(max_insns=200)
    assert engine.word("cell_next") == known
