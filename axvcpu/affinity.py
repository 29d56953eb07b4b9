"""Which physical CPUs may run a vCPU: bit masks, bit n for physical CPU n, None for any."""

from __future__ import annotations

from collections.abc import Sequence

from axvcpu.errors import InvalidInput


def cpu_numbers(phys_cpu_set: int) -> tuple[int, ...]:
    return tuple(number for number in range(phys_cpu_set.bit_length()) if phys_cpu_set >> number & 1)


def favoured(favor_phys_cpu: int | None, phys_cpu_set: int | None) -> int:
    """The preferred physical CPU, by default the lowest allowed.

    Raises InvalidInput for a mask that allows none and for a favourite that the mask does not allow.
    """
    if phys_cpu_set is not None and phys_cpu_set <= 0:
        raise InvalidInput(
            "phys_cpu_set", "a mask of at least one CPU, or None for any", f"{phys_cpu_set:#x}"
        )
    if favor_phys_cpu is None:
        return 0 if phys_cpu_set is None else cpu_numbers(phys_cpu_set)[0]
    if favor_phys_cpu < 0 or not allows(phys_cpu_set, favor_phys_cpu):
        allowed = (
            "0 or more" if phys_cpu_set is None else f"one of {cpu_numbers(phys_cpu_set)} (phys_cpu_set)"
        )
        raise InvalidInput("favor_phys_cpu", allowed, str(favor_phys_cpu))
    return favor_phys_cpu


def allows(phys_cpu_set: int | None, number: int) -> bool:
    return phys_cpu_set is None or bool(phys_cpu_set >> number & 1)


def phys_cpu_sets(vcpu_count: int, masks: Sequence[int | None]) -> tuple[int | None, ...]:
    """One mask for each vCPU; those beyond the end of `masks` may run anywhere.

    Raises InvalidInput for more masks than vCPUs and for an empty mask.
    """
    if len(masks) > vcpu_count:
        raise InvalidInput("phys_cpu_sets", f"at most {vcpu_count} masks, one a vCPU", f"{len(masks)} masks")
    for mask in masks:
        favoured(None, mask)
    return (*masks, *(None for _ in range(vcpu_count - len(masks))))
