"""Where names of addresses come from beside the guest's own files: other files, and a running Linux kernel."""

from emu.debug.sources.kallsyms import kallsyms
from emu.debug.sources.source import SymbolSource, read_symbols

__all__ = ["SymbolSource", "kallsyms", "read_symbols"]
