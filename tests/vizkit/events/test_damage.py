from vizkit.events.batch import Skipped
from vizkit.events.damage import Damage


def test_places_and_bytes_are_summed_up():
    damage = Damage()

    damage.add([Skipped(10, 5, "odd"), Skipped(100, 7, "zero bytes")])

    assert str(damage) == "2 damaged places, 12 bytes passed over (last at byte 100: zero bytes)"


def test_a_hole_that_is_passed_in_parts_is_one_place():
    damage = Damage()

    damage.add([Skipped(0, 1000, "zero bytes")])
    damage.add([Skipped(1000, 500, "zero bytes")])

    assert str(damage).startswith("1 damaged place, 1,500 bytes passed over (last at byte 0:")
