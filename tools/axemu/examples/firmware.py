"""OpenSBI and U-Boot, as Debian builds them for QEMU's `virt`."""

from __future__ import annotations

from axemu.examples.example import Setting

# The serial port's receiver is reset while the firmware starts, so the first lines are lost: empty ones, of
# which one more also stops U-Boot's countdown.
SCRIPT = b"\n" * 64 + b"version\nbdinfo\npoweroff\n"


def arguments(setting: Setting) -> list[str]:
    firmware, loader = setting.files["opensbi"], setting.files["u-boot"]
    command = ["-m", "128M", "-bios", str(firmware["fw_jump.bin"]), "-kernel", str(loader["smode.bin"])]
    if setting.batch:
        command += ["--input", str(setting.put("script", SCRIPT))]
    return command
