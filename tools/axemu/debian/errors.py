"""What can go wrong between a row of the table and a checked file.

    GuestError
    |- UnknownGuest       no row of that name
    |- NoApt              this machine has no apt-get or no dpkg-deb
    |- NoMirror           the machine's own sources name no Debian mirror
    |- Unreachable        apt could not read the archive
    |- WrongVersion       the archive has another version than the row expects
    |- MissingFile        the package has no such file
    `- WrongChecksum      a file is not the one the row describes

Every class carries the exit code that `python tools/debian` returns for it; that of `axemu` is 2 for all.
"""

from __future__ import annotations

from typing import ClassVar


class GuestError(Exception):
    """Base of this package's errors; `str()` is one paragraph for a person."""

    exit_code: ClassVar[int] = 1


class UnknownGuest(GuestError):
    exit_code = 2

    def __init__(self, name: str, known: tuple[str, ...], nearest: str | None) -> None:
        super().__init__(name, known, nearest)
        self.name, self.known, self.nearest = name, known, nearest

    def __str__(self) -> str:
        hint = f"Did you mean {self.nearest}?" if self.nearest else f"Known guests: {', '.join(self.known)}."
        return f"No guest is named {self.name!r}. {hint}"


class NoApt(GuestError):
    exit_code = 3

    def __init__(self, program: str) -> None:
        super().__init__(program)
        self.program = program

    def __str__(self) -> str:
        return (
            f"{self.program} was not found. Guests come from Debian's archive through apt and dpkg, "
            "which only Debian and its derivatives carry; run this in a Debian container."
        )


class NoMirror(GuestError):
    def __init__(self, suites: tuple[str, ...]) -> None:
        super().__init__(suites)
        self.suites = suites

    def __str__(self) -> str:
        found = f"they name {', '.join(self.suites)}" if self.suites else "they name no suite at all"
        return (
            f"The machine's own apt sources name no Debian mirror ({found}). "
            "Give one with --mirror URL (the address that holds the dists/ folder)."
        )


class Unreachable(GuestError):
    exit_code = 4

    def __init__(self, step: str, output: str) -> None:
        super().__init__(step, output)
        self.step, self.output = step, output

    def __str__(self) -> str:
        return (
            f"apt could not {self.step}. Check the network and the machine's apt sources. "
            f"apt said:\n{self.output}"
        )


class WrongVersion(GuestError):
    def __init__(self, name: str, package: str, suite: str, expected: str, actual: str | None) -> None:
        super().__init__(name, package, suite, expected, actual)
        self.name, self.package, self.suite = name, package, suite
        self.expected, self.actual = expected, actual

    def __str__(self) -> str:
        actual = f"the archive has {self.actual}" if self.actual else "the archive has no such package"
        return (
            f"{self.package} ({self.suite}): expected version {self.expected}, {actual}. "
            "--any-version takes what the archive has, checked by apt against its signature. In axemu's own tree: "
            f"`python tools/debian fetch --any-version {self.name}` prints its checksums too; when the tests that "
            "use it pass, write version and checksums into its row in tools/axemu/debian/guests.py."
        )


class MissingFile(GuestError):
    def __init__(self, package: str, path: str) -> None:
        super().__init__(package, path)
        self.package, self.path = package, path

    def __str__(self) -> str:
        return f"{self.package} has no file {self.path}. Correct its row in tools/axemu/debian/guests.py."


class WrongChecksum(GuestError):
    def __init__(self, package: str, path: str, expected: str, actual: str) -> None:
        super().__init__(package, path, expected, actual)
        self.package, self.path, self.expected, self.actual = package, path, expected, actual

    def __str__(self) -> str:
        return (
            f"{self.path} of {self.package}: expected SHA-256 {self.expected}, found {self.actual}. "
            "It was changed after it was checked, or built anew under the same version. Remove its folder "
            "from the cache and fetch again; if it differs again, ask why before you run it."
        )
