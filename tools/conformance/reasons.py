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


REASONS: tuple[Reason, ...] = ()


def reason_for(case: Case, reasons: tuple[Reason, ...] = REASONS) -> Reason | None:
    """The first row that matches the case's name."""
    return next((reason for reason in reasons if fnmatchcase(case.name, reason.pattern)), None)
