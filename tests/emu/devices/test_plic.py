import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.devices.plic import Plic
from emu.errors import ConfigError


def enable(context, word=0):
    return 0x2000 + 0x80 * context + 4 * word


def threshold(context):
    return 0x20_0000 + 0x1000 * context


def claim(context):
    return threshold(context) + 4


@pytest.fixture
def targets(bench):
    return bench.wires(4)


@pytest.fixture
def plic(targets):
    plic = Plic("plic", targets, 95)
    for source in (10, 11, 40):
        plic.write(4 * source, 4, 1)
    return plic


def test_a_source_interrupts_the_contexts_that_enable_it(plic, targets):
    plic.write(enable(1), 4, 1 << 10)
    plic.source(10).set(True)
    assert [wire.level for wire in targets] == [False, True, False, False]
    assert plic.read(0x1000, 4) == 1 << 10


def test_sources_above_31_are_in_the_next_words(plic, targets):
    plic.write(enable(3, 1), 4, 1 << 8)
    plic.source(40).set(True)
    assert targets[3].level
    assert plic.read(0x1004, 4) == 1 << 8
    assert plic.read(claim(3), 4) == 40


def test_a_claim_takes_the_request_and_lowers_the_line(plic, targets):
    plic.write(enable(0), 4, 1 << 10)
    plic.source(10).set(True)
    assert plic.read(claim(0), 4) == 10
    assert not targets[0].level
    assert plic.read(claim(0), 4) == 0
    assert plic.read(0x1000, 4) == 0


def test_a_claimed_source_comes_back_only_after_completion_and_only_if_still_high(plic, targets):
    plic.write(enable(0), 4, 1 << 10)
    line = plic.source(10)
    line.set(True)
    plic.read(claim(0), 4)
    line.set(False)
    line.set(True)
    assert not targets[0].level
    plic.write(claim(0), 4, 10)
    assert targets[0].level
    plic.read(claim(0), 4)
    line.set(False)
    plic.write(claim(0), 4, 10)
    assert not targets[0].level


def test_a_request_stays_pending_when_its_level_falls(plic, targets):
    plic.write(enable(0), 4, 1 << 10)
    plic.source(10).set(True)
    plic.source(10).set(False)
    assert targets[0].level and plic.read(claim(0), 4) == 10


def test_completion_is_ignored_where_the_source_is_not_enabled(plic, targets):
    plic.write(enable(0), 4, 1 << 10)
    plic.source(10).set(True)
    plic.read(claim(0), 4)
    plic.source(10).set(True)
    plic.write(claim(1), 4, 10)
    assert not targets[0].level
    plic.write(claim(0), 4, 10)
    assert targets[0].level


def test_a_level_that_just_stays_high_makes_one_request(plic, targets):
    plic.write(enable(0), 4, 1 << 10)
    plic.source(10).set(True)
    for _ in range(2):
        plic.read(claim(0), 4)
        plic.write(claim(0), 4, 10)
        assert not targets[0].level
    plic.source(10).set(True)
    assert targets[0].level


def test_the_highest_priority_wins_and_of_equals_the_lowest_number(plic):
    plic.write(enable(0), 4, 1 << 10 | 1 << 11)
    plic.write(enable(0, 1), 4, 1 << 8)
    plic.write(4 * 40, 4, 3)
    for source in (11, 10, 40):
        plic.source(source).set(True)
    assert [plic.read(claim(0), 4) for _ in range(4)] == [40, 10, 11, 0]


def test_a_threshold_masks_the_line_but_not_the_claim(plic, targets):
    plic.write(enable(0), 4, 1 << 10)
    plic.write(threshold(0), 4, 1)
    plic.source(10).set(True)
    assert not targets[0].level
    assert plic.peek(claim(0), 4) == 10
    plic.write(threshold(0), 4, 0)
    assert targets[0].level


def test_priority_zero_never_interrupts_and_priorities_have_three_bits(plic, targets):
    plic.write(enable(0), 4, 1 << 10)
    plic.write(4 * 10, 4, 0xFFFFFFF8)
    plic.source(10).set(True)
    assert plic.read(4 * 10, 4) == 0 and not targets[0].level and plic.read(claim(0), 4) == 0
    plic.write(4 * 10, 4, 0xFF)
    assert plic.read(4 * 10, 4) == 7 and targets[0].level


def test_source_zero_does_not_exist(plic):
    plic.write(0, 4, 7)
    plic.write(enable(0), 4, 0xFFFFFFFF)
    assert plic.read(0, 4) == 0
    assert plic.read(enable(0), 4) == 0xFFFFFFFE
    with pytest.raises(ConfigError, match="a source from 1 to 95"):
        plic.source(0)
    with pytest.raises(ConfigError):
        plic.source(96)


def test_both_harts_race_for_one_claim_and_one_gets_it(plic, targets):
    for context in (1, 3):
        plic.write(enable(context), 4, 1 << 10)
    plic.source(10).set(True)
    assert targets[1].level and targets[3].level
    assert (plic.read(claim(3), 4), plic.read(claim(1), 4)) == (10, 0)


def test_reset_leaves_the_devices_levels_alone(plic, targets):
    plic.source(10).set(True)
    plic.reset()
    plic.write(4 * 10, 4, 1)
    plic.write(enable(0), 4, 1 << 10)
    assert targets[0].level


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("level"), st.integers(1, 40), st.booleans()),
            st.tuples(st.just("priority"), st.integers(1, 40), st.integers(0, 7)),
            st.tuples(st.just("enable"), st.integers(0, 1), st.integers(0, (1 << 64) - 1)),
            st.tuples(st.just("threshold"), st.integers(0, 1), st.integers(0, 7)),
            st.tuples(st.just("claim"), st.integers(0, 1), st.just(0)),
            st.tuples(st.just("complete"), st.integers(0, 1), st.integers(0, 41)),
        ),
        max_size=60,
    )
)
def test_it_agrees_with_a_model_written_from_the_manual(steps):
    class Wire:
        level = None

        def set(self, level):
            self.level = level

    wires = [Wire(), Wire()]
    plic = Plic("plic", wires, 40)
    pending, busy, again = set(), set(), set()
    priority, enabled, limit = dict.fromkeys(range(1, 41), 0), [set(), set()], [0, 0]

    def candidates(context):
        return [n for n in pending & enabled[context] if priority[n]]

    for what, a, b in steps:
        if what == "level":
            plic.source(a).set(b)
            if b:
                (again if a in busy else pending).add(a)
            else:
                again.discard(a)
        elif what == "priority":
            plic.write(4 * a, 4, b)
            priority[a] = b
        elif what == "enable":
            plic.write(enable(a), 4, b & 0xFFFFFFFF)
            plic.write(enable(a, 1), 4, b >> 32)
            enabled[a] = {n for n in range(1, 41) if b >> n & 1}
        elif what == "threshold":
            plic.write(threshold(a), 4, b)
            limit[a] = b
        elif what == "claim":
            best = min(candidates(a), key=lambda n: (-priority[n], n), default=0)
            assert plic.read(claim(a), 4) == best
            pending.discard(best)
            busy |= {best} - {0}
        elif b in busy & enabled[a]:
            plic.write(claim(a), 4, b)
            busy.discard(b)
            pending |= {b} & again
            again.discard(b)
        else:
            plic.write(claim(a), 4, b)
        for context, wire in enumerate(wires):
            assert wire.level == any(priority[n] > limit[context] for n in candidates(context))
