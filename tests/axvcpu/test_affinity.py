import pytest
from hypothesis import given
from hypothesis import strategies as st

from axvcpu import InvalidInput
from axvcpu.affinity import allows, cpu_numbers, favoured, phys_cpu_sets


@given(st.sets(st.integers(0, 130)))
def test_a_mask_names_the_cpus_that_it_allows(numbers):
    mask = sum(1 << number for number in numbers)
    assert cpu_numbers(mask) == tuple(sorted(numbers))
    assert all(allows(mask, number) == (number in numbers) for number in range(140))


def test_without_a_mask_any_cpu_is_allowed_and_0_preferred():
    assert allows(None, 1000)
    assert favoured(None, None) == 0
    assert favoured(7, None) == 7


def test_the_lowest_allowed_cpu_is_preferred_by_default():
    assert favoured(None, 0b1100) == 2


@pytest.mark.parametrize(
    ("favourite", "mask"), [(None, 0), (None, -1), (0, 0), (0, 0b10), (-1, None), (-1, 1)]
)
def test_an_empty_mask_and_a_favourite_outside_it_are_invalid(favourite, mask):
    with pytest.raises(InvalidInput):
        favoured(favourite, mask)


def test_fewer_masks_than_vcpus_leave_the_others_free():
    assert phys_cpu_sets(3, [0b1]) == (0b1, None, None)
