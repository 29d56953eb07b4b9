"""Every failure that we know, and why: a row a reason.

A failure without a row is a regression; a test that passes in spite of its row makes the row wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase

from conformance.cases import Case


class Whose(Enum):
    ENGINE = "engine"  # Unicorn 2.1.4 does not do it and leaves no event for us to do it
    OURS = "ours"  # axemu could do it and does not yet
    TEST = "test"  # the test asks for an option of the standard that this CPU model does not take


@dataclass(frozen=True, slots=True)
class Reason:
    """`pattern` matches test names as a shell pattern; `text` says what differs, by the manual's section."""

    pattern: str
    whose: Whose
    text: str


REASONS: tuple[Reason, ...] = (
    Reason(
        "rv*u[fd]-*-fmin",
        Whose.TEST,
        "fmin and fmax of a signalling NaN and a number give the number since F 2.2; the CPU model, like QEMU's "
        "sifive-u54, has F 2.0's, which give the canonical NaN [unpriv 20.6]",
    ),
    Reason(
        "rv64ud-*-move",
        Whose.ENGINE,
        "fsgnj.s copies an operand that is not NaN-boxed as it stands, where it must count as the canonical NaN "
        "[unpriv 21.2]; translated inline, without an event",
    ),
    Reason(
        "rv64[ms]i-p-csr",
        Whose.ENGINE,
        "sstatus.UXL reads 0, where a hart whose U-mode is 64 bits wide must say 2 [priv 3.1.6.3]",
    ),
    Reason(
        "rv*mi-p-illegal",
        Whose.ENGINE,
        "mstatus.TW and TSR lie at bits 29 and 30 in the engine instead of 21 and 22, so they cannot be set, and "
        "sret in S-mode is never illegal [priv 3.1.6.5]",
    ),
    Reason(
        "rv*mi-p-breakpoint",
        Whose.ENGINE,
        "no trigger module: tselect and tdata1 to tdata3 are illegal [Sdtrig is optional, but the test needs tselect]",
    ),
    Reason(
        "rv*mi-p-instret_overflow",
        Whose.ENGINE,
        "a write of minstret is dropped, without an event: the counter goes on from where it was [priv 3.1.10]; "
        "QEMU 7.2 fails here too",
    ),
)


def reason_for(case: Case, reasons: tuple[Reason, ...] = REASONS) -> Reason | None:
    """The first row that matches the case's name."""
    return next((reason for reason in reasons if fnmatchcase(case.name, reason.pattern)), None)
