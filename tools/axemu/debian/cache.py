"""Checked files on disk: a folder a guest and version, filled whole or not at all.

    <cache>/state/<suite>-<architecture>/     apt's private state
    <cache>/guests/<name>/<version>/          the files, and manifest.json with their SHA-256

`<cache>` is $XDG_CACHE_HOME/axemu/debian, ~/.cache/axemu/debian where that is not set.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from axemu.debian.archive import Archive, Package, Progress, machine_mirror, need, quiet
from axemu.debian.errors import MissingFile, WrongChecksum, WrongVersion
from axemu.debian.guests import Guest
from isa.cache import base

CHUNK = 1 << 20  # bytes


def default_cache() -> Path:
    return base() / "debian"


@dataclass(frozen=True, slots=True)
class Stored:
    """A guest on disk: its version, the folder, and by file name its path and SHA-256."""

    guest: Guest
    version: str
    paths: dict[str, Path]
    sha256: dict[str, str]


def digest(path: Path) -> str:
    """SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Cache:
    """The cache in `folder`; `mirror` replaces the one that the machine's own sources name."""

    def __init__(self, folder: Path, mirror: str | None = None) -> None:
        self.folder, self._mirror = folder, mirror
        self._updated: dict[tuple[str, str], Archive] = {}

    def stored(self, guest: Guest) -> Stored | None:
        """The newest stored version that the row accepts, with every file checked; None where there is none.

        WrongChecksum where a stored file was changed.
        """
        home = self.folder / "guests" / guest.name
        found = sorted(home.iterdir(), key=lambda each: each.stat().st_mtime) if home.is_dir() else []
        for folder in reversed(found):
            if not (folder / "manifest.json").is_file():
                continue
            manifest = json.loads((folder / "manifest.json").read_text())
            complete = all(file.name in manifest["sha256"] for file in guest.files)  # as the row is now
            if complete and guest.accepts(version := str(manifest["version"])):
                return self._check(guest, folder, version, pinned=True)
        return None

    def fetch(self, guest: Guest, *, any_version: bool = False, progress: Progress = quiet) -> Stored:
        """The guest's files, from the cache where it has them, else from the archive.

        any_version: ask the archive in any case; another version than the row's is taken without checksums.
        Raises the errors of `axemu.debian.errors`.
        """
        with self._locked():
            if not any_version and (here := self.stored(guest)):
                return here
            archive = self._archive(guest, progress)
            package = archive.newest(guest.package, guest.follow)
            if package is None or not (any_version or guest.accepts(package.version)):
                actual = package.version if package else None
                raise WrongVersion(guest.name, guest.package, guest.suite, guest.version, actual)
            return self._unpack(guest, archive, package, progress)

    def _archive(self, guest: Guest, progress: Progress) -> Archive:
        key = (guest.suite, guest.architecture)
        if key not in self._updated:
            if self._mirror is None:
                self._mirror = machine_mirror(self.folder / "state" / "machine")
            state = self.folder / "state" / "-".join(key)
            archive = Archive(state, self._mirror, *key)
            archive.update(progress)
            self._updated[key] = archive
        return self._updated[key]

    def _unpack(self, guest: Guest, archive: Archive, package: Package, progress: Progress) -> Stored:
        """Download, take the row's files out, check them, and only then move the folder to its place."""
        home = self.folder / "guests" / guest.name
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix="unpack-") as scratch:
            package_file = archive.download(package, Path(scratch), progress)
            files = Path(scratch) / "files"
            files.mkdir()
            take_out(guest, package_file, files)
            sums = {file.name: digest(files / file.name) for file in guest.files}
            manifest = {"package": package.name, "version": package.version, "sha256": sums}
            (files / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
            self._check(guest, files, package.version, pinned=guest.accepts(package.version))
            place = home / package.version.replace(":", "%3a")
            if place.exists():
                shutil.rmtree(place)
            files.rename(place)
        return Stored(guest, package.version, {file.name: place / file.name for file in guest.files}, sums)

    def _check(self, guest: Guest, folder: Path, version: str, *, pinned: bool) -> Stored:
        """Compare every file with the row's checksum, or with the manifest's where the row has none."""
        written = json.loads((folder / "manifest.json").read_text())["sha256"]
        paths, sums = {}, {}
        for file in guest.files:
            path = folder / file.name
            if not path.is_file():
                raise MissingFile(f"{guest.package} {version}, as stored in {folder},", file.name)
            expected = file.sha256 if pinned and file.sha256 else written[file.name]
            actual = digest(path)
            if actual != expected:
                raise WrongChecksum(f"{guest.package} {version}", str(path), expected, actual)
            paths[file.name], sums[file.name] = path, actual
        return Stored(guest, version, paths, sums)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process fills the cache at a time; the others wait and then find it filled."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def take_out(guest: Guest, package_file: Path, into: Path) -> None:
    """Copy the row's files out of a .deb, under our names. MissingFile where one of them is not in it."""
    missing = list(guest.files)
    command = [need("dpkg-deb"), "--fsys-tarfile", str(package_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        with tarfile.open(fileobj=process.stdout, mode="r|") as content:
            for member in content:
                inside = member.name.removeprefix("./")
                file = next((each for each in missing if fnmatchcase(inside, each.path)), None)
                source = content.extractfile(member) if file is not None and member.isfile() else None
                if file is not None and source is not None:
                    with (into / file.name).open("wb") as target:
                        shutil.copyfileobj(source, target, CHUNK)
                    missing.remove(file)
        process.stdout.read()
    if missing:
        raise MissingFile(guest.package, missing[0].path)
