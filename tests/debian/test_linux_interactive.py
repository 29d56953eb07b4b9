"""A person at the terminal: a shell in Debian's Linux over the UART and over a virtio console, typed at, pasted into,
interrupted, and with a folder of the host's."""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axemu.initramfs import CONSOLE, directory, file, link, packed, program
from emu.config import BUILT_IN, MachineConfig, VirtioConsole
from emu.machine import Machine

pytestmark = [pytest.mark.debian, pytest.mark.timeout(1200)]
Fetch = Callable[[str], dict[str, Path]]
UP, ESCAPE, CTRL_A, CTRL_C, CTRL_D, CTRL_Z = b"\x1b[A", b"\x1b", b"\x01", b"\x03", b"\x04", b"\x1a"
PASTE = b"".join(b"%06d: a line of a text that is pasted\n" % number for number in range(2600))
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/ TERM=linux PS1='here # '
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in virtio_mmio netfs 9pnet 9pnet_virtio 9p; do insmod /lib/$module.ko; done
mount -t 9p -o trans=virtio,version=9p2000.L host /mnt
exec </dev/hvc0 >/dev/hvc0 2>&1
setsid cttyhack sh
poweroff -f
"""


class Shell:
    """A prompt that commands are typed at; output is told from its echo by being computed."""

    def __init__(self, terminal: Any, prompt: bytes) -> None:
        self.terminal, self.prompt = terminal, prompt

    def do(self, command: bytes) -> bytes:
        """What the command printed last; its exit code is 0."""
        self.terminal.wait_for(self.prompt)
        self.terminal.type(command + b"; echo result=$((700+$?))\r")
        return self.terminal.wait_for_match(rb"(?:\n|^)([^\n]*)\r?\nresult=700\r\n").group(1).strip()

    def begin(self, command: bytes) -> None:
        """Start what does not end by itself; returns when it runs.

        A program that a key is to interrupt or stop has to say so itself (`sh -c 'RUNS; exec ...'`). The shell forks
        first, and then the child makes itself the terminal's foreground: Ctrl-C in between is for the shell, which goes
        on waiting for the child, here as on any Linux.
        """
        self.terminal.wait_for(self.prompt)
        self.terminal.type(command.replace(b"RUNS", b"echo ru''nning") + b"\r")
        self.terminal.wait_for(b"running\r\n")

    def power_off(self) -> None:
        self.terminal.wait_for(self.prompt)
        self.terminal.type(b"poweroff -f\r")
        self.terminal.wait_for(b"the guest powered off")
        assert self.terminal.wait() == 0, self.terminal.text


def use(shell: Shell) -> None:
    """What a person does at a shell."""
    terminal = shell.terminal
    assert shell.do(b"seq 100 | grep 7 | wc -l") == b"19"
    shell.begin(b"sh -c 'RUNS; exec sleep 1000'")
    terminal.type(CTRL_C)
    shell.begin(b"RUNS; cat")
    terminal.type(b"twice\r")
    terminal.wait_for(b"twice\r\ntwice\r\n")
    terminal.type(CTRL_C)
    shell.begin(b"sh -c 'RUNS; exec sleep 1000'")
    terminal.type(CTRL_Z)
    terminal.wait_for(b"Stopped")
    assert shell.do(b"jobs | wc -l; kill %1") == b"1"
    terminal.wait_for(shell.prompt)
    terminal.type(b"vi /tmp/edited\r")
    terminal.wait_for(b"- /tmp/edited")
    terminal.type(b"iby hand")
    terminal.wait_for(b"by hand")
    terminal.type(ESCAPE)
    terminal.wait_for(b"- /tmp/edited")
    terminal.type(b":wq\r")
    assert shell.do(b"cat /tmp/edited") == b"by hand"
    assert shell.do(b"dmesg | grep -c 'Run /init'") == b"1"


def paste(shell: Shell) -> None:
    """100 KB into a program that reads lines."""
    shell.begin(b"stty -echo; RUNS; cat > /tmp/pasted; stty echo")
    shell.terminal.type(PASTE + CTRL_D)
    expected = hashlib.md5(PASTE).hexdigest().encode()
    assert shell.do(b"md5sum < /tmp/pasted") == expected + b"  -"


def test_a_shell_on_the_serial_line(
    debian_guest: Fetch, tmp_path: Path, on_terminal: Callable[..., Any]
) -> None:
    for name in ("linux-riscv64", "busybox-riscv64"):
        debian_guest(name)
    (tmp_path / "note").write_text("for the guest\n")
    terminal = on_terminal(
        "examples", "linux-riscv64", "--", "-v", "-virtfs", f"local,path={tmp_path},mount_tag=host"
    )
    shell = Shell(terminal, b"root@axemu:~# ")
    use(shell)
    paste(shell)
    assert shell.do(b"stty size") == b"30 100"
    assert shell.do(b"share host && cat /mnt/note") == b"for the guest"
    shell.power_off()


def test_ctrl_a_x_leaves_a_busy_guest(debian_guest: Fetch, on_terminal: Callable[..., Any]) -> None:
    for name in ("linux-riscv64", "busybox-riscv64"):
        debian_guest(name)
    terminal = on_terminal("examples", "linux-riscv64")
    shell = Shell(terminal, b"root@axemu:~# ")
    shell.begin(b"RUNS; while :; do :; done")
    terminal.type(CTRL_A + b"h")
    terminal.wait_for(b"leave the guest")
    terminal.type(CTRL_C)
    shell.begin(b"RUNS; while :; do :; done")
    terminal.type(CTRL_A + b"x")
    terminal.wait_for(b"left with Ctrl-A x")
    assert terminal.wait() == 0


@pytest.fixture
def disk(debian_guest: Fetch, tmp_path: Path) -> Path:
    """An initial RAM disk with the modules for virtio and 9p."""
    linux = debian_guest("linux-riscv64")
    modules = ("virtio_mmio", "netfs", "9pnet", "9pnet_virtio", "9p")
    path = tmp_path / "initrd.gz"
    path.write_bytes(
        packed(
            [
                *map(directory, ("bin", "proc", "sys", "dev", "tmp", "mnt")),
                CONSOLE,
                program("init", INIT.encode()),
                program("bin/busybox", debian_guest("busybox-riscv64")["busybox"].read_bytes()),
                link("bin/sh", "busybox"),
                *(
                    file(f"lib/{name}.ko", lzma.decompress(linux[f"{name}.ko.xz"].read_bytes()))
                    for name in modules
                ),
            ]
        )
    )
    return path


def test_a_shell_on_a_virtio_console_with_a_shared_folder(
    debian_guest: Fetch, disk: Path, tmp_path: Path, on_terminal: Callable[..., Any]
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "from the host").write_text("hello guest\n")
    (shared / "out").symlink_to("/")
    large = bytes(range(256)) * 8192
    (shared / "large").write_bytes(large)
    terminal = on_terminal(
        "run", "-m", "512M", "-kernel", str(debian_guest("linux-riscv64")["vmlinux"]), "-initrd", str(disk),
        "-append", "console=hvc0 earlycon=sbi", "-device", "virtconsole", "-serial", "none",
        "-virtfs", f"local,path={shared},mount_tag=host",
    )  # fmt: skip
    shell = Shell(terminal, b"here # ")
    use(shell)
    assert shell.do(b"stty size") == b"30 100"
    terminal.resize(87, 43)
    assert shell.do(b"until stty size | grep 43; do sleep 1; done") == b"43 87"
    assert shell.do(b"cat '/mnt/from the host'") == b"hello guest"
    assert shell.do(b"md5sum < /mnt/large") == hashlib.md5(large).hexdigest().encode() + b"  -"
    assert shell.do(b"ls /mnt | xargs") == b"from the host large out"
    assert shell.do(b"ls /mnt/out/init") == b"/mnt/out/init"  # the guest's own
    shell.do(b"mkdir /mnt/new && echo hello host > /mnt/new/file && mv /mnt/new /mnt/moved && rm /mnt/large")
    assert shell.do(b"cp -r /lib /mnt/moved && md5sum < /mnt/moved/lib/9p.ko") == shell.do(
        b"md5sum < /lib/9p.ko"
    )
    shell.power_off()
    assert (shared / "moved" / "file").read_text() == "hello host\n"
    assert not (shared / "large").exists()


def test_ctrl_c_reaches_a_program_at_every_moment_of_its_life(debian_guest: Fetch, disk: Path) -> None:
    """From its first word on, whatever the guest does when the key comes: no host time decides here."""
    config = MachineConfig(
        isa="riscv64",
        ram=512 << 20,
        bios=BUILT_IN,
        kernel=debian_guest("linux-riscv64")["vmlinux"],
        initrd=disk,
        append="console=hvc0 earlycon=sbi",
        virtio=(VirtioConsole(),),
        serial=False,
    )
    with Machine(config) as machine:
        recorder = machine.recorder
        assert recorder is not None

        def run(words: bytes, limit: int, start: int = 0) -> bool:
            machine.run(limit, until=lambda exit: words in recorder.output[start:])
            return words in recorder.output[start:]

        def type_keys(keys: bytes) -> int:
            recorder.input += keys
            machine.poll()
            return len(recorder.output)

        assert run(b"here # ", 5_000_000_000), bytes(recorder.output)
        machine.run(5_000_000)
        typed = type_keys(b"sh -c 'echo ru''nning; exec sleep 1000'\r")
        assert run(b"running\r\n", 200_000_000, typed), bytes(recorder.output)
        running = machine.save()
        for instructions in (0, *(37 * 3**power for power in range(13))):
            machine.restore(running)
            if instructions:
                machine.run(instructions)
            typed = type_keys(CTRL_C)
            assert run(b"here # ", 200_000_000, typed), (instructions, bytes(recorder.output[typed:]))
