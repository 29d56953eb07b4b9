"""The command `axemu`: command line, console, reports. Everything below it is usable without it."""


def version() -> str:
    """The installed version, or that there is none: a source tree on the path."""
    import importlib.metadata  # noqa: PLC0415

    try:
        return importlib.metadata.version("axemu")
    except importlib.metadata.PackageNotFoundError:
        return "0 (not installed)"
