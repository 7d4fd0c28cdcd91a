from tests.vizkit.index.test_commit import RUN, lane, lane_write
from vizkit.index import codec
from vizkit.index.records import lane_of, payload_of, payload_row, series_row
from vizkit.index.rows import PayloadRow


def test_a_series_comes_back_as_it_was_written():
    row = series_row(lane_write(RUN, lane(5), whole=True))

    data = codec.unsealed(("series", row["id"], row["run"]), row["data"])
    key, chunks, kept = lane_of("run", data)

    assert (row["id"], row["run"], key.run, key.tag, chunks) == (7, 3, "run", "loss", 0)
    assert (kept.rows, kept.begins[0].step) == (5, 0)


def test_runs_share_the_text_of_their_tags():
    row = series_row(lane_write(RUN, lane(5), whole=True))
    data = codec.unsealed(("series", 7, 3), row["data"])

    assert lane_of("a", data)[0].tag is lane_of("b", data)[0].tag


def test_a_payload_comes_back_with_its_bytes():
    given = PayloadRow("run", "file", "graph", "vizkit_graph", 1, 2.0, 3, 4, b"\x00\xff")

    row = payload_row(5, 3, given)

    assert payload_of(codec.unsealed_json(("payload", 5, 3, "vizkit_graph"), row["data"])) == given
