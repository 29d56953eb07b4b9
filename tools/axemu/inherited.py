"""Commands that take the options of `axemu run`, and some of their own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from axemu.run import run


def with_options_of_run(*, without: Collection[str] = ()) -> Callable[[Any], Any]:
    """The parser sees the options of `axemu run`, but for those that are named, and then the parameters of the function
    by name; it gets the former as `**options`."""

    def decorate(function: Any) -> Any:  # noqa: ANN401
        own = [
            each
            for each in inspect.signature(function, eval_str=True).parameters.values()
            if each.kind is not inspect.Parameter.VAR_KEYWORD
        ]
        of_run = inspect.signature(run, eval_str=True)
        taken = {each.name for each in own} | set(without)
        inherited = [each for each in of_run.parameters.values() if each.name not in taken]
        parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*inherited, *own)]

        @wraps(function)
        def command(**values: Any) -> None:  # noqa: ANN401
            function(**values)

        command.__signature__ = of_run.replace(parameters=parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {each.name: each.annotation for each in parameters}
        return command

    return decorate
