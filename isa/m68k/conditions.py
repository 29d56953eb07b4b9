"""Conditions of the integer and the floating-point unit, flat: M68000PM/AD, tables 3-19 and 3-23. Also compiled."""

from __future__ import annotations


def holds(condition: int, flags: int) -> bool:
    """Integer condition 0 to 15 (t f hi ls cc cs ne eq vc vs pl mi ge lt gt le) under the low bits of SR."""
    c, v, z, n = flags & 1, flags >> 1 & 1, flags >> 2 & 1, flags >> 3 & 1
    kind = condition >> 1
    if kind == 0:
        met = 1
    elif kind == 1:
        met = 1 - (c | z)
    elif kind == 2:
        met = 1 - c
    elif kind == 3:
        met = 1 - z
    elif kind == 4:
        met = 1 - v
    elif kind == 5:
        met = 1 - n
    elif kind == 6:
        met = 1 - (n ^ v)
    else:
        met = 1 - (z | (n ^ v))
    return met != condition & 1


def float_holds(predicate: int, fpsr: int) -> bool:
    """Floating-point predicate 0 to 31 under FPSR; the upper sixteen are the lower ones with an exception for NaN."""
    nan, zero, negative = fpsr >> 24 & 1, fpsr >> 26 & 1, fpsr >> 27 & 1
    kind = predicate & 15
    if kind >= 8:
        return not float_ordered(15 - kind, nan, zero, negative)
    return float_ordered(kind, nan, zero, negative)


def float_ordered(kind: int, nan: int, zero: int, negative: int) -> bool:
    """Predicates 0 to 7 (f eq ogt oge olt ole ogl or): false for NaN."""
    if kind == 0 or nan != 0:
        return False
    if kind == 7:
        return True
    if kind == 6:
        return zero == 0
    if kind == 1:
        return zero != 0
    if kind == 2:
        return zero == 0 and negative == 0
    if kind == 3:
        return zero != 0 or negative == 0
    if kind == 4:
        return zero == 0 and negative != 0
    return zero != 0 or negative != 0
