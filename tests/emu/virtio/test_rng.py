import pickle

from emu.virtio.rng import LIMIT, Rng


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(driver_for):
    streams = []
    for seed in (0, 0, 1):
        driver = driver_for(Rng("rng", seed)).start()
        streams.append([driver.ask([size]) for size in (1, 64, 100, 8)])
    assert streams[0] == streams[1] != streams[2]
    assert [len(each) for each in streams[0]] == [1, 64, 100, 8]
    assert len({each[:8] for each in streams[0]}) == 4


def test_two_devices_of_one_seed_are_no_copies(driver_for):
    one, two = (driver_for(Rng(name, 5)).start().ask([32]) for name in ("virtio0", "virtio1"))
    assert one != two


def test_the_hosts_entropy_is_never_the_same(driver_for):
    one, two = (driver_for(Rng("rng", None)).start().ask([32]) for _ in range(2))
    assert one != two and len(one) == 32


def test_a_large_request_gets_a_bounded_answer(driver_for):
    driver = driver_for(Rng("rng", 0)).start()
    assert len(driver.ask([1 << 20, 1 << 20])) == LIMIT


def test_room_in_many_parts_is_one_stream(driver_for):
    whole = driver_for(Rng("rng", 0)).start().ask([30])
    assert driver_for(Rng("rng", 0)).start().ask([7, 11, 12]) == whole


def test_a_request_without_room_comes_back_empty(driver_for):
    assert driver_for(Rng("rng", 0)).start().ask([b"nothing to write to"]) == b""


def test_the_stream_goes_on_from_a_saved_state(driver_for):
    driver = driver_for(Rng("rng", 0)).start()
    driver.ask([100])
    state = pickle.loads(pickle.dumps(driver.mmio.state))
    memory = driver.ram.capture()
    expected = driver.ask([64])
    other = driver_for(Rng("rng", 0))
    other.ram.restore(memory)
    other.mmio.load(state)
    other.rings, other.heap = {0: [8, 1, 1, 1]}, driver.heap
    assert other.ask([64]) == expected


def test_a_reset_does_not_begin_the_stream_anew(driver_for):
    driver = driver_for(Rng("rng", 0)).start()
    first = driver.ask([64])
    assert driver.start().ask([64]) != first
