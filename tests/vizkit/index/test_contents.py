from tests.vizkit.index.batches import batch, payload, put
from vizkit.events.batch import TailState
from vizkit.index.contents import Contents
from vizkit.kinds.runinfo.record import PLUGIN


def contents():
    return Contents(lambda lane, no: None, {}, {}, 0)


def append(contents, content, run="run"):
    return contents.append(run, "file", content, TailState(offset=1))


def test_an_append_is_visible_and_pending():
    found = contents()

    changed = append(found, batch("loss", [1, 2]))

    assert changed == {("run", "loss")}
    assert found.runs["run"].row().points == 2
    assert found.pending.values == 2
    assert found.states == {("run", "file"): TailState(offset=1)}


def test_what_could_not_be_written_comes_first_next_time():
    found = contents()
    append(found, payload("first"))
    _, failed = found.gather()
    append(found, payload("second"))

    found.take_back(failed)

    assert [row.tag for _, _, row in found.pending.payloads] == ["first", "second"]


def test_a_forgotten_run_is_not_written_any_more():
    found = contents()
    append(found, batch("loss", [1]), run="gone")
    append(found, payload(), run="gone")

    found.forget("gone")
    commit, _ = found.gather()

    assert (commit.runs, commit.states, commit.payloads, commit.lanes) == ([], {}, [], [])
    assert commit.forgotten == [0]
    assert found.states == {}


def test_a_run_forgotten_while_its_commit_failed_stays_forgotten():
    found = contents()
    append(found, batch("loss", [1]))
    _, failed = found.gather()

    found.forget("run")
    found.take_back(failed)

    assert found.pending.runs == {}
    assert found.pending.states == {}


def test_the_runs_own_records_are_not_kept_as_payloads():
    found = contents()

    append(found, payload("_vizkit_/run", PLUGIN))

    assert found.pending.payloads == []


def test_bytes_are_kept_for_our_own_plugins_only():
    found = contents()

    append(found, payload("g", "vizkit_graph", data=b"x"))
    append(found, payload("h", "histograms", data=b"x"))

    assert [row.data for _, _, row in found.pending.payloads] == [b"x", None]


def test_quiet_series_are_parked_when_memory_is_short(index, monkeypatch):
    monkeypatch.setattr("vizkit.index.contents._OPEN_BYTES", 3000)
    for number in range(20):
        put(index, batch(f"tag{number}", range(16)))

    index.commit()

    lanes = index._contents.runs["run"].lanes
    assert sum(lane.open_bytes for lane in lanes) <= 3000
    assert all(index.read("run", f"tag{n}").value.tolist() == list(range(16)) for n in range(20))
