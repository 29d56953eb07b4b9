"""Which pictures there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WIDTH: Final = 116
WORKLOAD: Final = "guests/riscv64/workload"
DEBUGGEE: Final = "guests/riscv64/debuggee"


@dataclass(frozen=True, slots=True)
class Shot:
    """What these commands print; `before` are others, that are not shown. codes: the exit codes of those that are
    shown, where one is not 0. most: lines of each."""

    name: str
    commands: tuple[str, ...]
    before: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    width: int = WIDTH
    most: int = 48


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture that the last of these commands draws by itself, into `{name}.svg`. linux: they find Debian's kernel and
    a userspace in `vmlinux` and `boot.gz`."""

    name: str
    commands: tuple[str, ...]
    linux: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page that a command makes, as a browser of this size shows it."""

    name: str
    command: str
    page: str
    size: tuple[int, int]


Picture = Shot | Drawn | Page

PICTURES: Final[tuple[Picture, ...]] = (
    Shot(
        "trace",
        (
            "axemu trace --plain guests/riscv64/hello -o - --record insns,regs,mem,exits "
            "--from 66 --count 12 2> run.log",
        ),
        width=132,
    ),
    Shot(
        "trace-query",
        (
            'axemu trace query run.parquet "who last wrote total"',
            'axemu trace query run.parquet "exits where device=uart and reason=mmio-write" --limit 3',
            'axemu trace query run.parquet "calls of console_put"',
            'axemu trace query run.parquet "what happened at 999 +-1"',
        ),
        (f"axemu trace --plain {DEBUGGEE} --record all -o run.parquet",),
    ),
    Drawn("stat", ("axemu stat guests/riscv64/timer-interrupt --svg stat.svg",)),
    Drawn(
        "stat-diff",
        (
            "axemu stat guests/riscv64/timer-interrupt --json old.json",
            "axemu stat guests/aarch64/timer-interrupt --json new.json",
            "axemu stat diff old.json new.json --svg stat-diff.svg",
        ),
    ),
    Drawn(
        "stat-linux",
        (
            "axemu stat -kernel vmlinux -initrd boot.gz -m 512 -append 'console=ttyS0 batch=yes' "
            "--svg stat-linux.svg",
        ),
        linux=True,
    ),
    Shot("profile", (f"axemu profile {DEBUGGEE} --annotate doubled_area",), width=100),
    Shot("profile-calls", (f"axemu profile {DEBUGGEE} --callgraph --top 12",)),
    Shot("coverage-report", (f"axemu cov {DEBUGGEE} --branches",)),
    Shot(
        "transcript-diff",
        ("axemu transcript diff golden.txt new.txt",),
        (
            "axemu transcript guests/riscv64/hello -o golden.txt",
            "axemu transcript guests/aarch64/hello -o new.txt",
        ),
        codes=(1,),
        width=100,
    ),
    Shot("hooks", (f"axemu run {WORKLOAD} --hook docs/hooks/calls.py",), width=100),
    Drawn("flamegraph", (f"axemu profile {DEBUGGEE} --flamegraph flamegraph.svg",)),
    Page(
        "coverage",
        f"axemu cov {DEBUGGEE} --branches --html report",
        "report/console.c.*.html",
        (1000, 900),
    ),
    Page("suite-report", "axemu suite run guests/riscv64 --html run.html", "run.html", (1200, 900)),
)
