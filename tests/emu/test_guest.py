"""guest.toml: what is read, what is refused and how, and how a run is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.config import Block, DiskImage, Entropy
from emu.errors import LoadError
from emu.expectation import Expectation
from emu.expectation_table import ENDINGS
from emu.guest import find_guests, load_guest
from emu.outcome import Ending, Outcome

MINIMAL = 'summary = "A guest"\nisa = "riscv64"\nmachine = "bare"\n'
FULL = """
summary = "A guest"
isa = "riscv32"
machine = "virt"
cpu = "u34"
smp = 4
memory = "64M"
clock = "host"
bios = "default"
append = "quiet"
input = "typed\\n"
elf = "other.elf"
disk = "disk.img"
entropy = true

[build]
sources = ["a.c", "../shared/b.S"]
flags = ["-DX=1"]

[expect]
exit_code = 3
console = ["^one$", "two"]
forbidden = ["FAIL"]
max_instructions = 1_000
xfail = true
"""


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "guest.toml").write_text(text)
    return folder


def outcome(ending: Ending = Ending.POWERED_OFF, code: int = 0) -> Outcome:
    return Outcome(ending, code, 0, 0x80000000, None, None, "it ended")


def refusal(folder: Path, text: str) -> LoadError:
    with pytest.raises(LoadError) as caught:
        load_guest(write(folder, text))
    assert str(caught.value.path).startswith(str(folder / "guest.toml"))
    return caught.value


def test_a_minimal_manifest_has_the_documented_defaults(tmp_path: Path) -> None:
    guest = load_guest(write(tmp_path / "demo", MINIMAL))
    assert (guest.name, guest.elf) == ("demo", (tmp_path / "demo" / "demo.elf").resolve())
    assert (guest.cpu, guest.smp, guest.memory, guest.clock, guest.bios) == (None, 1, None, "virtual", "none")
    assert guest.expect == Expectation()
    assert guest.expect.ending is Ending.POWERED_OFF


def test_every_key_is_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "demo", FULL)
    guest = load_guest(folder)
    assert (guest.isa, guest.machine, guest.cpu, guest.smp) == ("riscv32", "virt", "u34", 4)
    assert (guest.memory, guest.clock, guest.bios, guest.append) == (64 << 20, "host", "default", "quiet")
    assert (guest.input, guest.elf) == (b"typed\n", (folder / "other.elf").resolve())
    assert guest.build.sources == ((folder / "a.c").resolve(), (tmp_path / "shared" / "b.S").resolve())
    assert guest.build.flags == ("-DX=1",)
    assert guest.expect == Expectation(
        exit_code=3, console=("^one$", "two"), forbidden=("FAIL",), max_instructions=1000, xfail=True
    )


def test_the_folder_and_its_manifest_name_the_same_guest(tmp_path: Path) -> None:
    folder = write(tmp_path / "demo", MINIMAL)
    assert load_guest(folder) == load_guest(folder / "guest.toml")


def test_the_machine_config_is_what_the_manifest_asks_for(tmp_path: Path) -> None:
    config = load_guest(write(tmp_path / "demo", FULL)).config()
    assert (config.isa, config.board, config.cpu, config.smp) == ("riscv32", "virt", "u34", 4)
    assert (config.ram, config.bios, config.append, config.clock) == (64 << 20, "default", "quiet", "host")
    assert config.kernel == (tmp_path / "demo" / "other.elf").resolve()


def test_a_disk_is_never_written_and_comes_before_entropy(tmp_path: Path) -> None:
    config = load_guest(write(tmp_path, FULL)).config()
    image = DiskImage(tmp_path.resolve() / "disk.img", "raw", snapshot=True)
    assert config.virtio == (Block(image), Entropy())
    assert load_guest(write(tmp_path, MINIMAL)).config().virtio == ()


@pytest.mark.parametrize(
    ("size", "bytes_"), [('"512"', 512), ('"4K"', 4096), ('"1G"', 1 << 30), ("65536", 65536)]
)
def test_sizes_are_bytes_or_have_a_unit(tmp_path: Path, size: str, bytes_: int) -> None:
    assert load_guest(write(tmp_path, f"memory = {size}\n{MINIMAL}")).memory == bytes_


@pytest.mark.parametrize("word", ENDINGS)
def test_every_ending_has_a_word(tmp_path: Path, word: str) -> None:
    guest = load_guest(write(tmp_path, f'{MINIMAL}[expect]\nending = "{word}"\nconsole = ["x"]\n'))
    assert guest.expect.ending is ENDINGS[word]


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        (f"smpp = 2\n{MINIMAL}", "smpp", "'smp'"),
        (f"{MINIMAL}[expect]\nexit_cod = 2\n", "expect.exit_cod", "'exit_code'"),
        (f'{MINIMAL}[build]\nsource = ["a.c"]\n', "build.source", "'sources'"),
        (f'{MINIMAL}[expect]\nending = "crash"\n', "expect.ending", "'crashed'"),
        (f'clock = "hots"\n{MINIMAL}', "clock", "'host'"),
    ],
)
def test_a_misspelt_word_is_refused_with_the_nearest_one(
    tmp_path: Path, text: str, key: str, hint: str
) -> None:
    error = refusal(tmp_path, text)
    assert key in error.expected
    assert hint in error.hint


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f'smp = "2"\n{MINIMAL}', "smp"),
        (f"smp = 0\n{MINIMAL}", "smp"),
        (f"smp = true\n{MINIMAL}", "smp"),
        (f'memory = "64 M"\n{MINIMAL}', "memory"),
        (f"memory = 0\n{MINIMAL}", "memory"),
        (f"cpu = 1\n{MINIMAL}", "cpu"),
        (f"expect = 1\n{MINIMAL}", "expect"),
        (f'{MINIMAL}[build]\nsources = "a.c"\n', "build.sources"),
        (f"{MINIMAL}[expect]\nexit_code = -1\n", "expect.exit_code"),
        (f"{MINIMAL}[expect]\nexit_code = 0x1_0000_0000\n", "expect.exit_code"),
        (f'{MINIMAL}[expect]\nending = "blocked"\nexit_code = 0\n', "expect.exit_code"),
        (f'{MINIMAL}[expect]\nconsole = ["("]\n', "expect.console"),
        (f"{MINIMAL}[expect]\nmax_instructions = 0\n", "expect.max_instructions"),
        (f"{MINIMAL}[expect]\nxfail = 1\n", "expect.xfail"),
        ('isa = "riscv64"\nmachine = "bare"\n', "summary"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_key(tmp_path: Path, text: str, key: str) -> None:
    assert f"{key} to be" in refusal(tmp_path, text).expected


def test_what_is_no_toml_is_refused_with_the_line(tmp_path: Path) -> None:
    assert "line 1" in refusal(tmp_path, "summary = \n").actual


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "guest.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(LoadError):
        load_guest(tmp_path)


def test_a_folder_without_a_manifest_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LoadError) as caught:
        load_guest(tmp_path)
    assert "guest.toml" in str(caught.value)
    assert caught.value.hint


def test_guests_are_found_below_a_folder_in_order(tmp_path: Path) -> None:
    for name in ("b/two", "a/one", "b/one"):
        write(tmp_path / name, MINIMAL)
    assert find_guests(tmp_path) == tuple(tmp_path / name for name in ("a/one", "b/one", "b/two"))
    assert find_guests(tmp_path / "a" / "one") == (tmp_path / "a" / "one",)


def test_a_run_that_meets_everything_passes() -> None:
    expect = Expectation(console=("^one$", "^two$"), forbidden=("FAIL",))
    assert expect.differences(outcome(), b"zero\r\none\r\ntwo\r\n") == ()
    assert expect.passes(outcome(), b"one\ntwo\n")


def test_patterns_are_asked_in_order() -> None:
    assert Expectation(console=("one", "two")).differences(outcome(), b"two one") != ()
    assert Expectation(console=("one", "one")).differences(outcome(), b"one") != ()


def test_an_exact_console_must_be_exact() -> None:
    expect = Expectation(console_text="hello\n")
    assert expect.differences(outcome(), b"hello\n") == ()
    assert expect.differences(outcome(), b"hello\n\n") != ()
    assert expect.differences(outcome(), b"") != ()


def test_a_wrong_code_and_a_wrong_ending_are_said() -> None:
    (code,) = Expectation(exit_code=7).differences(outcome(code=8), b"")
    assert "expected 7, got 8" in code
    (ending,) = Expectation().differences(outcome(Ending.CRASHED), b"")
    assert "crashed" in ending
    assert "it ended" in ending


def test_the_code_is_asked_only_of_a_run_that_powered_off() -> None:
    assert Expectation(ending=Ending.BLOCKED).differences(outcome(Ending.BLOCKED, code=3), b"") == ()


def test_a_forbidden_match_is_said() -> None:
    (text,) = Expectation(forbidden=("^FAIL.*$",)).differences(outcome(), b"ok\nFAIL this\n")
    assert "FAIL this" in text


def test_an_expected_failure_that_passes_does_not_pass() -> None:
    assert not Expectation(xfail=True).passes(outcome(), b"")
    assert Expectation(xfail=True).passes(outcome(code=1), b"")


def test_console_bytes_that_are_no_text_are_judged_too() -> None:
    assert Expectation(console=("end",)).passes(outcome(), b"\xff\xfe end")
