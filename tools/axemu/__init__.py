"""The command `axemu`: command line, console, reports. Everything below it is usable without it."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("axemu")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0 (not installed)"
