import pytest
import sqlalchemy as sa

from vizkit.errors import IndexBrokenError, VizkitWarning
from vizkit.index.database import Database
from vizkit.index.recovery import recovered
from vizkit.index.sqlite import SqliteDatabase


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "index.db"
    path.write_text("damaged")
    return SqliteDatabase(path)


def content(database):
    """Build something that is broken as long as the file is there."""
    if database.path is not None and database.path.exists() and database.path.read_text():
        raise IndexBrokenError(database.path.read_text())
    return database.where


def test_what_is_sound_is_left_alone(database):
    assert recovered(database, lambda found: found.path.read_text()) == "damaged"


def test_what_is_broken_is_removed_and_built_anew(database):
    with pytest.warns(VizkitWarning, match="built anew .*damaged"):
        assert recovered(database, content) == str(database.path)


def test_noted_damage_is_removed_without_a_word(database):
    database.note_damage()

    assert recovered(database, content) == str(database.path)


def test_what_cannot_be_written_is_kept_in_memory(database):
    def build(found):
        if found.path is not None:
            raise sa.exc.OperationalError("CREATE TABLE", {}, Exception("disk full"))
        return found.where

    with pytest.warns(VizkitWarning, match="disk full"):
        assert recovered(database, build) == "memory"


def test_what_another_process_holds_is_left_alone(database):
    holder = SqliteDatabase(database.path)
    assert holder.claim()

    with pytest.warns(VizkitWarning, match="built anew"):
        assert "vizkit-index-" in recovered(database, content)

    assert database.path.read_text() == "damaged"
    holder.close()


def test_a_servers_database_that_another_holds_is_an_error():
    class Held(Database):
        where = "there"

        def claim(self):
            return False

    with pytest.raises(IndexBrokenError, match="another server holds it"):
        recovered(Held(sa.create_engine("sqlite://")), lambda _: content_of_another_version())


def content_of_another_version():
    raise IndexBrokenError("its version is '1'")
