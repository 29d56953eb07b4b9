"""Files into images: one module a format, and `open_image`, which finds the right one."""

from emu.loaders.detect import isa_in, open_image
from emu.loaders.image import Image, Permission, Segment

__all__ = ["Image", "Permission", "Segment", "isa_in", "open_image"]
