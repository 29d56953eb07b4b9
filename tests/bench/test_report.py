"""A limit is judged by minima of the same run, and never silently."""

from __future__ import annotations

import io
import json

from rich.console import Console

from bench.measure import Clock, Command, Samples
from bench.numbers import AXEMU, PLAIN, Limit, Number
from bench.report import judge, show, values

SIDES = (Command(AXEMU, ("true",), Clock.WALL), Command(PLAIN, ("true",), Clock.WALL))


def number(*limits: Limit, name: str = "demo") -> Number:
    return Number(name, "a demo", "us", limits, SIDES)


def test_an_absolute_limit_holds_up_to_its_value() -> None:
    assert judge(number(Limit(1.0)), {AXEMU: Samples((2.0, 1.0))}, {}).holds
    broken = judge(number(Limit(1.0)), {AXEMU: Samples((1.1,))}, {})
    assert not broken.holds
    assert broken.checks[0].holds is False


def test_a_limit_relative_to_a_side_uses_the_minimum_of_that_side() -> None:
    measured = judge(number(Limit(0.5, PLAIN)), {AXEMU: Samples((1.0,)), PLAIN: Samples((9.0, 2.0))}, {})
    assert measured.checks[0].bound == 1.0
    assert measured.holds


def test_a_limit_relative_to_another_number_uses_its_axemu_side() -> None:
    native = judge(number(name="native"), {AXEMU: Samples((0.5,))}, {})
    measured = judge(number(Limit(10, "native")), {AXEMU: Samples((5.1,))}, {"native": native})
    assert measured.checks[0].bound == 5.0
    assert not measured.holds


def test_what_cannot_be_compared_is_said_so_and_breaks_nothing() -> None:
    measured = judge(number(Limit(0.5, PLAIN)), {AXEMU: Samples((1.0,)), PLAIN: Samples((), "not here")}, {})
    assert measured.checks[0].holds is None
    assert measured.holds
    text = io.StringIO()
    show([measured], Console(file=text, width=160))
    assert "not comparable" in text.getvalue()
    assert "not measured: not here" in text.getvalue()


def test_a_number_that_axemu_could_not_do_does_not_hold() -> None:
    assert not judge(number(), {AXEMU: Samples((), "crashed")}, {}).holds


def test_the_table_shows_ratios_and_broken_limits() -> None:
    measured = judge(number(Limit(0.8)), {AXEMU: Samples((1.0,)), PLAIN: Samples((4.0,))}, {})
    text = io.StringIO()
    show([measured], Console(file=text, width=160))
    assert "BROKEN" in text.getvalue()
    assert "x 0.25" in text.getvalue()


def test_the_json_holds_every_sample() -> None:
    measured = judge(number(Limit(0.8)), {AXEMU: Samples((1.0, 2.0)), PLAIN: Samples((4.0,))}, {})
    found = json.loads(json.dumps(values([measured])))["numbers"][0]
    assert found["sides"][AXEMU]["values"] == [1.0, 2.0]
    assert found["limits"] == [{"value": 0.8, "of": None, "bound": 0.8, "holds": False}]
