"""What a point does at a hit beside stopping: it counts, or writes a line and lets the guest go on."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from axemu.dap.errors import Malformed
from axemu.tracer.model import REFUSALS

if TYPE_CHECKING:
    from emu.debug.points import Point
    from emu.debug.scope import Scope

Decide = Callable[["Point", "Scope"], bool]
_COUNT: Final = re.compile(r"\s*(==|=|>=|>|<=|<|%)?\s*(\d{1,18})\s*")
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_COMPARE: Final[dict[str, Callable[[int, int], bool]]] = {
    "==": operator.eq,
    "=": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "%": lambda hits, every: hits % every == 0,
}


def counted(text: str) -> Callable[[int], bool]:
    """Of a number of hits, whether "5" (from the fifth on), "== 5", "> 5", "% 5" (every fifth) holds.

    Raises Malformed.
    """
    found = _COUNT.fullmatch(text)
    if found is None or (found[1] == "%" and int(found[2]) == 0):
        raise Malformed(
            "A hit condition is a number, or == >= > <= < % before one.", f"It got '{text}'.", "Try: >= 5"
        )
    compare, number = _COMPARE[found[1] or ">="], int(found[2])
    return lambda hits: compare(hits, number)


def decision(hit_condition: str, message: str, write: Callable[[str], None]) -> Decide | None:
    """For Point.decide; None where every hit stops. Raises Malformed."""
    holds = counted(hit_condition) if hit_condition.strip() else None
    if holds is None and not message:
        return None

    def decide(point: Point, scope: Scope) -> bool:
        if holds is not None and not holds(point.hits):
            return False
        if message:
            write(logged(message, scope))
        return not message

    return decide


def logged(message: str, scope: Scope) -> str:
    """The message with the values of the expressions in braces."""
    return _BRACES.sub(lambda found: _value(found[1], scope), message)


def _value(text: str, scope: Scope) -> str:
    from emu.debug.expression import Expression  # noqa: PLC0415  it is big, and seldom needed
    from emu.debug.values import Printer  # noqa: PLC0415

    try:
        return Printer(scope.symbols, scope.memory).text(Expression.parse(text).evaluate(scope))
    except REFUSALS as error:
        return f"<{error}>"
