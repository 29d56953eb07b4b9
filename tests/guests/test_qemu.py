"""The guests of `bare`, built for `virt`, say the same on QEMU and on our `virt`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from emu.guest import Guest, load_guest
from emu.outcome import Ending

GUESTS = Path(__file__).resolve().parents[2] / "guests"
MODELS = {"riscv64": "sifive-u54", "riscv32": "sifive-u34"}
NAMES = (
    *(
        "hello",
        "exit-code",
        "uart-echo",
        "timer-interrupt",
        "external-interrupt",
        "halt-and-wake",
        "halt",
        "traps",
    ),
    *(
        "paging",
        "paging-sv48",
        "paging-sv57",
        "self-modifying",
        "hypercall",
        "mmio-forms",
        "smp",
        "must-fail",
        "fw-cfg",
        "code-aliases",
        "virtio",
    ),
)
BOTH = [load_guest(GUESTS / isa / name) for isa in MODELS for name in NAMES if (GUESTS / isa / name).is_dir()]
COUNTED = ("-icount", "shift=0,sleep=off")  # time is a count of instructions: a busy host changes no answer
RAISED_AS_A_LOAD = b"   "  # how traps reports an AMO that QEMU, with one hart, takes for a load


def name(guest: Guest) -> str:
    return f"{guest.isa}/{guest.name}"


def on_qemu(guest: Guest, elf: Path) -> tuple[bytes, int]:
    """Console and exit code; with QEMU's own firmware for a guest that needs some."""
    program = shutil.which(f"qemu-system-{guest.isa}")
    if program is None:
        pytest.skip(f"qemu-system-{guest.isa} is not installed")
    machine = ("-M", "virt", "-cpu", MODELS[guest.isa], "-smp", str(guest.smp), "-bios", guest.bios)
    terminal = ("-display", "none", "-serial", "stdio", "-monitor", "none")
    disk = ("-drive", f"if=none,id=disk,format=raw,snapshot=on,file={guest.disk}") if guest.disk else ()
    devices = (*disk, "-device", "virtio-blk-device,drive=disk") if guest.disk else ()
    devices += ("-device", "virtio-rng-device") if guest.entropy else ()
    virtio = ("-global", "virtio-mmio.force-legacy=false", *devices) if devices else ()
    counted = () if guest.smp > 1 else COUNTED  # its harts take turns of no fixed length: one may starve
    command = [program, *machine, *terminal, *virtio, *counted, "-kernel", str(elf)]
    run = subprocess.run(command, input=guest.input, capture_output=True, check=False, timeout=60)
    return run.stdout, run.returncode


@pytest.mark.parametrize("guest", BOTH, ids=name)
def test_a_guest_says_the_same_on_qemu_and_on_axemu(
    guest: Guest,
    builder: ModuleType,
    compiler: Callable[[Guest], None],
    run_guest: Callable[..., Any],
    tmp_path: Path,
) -> None:
    compiler(guest)
    elf = tmp_path / "guest.elf"
    builder.build(guest, "virt", elf)
    console, code = on_qemu(guest, elf)
    ours = run_guest(replace(guest, machine="virt", elf=elf))
    spoken = [line for line in console.splitlines() if not line.startswith(RAISED_AS_A_LOAD)]
    assert ours.console.splitlines() == spoken
    assert (ours.outcome.ending, ours.outcome.code) == (Ending.POWERED_OFF, code)
    assert code == guest.expect.exit_code or guest.expect.xfail


@pytest.mark.parametrize("name", ["sbi", "smp-sbi"])
def test_a_guest_of_sbi_firmware_finds_on_opensbi_what_it_finds_on_ours(
    name: str, run_guest: Callable[..., Any]
) -> None:
    """But for what OpenSBI lacks, and what the specification leaves open: that is not asked there."""
    guest = load_guest(GUESTS / "riscv64" / name)
    if not any(Path("/usr/share/qemu").glob("opensbi-riscv64-*")):
        pytest.skip("QEMU's firmware is not installed (package opensbi)")
    console, code = on_qemu(replace(guest, input=b""), guest.elf)
    ours = iter(run_guest(guest).console.splitlines())
    checked = [line for line in console.splitlines() if line.startswith((b"ok ", b"FAIL"))]
    assert len(checked) > 20, console.decode()
    assert not [line for line in checked if line.startswith(b"FAIL")]
    assert all(line in ours for line in checked), "a check, or its order, is another"
    assert code == 0
