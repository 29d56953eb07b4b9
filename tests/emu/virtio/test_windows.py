import pytest

from emu.board import BARE, VIRT_RISCV
from emu.config import Entropy
from emu.errors import ConfigError
from emu.virtio.windows import assigned


def places(*requests):
    return list(assigned(VIRT_RISCV, requests))


def test_the_highest_window_is_taken_first_as_in_qemu():
    assert places(Entropy(), Entropy(), Entropy()) == ["virtio7", "virtio6", "virtio5"]


def test_a_device_may_name_its_window_and_the_others_go_round_it():
    assert places(Entropy(bus=7), Entropy(bus=0), Entropy()) == ["virtio7", "virtio0", "virtio6"]


def test_a_window_holds_one_device():
    with pytest.raises(ConfigError, match=r"virtio-mmio-bus\.3 twice"):
        places(Entropy(bus=3), Entropy(bus=3))


def test_there_are_eight():
    assert len(places(*[Entropy()] * 8)) == 8
    with pytest.raises(ConfigError, match="at most 8"):
        places(*[Entropy()] * 9)
    with pytest.raises(ConfigError, match=r"bus\.0 to virtio-mmio-bus\.7"):
        places(Entropy(bus=8))


def test_a_machine_without_windows_says_so():
    with pytest.raises(ConfigError, match="machine bare"):
        assigned(BARE, [Entropy()])
    assert assigned(BARE, []) == {}
