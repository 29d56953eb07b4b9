"""QEMU's spelling of options."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axemu.arguments import ACCEPTED, REFUSED, rewrite
from axemu.errors import NotInThisVersion, UsageError

OWN = {"--isa": True, "--timeout": True, "--kernel": True, "--verbose": False}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("-kernel u-boot.bin", "--kernel=u-boot.bin"),
        ("-bios fw.bin -m 512M -smp 4", "--bios=fw.bin --memory=512M --smp=4"),
        ("--bios fw.bin", "--bios=fw.bin"),
        ("-M virt", "--machine=virt"),
        ("-nographic -no-reboot x.elf", "--no-reboot x.elf"),
        ("-serial mon:stdio -display none", "--serial=mon:stdio"),
        ("-d exits -D log.txt", "--log=exits --log-file=log.txt"),
        ("--isa riscv32 x.elf", "--isa=riscv32 x.elf"),
        ("--isa=riscv32 -v -vv", "--isa=riscv32 -v -vv"),
        ("-m512M", "-m512M"),
        ("-kernel=x", "--kernel=x"),
        ("x.elf -- -kernel y", "x.elf -- -kernel y"),
        ("-semihosting", "--semihosting"),
        ("-h", "--help"),
        ("-", "-"),
    ],
)
def test_an_option_spelled_as_for_qemu_becomes_the_long_option(written: str, meant: str) -> None:
    assert rewrite(written.split(), OWN) == meant.split()


def test_a_value_that_looks_like_an_option_stays_a_value() -> None:
    assert rewrite(["-append", "-s -S", "--timeout", "-1"], OWN) == ["--append=-s -S", "--timeout=-1"]


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_an_option_that_only_qemu_has_is_refused_with_what_serves_instead(name: str) -> None:
    with pytest.raises(NotInThisVersion) as refusal:
        rewrite([f"-{name}"], OWN)
    assert f"-{name}" in str(refusal.value)
    assert len(refusal.value.attempt) > 10


@pytest.mark.parametrize(
    ("wrong", "right"), [("-kernl", "-kernel"), ("-smq", "-smp"), ("--timeot", "--timeout")]
)
def test_an_unknown_option_is_refused_with_the_nearest_one(wrong: str, right: str) -> None:
    with pytest.raises(UsageError, match=rf"Did you mean {right}\?"):
        rewrite([wrong, "1"], OWN)


@pytest.mark.parametrize("option", [f"-{each.name}" for each in ACCEPTED if each.value] + ["--isa"])
def test_an_option_without_its_value_is_refused(option: str) -> None:
    with pytest.raises(UsageError, match=f"{option} expects a value"):
        rewrite(["x.elf", option], OWN)


@pytest.mark.parametrize("option", [each.name for each in ACCEPTED if each.values])
def test_an_option_that_asks_for_what_is_not_here_is_refused_and_not_ignored(option: str) -> None:
    with pytest.raises(NotInThisVersion, match=f"-{option} accepts only"):
        rewrite([f"-{option}", "something-else"], OWN)


def test_a_flag_with_a_value_is_refused() -> None:
    with pytest.raises(UsageError, match="takes no value"):
        rewrite(["-nographic=on"], OWN)


@given(st.lists(st.text(max_size=12), max_size=8))
def test_any_words_are_rewritten_or_refused_as_usage(words: list[str]) -> None:
    try:
        result = rewrite(words, OWN)
    except (UsageError, NotInThisVersion):
        return
    assert len(result) <= len(words)
