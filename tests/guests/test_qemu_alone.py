"""The portable guests that need no device, built for memory only, say on QEMU's `none` what they say on `bare`."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

import pytest
from elftools.elf.elffile import ELFFile

from emu.guest import Guest, load_guest

GUESTS = Path(__file__).resolve().parents[2] / "guests"
MODELS = {
    "aarch64": "cortex-a72,has_el3=off,has_el2=off",
    "arm": "cortex-a15",
    "m68k": "m68040",
    "mips": "24Kf",
    "mipsel": "24Kf",
    "mips64": "MIPS64R2-generic",
    "mips64el": "MIPS64R2-generic",
    "ppc": "7457",
    "ppc64": "970",
    "s390x": "qemu",
    "sparc": "LEON3",
    "sparc64": "TI-UltraSparc-IIi",
}
NAMES = ("hello", "exit-code", "must-fail", "workload", "traps")
OTHERWISE: dict[str, str] = {
    "aarch64": "(ok|FAIL) load from nowhere",  # its address, rounded down
    "m68k": "addressing mode|chk|bkpt|movec|rte",
    "ppc": "nowhere",
    "ppc64": "nowhere|VSX",
    "sparc": "access_error",
    "sparc64": "access_error",
}
"""ISA -> the probes of traps that this QEMU takes otherwise: a pattern of their names."""
RAM = "128M"  # and nothing above: there the guests look for what is not
SIZE = 8 + 16384  # of runtime/memory.h's transcript
ENDED = 0x454E4400
PATIENCE = 30  # s

CASES = [
    load_guest(GUESTS / isa / name) for isa in MODELS for name in NAMES if (GUESTS / isa / name).is_dir()
]


class Qemu:
    """A CPU, some RAM and an ELF, spoken to by QMP."""

    def __init__(self, program: str, model: str, elf: Path) -> None:
        machine, devices = "none", ("-device", f"loader,file={elf},cpu-num=0")
        if program.endswith("s390x"):  # there a lone CPU is stopped, and nothing starts it
            machine, devices = "s390-ccw-virtio", ("-nodefaults", "-kernel", str(elf))
        common = ("-cpu", model, "-m", RAM, "-display", "none", "-qmp", "stdio")
        command = [program, "-M", machine, *common, *devices]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        self.patience = threading.Timer(
            PATIENCE, self.process.kill
        )  # a storm of traps leaves no time to answer

    def __enter__(self) -> Self:
        assert self.process.stdout is not None
        self.patience.start()
        self.process.stdout.readline()
        self.ask("qmp_capabilities")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.patience.cancel()
        self.process.kill()
        self.process.communicate()

    def ask(self, command: str, **arguments: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            answer = json.loads(line)
            if "return" in answer:
                return
            assert "error" not in answer, answer
        raise AssertionError(f"QEMU ended: {self.process.stderr.read() if self.process.stderr else ''}")

    def memory(self, address: int, size: int, scratch: Path) -> bytes:
        self.ask("pmemsave", val=address, size=size, filename=str(scratch))
        return scratch.read_bytes()


def alone(program: str, model: str, elf: Path, scratch: Path) -> tuple[str, int]:
    """Console and exit code of a guest that was built for `memory`."""
    with elf.open("rb") as file:
        tables = ELFFile(file)
        (symbol,) = tables.get_section_by_name(".symtab").get_symbol_by_name("transcript")
        segment = next(s for s in tables.iter_segments() if s["p_type"] == "PT_LOAD")
        address = symbol["st_value"] - segment["p_vaddr"] + segment["p_paddr"]
        words = "<II" if tables.little_endian else ">II"
    text = ""
    with Qemu(program, model, elf) as qemu:
        while True:
            try:
                data = qemu.memory(address, SIZE, scratch)
            except AssertionError as error:
                raise AssertionError(f"{error}; so far the guest has said: {text}") from error
            ended, count = struct.unpack_from(words, data)
            text = data[8 : 8 + count].decode()
            if ended:
                assert ended & ~0xFF == ENDED
                return text, ended & 0xFF
            time.sleep(0.02)


def spoken(guest: Guest, text: str) -> list[str]:
    """What can be compared: not the board's name, not what devices answered, not what QEMU takes otherwise."""
    text = re.sub(r"on (bare|memory)$|devices [0-9a-f]+$", "", text, flags=re.MULTILINE)
    lines = [line for line in text.splitlines() if line != "ok all traps"]
    different = OTHERWISE.get(guest.isa) if guest.name == "traps" else None
    return [line for line in lines if different is None or not re.search(different, line)]


def name(guest: Guest) -> str:
    return f"{guest.isa}/{guest.name}"


@pytest.mark.parametrize("guest", CASES, ids=name)
def test_a_guest_says_the_same_on_a_lone_cpu_of_qemu_and_on_bare(
    guest: Guest,
    builder: ModuleType,
    compiler: Callable[[Guest], None],
    run_guest: Callable[..., Any],
    tmp_path: Path,
) -> None:
    program = shutil.which(f"qemu-system-{guest.isa}")
    if program is None:
        pytest.skip(f"qemu-system-{guest.isa} is not installed")
    compiler(guest)
    elf = tmp_path / "guest.elf"
    builder.build(guest, "memory", elf)
    console, code = alone(program, MODELS[guest.isa], elf, tmp_path / "memory")
    ours = run_guest(guest)
    assert spoken(guest, console) == spoken(guest, ours.console.decode())
    assert code == ours.outcome.code or guest.name == "traps"
