"""The options of `axemu run`, for commands that run a guest and count."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from axemu.run import plan_of, run

if TYPE_CHECKING:
    from axemu.plan import Plan

NOT_HERE: Final = ("json", "gdb", "freeze")


def with_options_of_run(function: Callable[..., None]) -> Callable[..., None]:
    """The parser sees the options of `axemu run`, but for NOT_HERE, before those that `function` names; `function` gets
    them as its other keywords."""
    own = inspect.signature(function, eval_str=True).parameters.values()
    of_run = inspect.signature(run, eval_str=True).parameters.values()
    parameters = [each for each in of_run if each.name not in NOT_HERE]
    parameters += [each for each in own if each.kind is not inspect.Parameter.VAR_KEYWORD]

    @wraps(function)
    def command(**values: Any) -> None:  # noqa: ANN401
        function(**values)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def plan_for(options: dict[str, Any], *, quiet: bool) -> Plan:
    """The plan of those options. `quiet`: the guest's console goes to standard error. Raises what Plan.of raises."""
    return plan_of(**options, json="-" if quiet else None)
