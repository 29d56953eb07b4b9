"""The files that a machine starts with, read and told apart."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from emu.config import BUILT_IN, NO_FIRMWARE, LoaderRequest, MachineConfig
from emu.errors import LoadError
from emu.loaders import compressed, hexfile, raw
from emu.loaders.detect import parse, read_file
from emu.loaders.image import Image

FOLLOWING = 1
"""The flash unit whose program comes after the firmware, and finds the kernel in fw_cfg."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A file that goes into memory as it is: an initial RAM disk, a device tree."""

    path: Path
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class BootFiles:
    """The files of a MachineConfig, read. `loaders` are placed. `handed` is the kernel's file where it is for the
    program in flash to load."""

    bios: Image | None = None
    kernel: Image | None = None
    handed: Blob | None = None
    initrd: Blob | None = None
    dtb: Blob | None = None
    loaders: tuple[Image, ...] = ()


def read_files(config: MachineConfig) -> BootFiles:
    """What `config` names. LoadError for a file that cannot be loaded."""
    bios = None if config.bios in (NO_FIRMWARE, BUILT_IN) else Path(config.bios)
    initrd, blob = config.initrd, config.dtb
    files = BootFiles(
        bios=None if bios is None else parse(bios, read_file(bios, "firmware"), config.isa),
        initrd=None if initrd is None else Blob(initrd, read_file(initrd, "an initial RAM disk")),
        dtb=None if blob is None else Blob(blob, read_file(blob, "a device tree blob")),
        loaders=tuple(_loader(request, config.isa) for request in config.loaders),
    )
    return files if config.kernel is None else with_kernel(files, config, config.kernel)[0]


def with_kernel(
    files: BootFiles, config: MachineConfig, path: Path, *, as_raw: bool = False
) -> tuple[BootFiles, Image]:
    """`files` with the program at `path` as the kernel, and that program. `as_raw` takes it as it is, whatever it
    looks like."""
    data = read_file(path, "a guest program")
    image = parse(path, data, config.isa, as_raw=as_raw)
    if any((drive.interface, drive.unit) == ("pflash", FOLLOWING) for drive in config.drives):
        packed = compressed.detect(data)
        content = data if packed is None else compressed.unpack(path, data, packed)
        return replace(files, kernel=None, handed=Blob(path, content)), image
    return replace(files, kernel=image, handed=None), image


def _loader(request: LoaderRequest, isa: str) -> Image:
    """The file of ``-device loader``: addresses of its own count, anything else is bytes for `address`."""
    path, data = request.path, read_file(request.path, "a file to load")
    own = data[:4] == b"\x7fELF" or hexfile.detect(data)
    if own or request.address is None:
        image = parse(path, data, isa)
        if not image.fixed:
            expected = "a file with addresses of its own (ELF, Intel HEX, uImage)"
            hint = "Say where it goes: -device loader,file=FILE,addr=ADDRESS"
            raise LoadError(path, expected, image.format, hint)
        return image
    return replace(raw.load(path, data, isa).at(request.address), entry=None)
