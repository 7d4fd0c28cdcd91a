import pytest

from tests.vizkit.index.batches import batch, payload, put, rows
from vizkit.errors import RunNotFoundError, TagNotFoundError, VizkitError
from vizkit.index.rows import PayloadRow


def test_tag_names_come_in_the_order_they_appeared(index):
    put(index, batch("loss", [1]))
    put(index, rows("g/*", "ba", [[1, 2]]))

    assert index.tag_names("run") == ["loss", "g/b", "g/a"]
    assert [row.tag for row in index.tags("run")] == ["loss", "g/b", "g/a"]


def test_rows_of_series_are_told_anew_once_they_grew(index):
    put(index, batch("loss", [1]))
    before = index.tags("run")
    put(index, batch("loss", [2], start=1))

    assert [row.points for row in before + index.tags("run")] == [1, 2]


def test_unknown_names_are_said_to_be_so(index):
    put(index, batch("loss", [1]))

    with pytest.raises(RunNotFoundError, match="'nope'"):
        index.read("nope", "loss")
    with pytest.raises(TagNotFoundError, match="'nope'"):
        index.read("run", "nope")


def test_payloads_are_found_pending_and_written(index):
    put(index, payload("a", "histograms", offset=0))
    index.commit()
    put(index, payload("b", "histograms", offset=9))
    put(index, payload("c", "images", offset=20))

    assert [row.tag for row in index.payloads("run", "histograms")] == ["a", "b"]
    assert index.payloads("nope", "histograms") == []


def test_payloads_are_found_while_they_are_being_written(index):
    put(index, payload("a", "histograms", offset=0))
    before = index.newest_payload("run", "histograms")

    index._contents.gather()  # the commit is under way: no more pending, not yet in the database

    assert [row.tag for row in index.payloads("run", "histograms")] == ["a"]
    assert index.newest_payload("run", "histograms") == before


def test_the_content_of_a_payload_is_read_from_its_file(index, logdir):
    (logdir / "run").mkdir()
    (logdir / "run" / "file").write_bytes(b"....content....")
    row = PayloadRow("run", "file", "img", "images", 0, 0.0, 4, 7)

    assert index.content(row) == b"content"
    (logdir / "run" / "file").write_bytes(b"....con")
    with pytest.raises(VizkitError, match="no longer"):
        index.content(row)
    (logdir / "run" / "file").unlink()
    with pytest.raises(VizkitError, match="cannot be read"):
        index.content(row)


def test_only_payloads_that_are_new_are_read(index):
    put(index, payload("a", "histograms", offset=0))
    index.commit()
    run, newest = index.newest_payload("run", "histograms")
    put(index, payload("b", "histograms", offset=9))
    put(index, payload("c", "images", offset=20))

    assert [row.tag for row in index.payloads("run", "histograms", newest)] == ["b"]
    pending = index.newest_payload("run", "histograms")
    assert pending > (run, newest)
    index.commit()
    assert index.newest_payload("run", "histograms") == pending
    assert index.payloads("run", "histograms", pending[1]) == []


def test_a_run_without_payloads_has_no_newest(index):
    put(index, batch("loss", [1]))

    assert index.newest_payload("run", "histograms")[1] == -1
    assert index.newest_payload("nope", "histograms") == (-1, -1)
