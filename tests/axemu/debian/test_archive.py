"""Which mirror is taken from the machine's own apt sources."""

from __future__ import annotations

import pytest

from axemu.debian.archive import choose_mirror
from axemu.debian.errors import NoMirror


def uris(*addresses: str) -> str:
    """What `apt-get update --print-uris` prints for these suites."""
    return "".join(f"'{address}/InRelease' name 0 \n" for address in addresses)


def test_the_plain_suite_names_the_mirror() -> None:
    text = uris(
        "http://mirror.example/debian/dists/bookworm",
        "http://mirror.example/security/dists/bookworm-security",
    )
    assert choose_mirror(text) == "http://mirror.example/debian"


def test_security_and_foreign_sources_are_passed_over() -> None:
    text = uris(
        "https://packages.example/dists/nodistro",
        "http://mirror.example/security/dists/bookworm-security",
        "http://mirror.example/debian/dists/trixie-updates",
        "http://mirror.example/debian/dists/trixie",
    )
    assert choose_mirror(text) == "http://mirror.example/debian"


def test_a_machine_without_a_debian_mirror_is_told_to_give_one() -> None:
    with pytest.raises(NoMirror, match=r"they name noble, noble-updates.*--mirror URL"):
        choose_mirror(
            uris("http://u.example/ubuntu/dists/noble", "http://u.example/ubuntu/dists/noble-updates")
        )
    with pytest.raises(NoMirror, match="they name no suite at all"):
        choose_mirror("")
