"""The cache: filled whole or not at all, and every file checked each time."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from axemu.debian import cache as cache_module
from axemu.debian.archive import Package, Progress, quiet
from axemu.debian.cache import Cache, default_cache
from axemu.debian.errors import MissingFile, WrongChecksum, WrongVersion
from axemu.debian.guests import File, Guest

CONTENT = b"firmware\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
GUEST = Guest(
    "demo", "A demo", "demo-package", "bookworm", "all", "1.0-1", (File("fw.bin", "usr/lib/fw.bin", SHA256),)
)
FLOATING = Guest(
    "demo", "A demo", "demo-package", "bookworm", "all", "1.*", (File("fw.bin", "usr/lib/*.bin"),)
)

needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed")


class DemoArchive:
    """An archive that offers one package, built on the spot, and counts its downloads."""

    def __init__(self, version: str | None = "1.0-1", content: bytes = CONTENT) -> None:
        self.version, self.content, self.downloads = version, content, 0

    def newest(self, package: str, follow: str | None = None) -> Package | None:
        return Package(package, self.version) if self.version else None

    def download(self, package: Package, into: Path, progress: Progress = quiet) -> Path:
        self.downloads += 1
        tree = into / "tree"
        (tree / "usr/lib").mkdir(parents=True)
        (tree / "usr/lib/fw.bin").write_bytes(self.content)
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN/control").write_text(
            f"Package: {package.name}\nVersion: {package.version}\nArchitecture: all\n"
            "Maintainer: Nobody <nobody@example.org>\nDescription: demo\n"
        )
        target = into / f"{package.name}_{package.version}_all.deb"
        subprocess.run(["dpkg-deb", "--build", str(tree), str(target)], check=True, capture_output=True)
        return target


def cache_with(archive: DemoArchive, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setattr(cache_module.Cache, "_archive", lambda self, guest, progress: archive)
    return Cache(folder)


@needs_dpkg
def test_a_fetched_guest_is_served_from_the_cache_without_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = DemoArchive()
    cache = cache_with(archive, tmp_path, monkeypatch)
    first, second = cache.fetch(GUEST), cache.fetch(GUEST)
    assert archive.downloads == 1
    assert first.paths == second.paths
    assert second.paths["fw.bin"].read_bytes() == CONTENT
    assert second.sha256 == {"fw.bin": SHA256}


@needs_dpkg
def test_nothing_but_the_lock_is_left_of_a_package_with_a_wrong_checksum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = cache_with(DemoArchive(content=b"other"), tmp_path, monkeypatch)
    with pytest.raises(WrongChecksum, match=SHA256):
        cache.fetch(GUEST)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["lock"]
    assert cache.stored(GUEST) is None


@needs_dpkg
@pytest.mark.parametrize("guest", [GUEST, FLOATING], ids=["pinned", "floating"])
def test_a_file_changed_in_the_cache_is_noticed(
    guest: Guest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = cache_with(DemoArchive(), tmp_path, monkeypatch)
    cache.fetch(guest).paths["fw.bin"].write_bytes(b"tampered")
    with pytest.raises(WrongChecksum, match=r"fw\.bin"):
        cache.fetch(guest)


@needs_dpkg
def test_another_version_is_refused_with_the_command_to_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = cache_with(DemoArchive(version="1.0-2"), tmp_path, monkeypatch)
    with pytest.raises(
        WrongVersion, match=r"expected version 1\.0-1, the archive has 1\.0-2.*--any-version demo"
    ):
        cache.fetch(GUEST)


@needs_dpkg
def test_any_version_takes_it_and_the_pinned_row_still_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = cache_with(DemoArchive(version="1.0-2", content=b"newer"), tmp_path, monkeypatch)
    assert cache.fetch(GUEST, any_version=True).version == "1.0-2"
    assert cache.stored(GUEST) is None


def test_a_package_that_the_suite_lacks_is_said_to_be_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = cache_with(DemoArchive(version=None), tmp_path, monkeypatch)
    with pytest.raises(WrongVersion, match="the archive has no such package"):
        cache.fetch(GUEST)


@needs_dpkg
def test_a_file_that_the_package_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guest = Guest(
        "demo", "", "demo-package", "bookworm", "all", "1.0-1", (File("x", "usr/lib/absent", SHA256),)
    )
    with pytest.raises(MissingFile, match="usr/lib/absent"):
        cache_with(DemoArchive(), tmp_path, monkeypatch).fetch(guest)


@needs_dpkg
def test_an_epoch_in_a_version_makes_a_legal_folder_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = Guest("demo", "", "demo-package", "bookworm", "all", "1:1.*", FLOATING.files)
    stored = cache_with(DemoArchive(version="1:1.3"), tmp_path, monkeypatch).fetch(guest)
    assert stored.version == "1:1.3"
    assert ":" not in str(stored.paths["fw.bin"].relative_to(tmp_path))
    assert json.loads((stored.paths["fw.bin"].parent / "manifest.json").read_text())["version"] == "1:1.3"


def test_the_cache_lies_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "axemu" / "debian"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache() == tmp_path / ".cache" / "axemu" / "debian"
