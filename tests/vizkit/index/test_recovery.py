import pytest
import sqlalchemy as sa

from vizkit.errors import IndexBrokenError, VizkitWarning
from vizkit.index.place import Place
from vizkit.index.recovery import recovered


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "index.db"
    path.write_text("damaged")
    return Place(path)


def content(place):
    """Build something that is broken as long as the file is there."""
    if place.path is not None and place.path.exists():
        raise IndexBrokenError(place.path.read_text())
    return "new" if place.path else "in memory"


def test_what_is_sound_is_left_alone(place):
    assert recovered(place, lambda place: place.path.read_text()) == "damaged"


def test_what_is_broken_is_removed_and_built_anew(place):
    with pytest.warns(VizkitWarning, match="built anew .*damaged"):
        assert recovered(place, content) == "new"


def test_noted_damage_is_removed_without_a_word(place):
    place.note_damage()

    assert recovered(place, content) == "new"


def test_what_cannot_be_written_is_kept_in_memory(place):
    def build(place):
        if place.path is not None:
            raise sa.exc.OperationalError("CREATE TABLE", {}, Exception("disk full"))
        return "in memory"

    with pytest.warns(VizkitWarning, match="disk full"):
        assert recovered(place, build) == "in memory"
