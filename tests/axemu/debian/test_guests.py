"""The table of guests keeps its own rules."""

from __future__ import annotations

import re

import pytest

from axemu.debian.errors import UnknownGuest
from axemu.debian.guests import GUESTS, find


def test_every_guest_is_found_by_its_name_and_names_are_unique() -> None:
    assert [find(guest.name) for guest in GUESTS] == list(GUESTS)
    assert len({guest.name for guest in GUESTS}) == len(GUESTS)


def test_a_pinned_row_pins_every_file_and_a_floating_row_none() -> None:
    for guest in GUESTS:
        for file in guest.files:
            assert (file.sha256 is not None) == guest.pinned, (guest.name, file.name)
            assert file.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", file.sha256)


def test_file_names_within_a_guest_are_unique() -> None:
    for guest in GUESTS:
        assert len({file.name for file in guest.files}) == len(guest.files)


def test_a_pinned_version_accepts_itself_only_even_with_a_plus_in_it() -> None:
    u_boot = find("u-boot")
    assert u_boot.accepts(u_boot.version)
    assert not u_boot.accepts(u_boot.version + "~1")


def test_a_version_pattern_accepts_what_it_matches() -> None:
    linux = find("linux-riscv64")
    assert linux.accepts("6.12.48-1")
    assert not linux.accepts("6.16.3-1")


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(UnknownGuest, match=r"'opensib'. Did you mean opensbi\?"):
        find("opensib")
    with pytest.raises(UnknownGuest, match=r"Known guests: opensbi, u-boot"):
        find("zzz")
