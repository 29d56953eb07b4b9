"""`axemu run`: one guest, attended; its exit code is this command's."""

from __future__ import annotations

import typer

from axemu import options
from axemu.options import Request

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
) -> None:
    from axemu.plan import Plan  # noqa: PLC0415 - `axemu --help` must not pay for what only a run needs
    from axemu.session import attend  # noqa: PLC0415

    request = Request(
        guest=guest, isa=isa, machine=machine, cpu=cpu, smp=smp, memory=memory, unmapped=unmapped,
        semihosting=semihosting, semihosting_config=semihosting_config, bios=bios, kernel=kernel,
        initrd=initrd, append=append, dtb=dtb, drives=tuple(drive or ()), devices=tuple(device or ()),
        fw_cfg=tuple(fw_cfg or ()), base=base, input=input, clock=clock, icount=icount,
        max_insns=max_insns, timeout=timeout, snapshot=snapshot,
        objects=tuple(object or ()), no_reboot=no_reboot, verbose=verbose, json=json,
        log=log, log_file=log_file, virtfs=tuple(virtfs or ()), fsdevs=tuple(fsdev or ()), serials=tuple(serial or ()),
        chardevs=tuple(chardev or ()), dump_memory=tuple(dump_memory or ()), exit_code=exit_code,
    )  # fmt: skip
    raise typer.Exit(attend(Plan.of(request)))
