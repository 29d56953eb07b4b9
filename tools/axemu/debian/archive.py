"""Debian's archive through apt with a private state: another suite or architecture, without root or a trace.

Nothing of the machine's own apt is changed: lists, caches and sources live in a folder of ours. Only two
things are taken from it: the mirror that its sources name, and its settings (proxies, trusted keys).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from axemu.debian.errors import NoApt, NoMirror, Unreachable

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SUITES = ("bullseye", "bookworm", "trixie", "forky", "sid", "oldstable", "stable", "testing", "unstable")

Progress = Callable[[str, float], None]
"""Called with what is being done and how far it is, in percent."""


def quiet(step: str, percent: float) -> None:
    """A Progress that nobody watches."""


def need(program: str) -> str:
    """The program's path; NoApt where it is not installed."""
    path = shutil.which(program)
    if path is None:
        raise NoApt(program)
    return path


def private_state(folder: Path) -> list[str]:
    """The apt options that keep lists, caches and status in `folder`, which is made ready for them."""
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    options = [
        f"-oDir::State::Lists={folder / 'lists'}",
        f"-oDir::Cache={folder / 'cache'}",
        "-oDir::State::status=/dev/null",
        "-oAcquire::Retries=3",
        "-oAcquire::http::Timeout=30",
        "-oAcquire::Languages=none",
    ]
    if os.geteuid() == 0:
        options.append("-oAPT::Sandbox::User=root")  # the cache may lie where apt's own user cannot reach
    return options


def machine_mirror(folder: Path) -> str:
    """The address of the Debian mirror that this machine's apt sources name.

    apt itself is asked (`update --print-uris`), so every form of source that it understands is understood
    here. `folder` is scratch space. NoMirror where the sources name none.
    """
    command = [need("apt-get"), *private_state(folder), "--print-uris", "update"]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return choose_mirror(output)


def choose_mirror(uris: str) -> str:
    """The mirror of the first plain Debian suite in apt's list of addresses; NoMirror where there is none.

    Security and update suites do not count: their mirrors may hold nothing else.
    """
    found = re.findall(r"'(\S+?)/dists/(\S+?)/(?:InRelease|Release)'", uris)
    for address, suite in found:
        if suite in SUITES:
            return str(address)
    raise NoMirror(tuple(suite for _, suite in found))


@dataclass(frozen=True, slots=True)
class Package:
    """A binary package that the archive offers now."""

    name: str
    version: str


class Archive:
    """One suite and architecture, as apt sees them from a private state in `folder`.

    `architecture` is Debian's name; "all" reads any one architecture's index. Unreachable where apt fails.
    """

    def __init__(self, folder: Path, mirror: str, suite: str, architecture: str) -> None:
        need("apt-get")
        self.suite, self.architecture = suite, architecture
        self._options = private_state(folder)
        signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
        sources = folder / "sources.list"
        sources.write_text(f"deb {signed}{mirror} {suite} main\n")
        real = "amd64" if architecture == "all" else architecture
        self._options += [
            f"-oAPT::Architecture={real}",
            f"-oAPT::Architectures={real}",
            f"-oDir::Etc::sourcelist={sources}",
            "-oDir::Etc::sourceparts=-",
        ]

    def update(self, progress: Progress = quiet) -> None:
        """Read the suite's package index."""
        self._watched(
            ["update", "--error-on=any"], f"read {self.suite} ({self.architecture})", None, progress
        )

    def newest(self, package: str, follow: str | None = None) -> Package | None:
        """What the suite offers under that name, or None.

        follow: of the package's dependencies, take the one whose name matches this pattern.
        """
        name = package
        if follow is not None:
            found = re.findall(r"^\s*Depends: (\S+)$", self._ask("depends", package), re.MULTILINE)
            matching = [each for each in found if fnmatchcase(each, follow)]
            if not matching:
                return None
            name = matching[0]
        version = re.search(r"^Version: (\S+)$", self._ask("show", "--no-all-versions", name), re.MULTILINE)
        return Package(name, version.group(1)) if version else None

    def download(self, package: Package, into: Path, progress: Progress = quiet) -> Path:
        """Fetch the package into the folder; apt checks it against the signed index. Returns its path."""
        arguments = ["download", f"{package.name}={package.version}"]
        self._watched(arguments, f"download {package.name} {package.version}", into, progress)
        return next(into.glob(f"{package.name}_*.deb"))

    def _ask(self, *arguments: str) -> str:
        command = [need("apt-cache"), *self._options, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def _watched(self, arguments: list[str], step: str, cwd: Path | None, progress: Progress) -> None:
        """Run apt-get and pass on the percentages that it writes to its status channel."""
        reader, writer = os.pipe()
        command = [need("apt-get"), *self._options, f"-oAPT::Status-Fd={writer}", "-q", *arguments]
        progress(step, 0.0)
        with tempfile.TemporaryFile("w+") as errors:
            # Closing our copy of the writer lets the loop end with apt.
            null = subprocess.DEVNULL
            process = subprocess.Popen(command, stdout=null, stderr=errors, pass_fds=(writer,), cwd=cwd)
            os.close(writer)
            with process, os.fdopen(reader) as status:
                for line in status:
                    fields = line.split(":")
                    if fields[0] == "dlstatus" and len(fields) > 2:
                        progress(step, float(fields[2]))
            if process.returncode != 0:
                errors.seek(0)
                raise Unreachable(step, errors.read().strip())
        progress(step, 100.0)
