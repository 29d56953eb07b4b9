"""`axemu run`: one guest, attended; its exit code is this command's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from axemu import options
from axemu.errors import UsageError
from axemu.options import Request

if TYPE_CHECKING:
    from axemu.plan import Plan

EXAMPLES = """Run a guest: its console on this terminal, its verdict as exit code.

[dim]axemu run guests/riscv64/hello -v[/]  a guest folder, checked against its guest.toml
[dim]axemu run -bios fw_jump.bin -kernel u-boot.bin[/]  firmware and a kernel, spelled as for QEMU
[dim]axemu run program.elf --max-insns 10M -d traps,unimp[/]  bounded, with a log of what went wrong

On a terminal, Ctrl-A x leaves and Ctrl-A h helps; with redirected input, Ctrl-C stops the guest.
Exit codes: 0 pass, 1 the guest failed, 2 usage, 124 a limit was reached, 130 interrupted.
"""


def run(
    guest: options.GuestArgument = None,
    isa: options.IsaOption = None,
    machine: options.MachineOption = None,
    cpu: options.CpuOption = None,
    smp: options.SmpOption = None,
    memory: options.MemoryOption = None,
    unmapped: options.UnmappedOption = None,
    semihosting: options.SemihostingOption = False,
    semihosting_config: options.SemihostingConfigOption = None,
    bios: options.BiosOption = None,
    kernel: options.KernelOption = None,
    initrd: options.InitrdOption = None,
    append: options.AppendOption = None,
    dtb: options.DtbOption = None,
    drive: options.DriveOption = None,
    device: options.DeviceOption = None,
    snapshot: options.SnapshotOption = False,
    object: options.ObjectOption = None,
    virtfs: options.VirtfsOption = None,
    fsdev: options.FsdevOption = None,
    fw_cfg: options.FwCfgOption = None,
    base: options.BaseOption = None,
    input: options.InputOption = None,
    serial: options.SerialOption = None,
    chardev: options.ChardevOption = None,
    clock: options.ClockOption = None,
    icount: options.IcountOption = None,
    max_insns: options.MaxInsnsOption = None,
    timeout: options.TimeoutOption = None,
    no_reboot: options.NoRebootOption = False,
    verbose: options.VerboseOption = 0,
    json: options.JsonOption = None,
    log: options.LogOption = None,
    log_file: options.LogFileOption = None,
    dump_memory: options.DumpMemoryOption = None,
    exit_code: options.ExitCodeOption = None,
    hook: options.HookOption = None,
    gdb: options.GdbOption = None,
    freeze: options.FreezeOption = False,
) -> None:
    plan = plan_of(
        guest=guest, isa=isa, machine=machine, cpu=cpu, smp=smp, memory=memory, unmapped=unmapped,
        semihosting=semihosting, semihosting_config=semihosting_config, bios=bios, kernel=kernel,
        initrd=initrd, append=append, dtb=dtb, drive=drive, device=device, snapshot=snapshot,
        object=object, virtfs=virtfs, fsdev=fsdev, fw_cfg=fw_cfg, base=base, input=input, serial=serial,
        chardev=chardev, clock=clock, icount=icount, max_insns=max_insns, timeout=timeout,
        no_reboot=no_reboot, verbose=verbose, json=json, log=log, log_file=log_file,
        dump_memory=dump_memory, exit_code=exit_code, hook=hook,
    )  # fmt: skip
    if gdb is None:
        if freeze:
            raise UsageError(
                "-S leaves the guest to a debugger.", "There is none.", "Add -s, or take `axemu gdb`."
            )
        from axemu.session import attend  # noqa: PLC0415 - `axemu --help` must not pay for what only a run needs

        raise typer.Exit(attend(plan))
    if hook is not None:
        raise UsageError(
            "--hook is for a run without a debugger.", "It got --gdb too.", "Leave one of them out."
        )
    from axemu.gdbserver import address  # noqa: PLC0415
    from axemu.gdbserver.server import Manners  # noqa: PLC0415
    from axemu.gdbserver.session import serve  # noqa: PLC0415

    plan = without_expectation(plan, {"max_insns": max_insns})
    raise typer.Exit(serve(plan, *address.address(gdb), Manners(frozen=freeze, ends=True)))


_LISTS = {"drive": "drives", "device": "devices", "object": "objects", "fsdev": "fsdevs", "serial": "serials",
          "chardev": "chardevs", "virtfs": "virtfs", "fw_cfg": "fw_cfg", "dump_memory": "dump_memory"}  # fmt: skip
"""Options that may be given more than once, by their names in Request."""


def request_of(**options: Any) -> Request:  # noqa: ANN401
    """What the options of `run` ask for; one that a verb has not may be left out."""
    lists: dict[str, Any] = {name: tuple(options.pop(option, None) or ()) for option, name in _LISTS.items()}
    return Request(**options, **lists)


def plan_of(**options: Any) -> Plan:  # noqa: ANN401
    """The plan of the options of `run`. Raises what Plan.of raises."""
    from axemu.plan import Plan  # noqa: PLC0415

    return Plan.of(request_of(**options))


def without_expectation(plan: Plan, options: dict[str, Any]) -> Plan:
    """Who debugs takes as many instructions as it takes: a guest folder's bound does not count, --max-insns does."""
    return plan if options["max_insns"] is not None else replace(plan, budget=None)
