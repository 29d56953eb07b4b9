"""An architecture that records its calls and runs scripts instead of guests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from axvcpu import AccessFlags, AxVCpu, AxVCpuExitReason, Halt, VCpuState
from axvcpu.percpu import this


class RecordingArch:
    """`calls` lists what the core asked; `fail` maps a method to what it raises; `guest` is what run does."""

    def __init__(self, vm_id: int = 0, vcpu_id: int = 0, config: Any = None) -> None:
        self.identity = (vm_id, vcpu_id, config)
        self.deadline: int | None = None
        self.control_address = 0
        self.calls: list[tuple[Any, ...]] = []
        self.fail: dict[str, BaseException] = {}
        self.guest: Callable[[], AxVCpuExitReason] = Halt

    @classmethod
    def new(cls, vm_id: int, vcpu_id: int, config: Any) -> RecordingArch:
        return cls(vm_id, vcpu_id, config)

    def _called(self, *call: Any) -> None:
        self.calls.append(call)
        if call[0] in self.fail:
            raise self.fail[call[0]]

    def set_entry(self, gpa: int) -> None:
        self._called("set_entry", gpa)

    def set_ept_root(self, hpa: int) -> None:
        self._called("set_ept_root", hpa)

    def setup(self, config: Any) -> None:
        self._called("setup", config)

    def run(self) -> AxVCpuExitReason:
        self._called("run")
        return self.guest()

    def bind(self) -> None:
        self._called("bind")

    def unbind(self) -> None:
        self._called("unbind")

    def set_gpr(self, reg: int | str, value: int) -> None:
        self._called("set_gpr", reg, value)

    def inject_interrupt(self, vector: int) -> None:
        self._called("inject_interrupt", vector)

    def set_return_value(self, value: int, *more: int) -> None:
        self._called("set_return_value", value, *more)

    def complete(self, value: int) -> None:
        self._called("complete", value)

    def read_register(self, name: str) -> int:
        return 0

    def write_register(self, name: str, value: int) -> None:
        self._called("write_register", name, value)

    def translate(self, gva: int, access: AccessFlags = AccessFlags.READ) -> int | None:
        return gva

    def save(self) -> Any:
        return None

    def restore(self, state: Any) -> None:
        self._called("restore", state)


@pytest.fixture(scope="session")
def arch_type() -> type[RecordingArch]:
    return RecordingArch


@pytest.fixture(scope="session")
def vcpu_in() -> Callable[..., AxVCpu[RecordingArch]]:
    """Makes a vCPU that has come to the given state by its own operations."""

    def make(
        state: VCpuState = VCpuState.READY, vm_id: int = 1, vcpu_id: int = 0, **options: Any
    ) -> AxVCpu[RecordingArch]:
        vcpu = AxVCpu(vm_id, vcpu_id, RecordingArch(vm_id, vcpu_id), **options)
        if state is VCpuState.INVALID:
            vcpu.set_state(VCpuState.INVALID)
        elif state is not VCpuState.CREATED:
            vcpu.setup(0x8000_0000, 0)
            if state is not VCpuState.FREE:
                vcpu.bind()
                if state is not VCpuState.READY:
                    vcpu.transition_state(VCpuState.READY, state)
        assert vcpu.state is state
        vcpu.arch.calls.clear()
        return vcpu

    return make


@pytest.fixture(autouse=True)
def _nothing_stays_current() -> Iterator[None]:
    before, this.cpu.percpu = this.cpu.percpu, None  # tests of machines leave their thread a physical CPU
    yield
    left, this.cpu.percpu = this.cpu.percpu, before
    assert this.cpu.vcpu is None, "a vCPU stayed current"
    assert left is None, "this thread stayed a physical CPU"
