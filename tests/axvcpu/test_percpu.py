import gc
import threading

import pytest

from axvcpu import (
    MAX_CPUS,
    AxPerCpu,
    BadState,
    Halt,
    InvalidInput,
    NestedVCpuOperation,
    PerCpuState,
    clear_current_vcpu,
    get_current_vcpu,
    set_current_vcpu,
)
from axvcpu.percpu import TABLE, current_control


class ArchCpu:
    def __init__(self, cpu_id: int) -> None:
        self.cpu_id, self.enabled, self.fail = cpu_id, False, False

    @classmethod
    def new(cls, cpu_id):
        return cls(cpu_id)

    def is_enabled(self):
        return self.enabled

    def hardware_enable(self):
        self.enabled = True

    def hardware_disable(self):
        self.enabled = False
        if self.fail:
            raise OSError("stuck")

    def max_guest_page_table_levels(self):
        return 4


def on_thread(f):
    results = []
    thread = threading.Thread(target=lambda: results.append(f()))
    thread.start()
    thread.join()
    return results[0]


@pytest.fixture
def cpu():
    with AxPerCpu(ArchCpu) as percpu:
        yield percpu


def test_init_makes_the_calling_thread_that_cpu(cpu):
    assert cpu.state is PerCpuState.UNINITIALISED
    cpu.init(5)
    assert (cpu.number, cpu.arch.cpu_id, cpu.state) == (5, 5, PerCpuState.DISABLED)


@pytest.mark.parametrize("number", [5, 6, None])
def test_a_second_init_of_one_object_is_refused(cpu, number):
    cpu.init(5)
    with pytest.raises(BadState):
        cpu.init(number)
    assert cpu.number == 5


def test_a_thread_is_one_cpu_only(cpu):
    cpu.init(5)
    other = AxPerCpu(ArchCpu)
    with pytest.raises(BadState, match="thread of 5"):
        other.init(6)
    assert other.state is PerCpuState.UNINITIALISED


def test_a_number_is_one_thread_only_while_that_lives(cpu):
    cpu.init(5)
    other = AxPerCpu(ArchCpu)

    def refused():
        with pytest.raises(BadState):
            other.init(5)
        return other.state

    assert on_thread(refused) is PerCpuState.UNINITIALISED
    cpu.close()
    on_thread(lambda: other.init(5))
    cpu.init(5)
    assert (cpu.number, other.state) == (5, PerCpuState.UNINITIALISED)


def test_without_a_number_the_lowest_free_one_is_taken(cpu):
    cpu.init(0)
    assert on_thread(lambda: (p := AxPerCpu(ArchCpu), p.init(), p.number)[2]) == 1


@pytest.mark.parametrize("number", [-1, MAX_CPUS])
def test_numbers_outside_the_table_are_invalid(cpu, number):
    with pytest.raises(InvalidInput, match=f"{MAX_CPUS - 1}"):
        cpu.init(number)


@pytest.mark.parametrize(
    "use",
    [
        lambda cpu: cpu.number,
        lambda cpu: cpu.arch,
        lambda cpu: cpu.is_enabled,
        lambda cpu: cpu.hardware_enable(),
        lambda cpu: cpu.hardware_disable(),
        lambda cpu: cpu.max_guest_page_table_levels(),
    ],
)
def test_uninitialised_use_is_an_error(cpu, use):
    with pytest.raises(BadState, match="actual state UNINITIALISED"):
        use(cpu)


def test_enable_and_disable_alternate(cpu):
    cpu.init(0)
    with pytest.raises(BadState):
        cpu.hardware_disable()
    cpu.hardware_enable()
    assert cpu.is_enabled
    assert cpu.state is PerCpuState.ENABLED
    with pytest.raises(BadState):
        cpu.hardware_enable()
    cpu.hardware_disable()
    assert not cpu.is_enabled
    assert cpu.max_guest_page_table_levels() == 4


def test_close_disables_what_is_enabled_and_frees_the_number(cpu):
    cpu.init(3)
    cpu.hardware_enable()
    arch = cpu.arch
    cpu.close()
    assert not arch.enabled
    cpu.init(3)


def test_a_close_that_cannot_disable_says_so_and_is_closed_still(cpu):
    cpu.init(3)
    cpu.hardware_enable()
    cpu.arch.fail = True
    with pytest.raises(OSError, match="stuck"):
        cpu.close()
    assert cpu.state is PerCpuState.UNINITIALISED


def test_a_cpu_is_not_closed_under_its_current_vcpu(cpu, vcpu_in):
    cpu.init(3)
    vcpu = vcpu_in()

    def guest():
        with pytest.raises(BadState, match="run"):
            cpu.close()
        return Halt()

    vcpu.arch.guest = guest
    assert vcpu.run() == Halt()
    assert cpu.number == 3


def test_native_code_sees_the_control_block_of_the_current_vcpu_only_while_it_is(cpu, vcpu_in):
    cpu.init(9)
    vcpu = vcpu_in()
    seen = []
    vcpu.arch.guest = lambda: seen.append(current_control(TABLE, 9)) or Halt()
    vcpu._address = vcpu.arch.control_address = 0x7000
    vcpu.run()
    vcpu.run_by_steps()
    set_current_vcpu(vcpu)
    seen.append(current_control(TABLE, 9))
    clear_current_vcpu()
    assert seen == [0x7000] * 3
    assert current_control(TABLE, 9) == 0


def test_a_thread_that_is_no_physical_cpu_shows_nothing(vcpu_in):
    vcpu = vcpu_in()
    vcpu._address = 0x7000
    seen = []
    vcpu.arch.guest = lambda: seen.append(any(TABLE)) or Halt()
    vcpu.run()
    assert seen == [False]


def test_the_current_vcpu_belongs_to_one_thread(vcpu_in):
    vcpu = vcpu_in()
    set_current_vcpu(vcpu)
    assert get_current_vcpu() is vcpu
    assert on_thread(get_current_vcpu) is None
    with pytest.raises(NestedVCpuOperation):
        set_current_vcpu(vcpu_in(vcpu_id=1))
    assert get_current_vcpu() is vcpu
    clear_current_vcpu()
    clear_current_vcpu()
    assert get_current_vcpu() is None


def test_a_dropped_cpu_leaves_without_a_word():
    AxPerCpu(ArchCpu)
    gc.collect()
