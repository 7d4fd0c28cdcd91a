import numpy as np

from tests.vizkit.index.batches import points, rows
from vizkit.events.batch import Points
from vizkit.index.catalog import MANY_LAYOUTS, RunState, take_points, take_rows
from vizkit.index.lane import Lane


def open_lane(run, key):
    lane = Lane(len(run.lanes), key, lambda lane: None)
    run.adopt(lane)
    return lane


def log(run, found, attempt=0):
    if isinstance(found, Points):
        return take_points(run, found, open_lane)
    return take_rows(run, found.rows[0], attempt, open_lane)


def test_mixed_tags_of_a_batch_go_to_their_own_lanes():
    run = RunState(0, "run")
    step = np.arange(4)
    mixed = Points(
        ("a", "b"), np.array([1, 0, 1, 0], np.int32), step, step * 1.0, step * 10.0, step * 0
    )

    changed = log(run, mixed)

    assert changed == {("run", "a"), ("run", "b")}
    ((a, _),), ((b, _),) = run.series["a"], run.series["b"]
    assert a.open().view().step.tolist() == [1, 3]
    assert b.open().view().step.tolist() == [0, 2]


def test_a_run_counts_its_points():
    run = RunState(0, "run")

    log(run, points("loss", [1, 2, 3], start=5))
    log(run, rows("g/*", "ab", [[1, 2]], start=9), attempt=1)

    row = run.row()
    assert (row.points, row.first_step, row.last_step, row.n_tags) == (5, 5, 9, 3)
    assert (row.first_wall_time, row.last_wall_time, row.attempts) == (1005.0, 1009.0, 2)


def test_a_run_without_points_has_no_ends():
    row = RunState(0, "run").row()

    assert (row.points, row.first_step, row.started) == (0, None, None)


def test_a_changed_layout_opens_a_lane_and_closes_the_one_before():
    run = RunState(0, "run")

    log(run, rows("g/*", "ab", [[1, 2]]))
    log(run, rows("g/*", "bc", [[3, 4]]))
    log(run, rows("g/*", "ab", [[5, 6]]))

    assert [lane.key.names for lane in run.lanes] == [("a", "b"), ("b", "c"), ("a", "b")]
    assert [(lane.number, position) for lane, position in run.series["g/b"]] == [
        (0, 1),
        (1, 0),
        (2, 1),
    ]


def test_ranks_with_layers_of_their_own_keep_their_lanes():
    run = RunState(0, "run")

    for _ in range(3):
        log(run, rows("g/*", "ab", [[1, 2]]))
        log(run, rows("g/*", "cd", [[3, 4]]))

    assert len(run.lanes) == 2


def test_a_layout_that_changes_all_the_time_is_taken_apart():
    run = RunState(0, "run")

    for number in range(2 * MANY_LAYOUTS):
        log(run, rows("g/*", ["all", f"x{number}"], [[number, 1]], start=number))

    assert len(run.series["g/all"]) == MANY_LAYOUTS + 1
    assert run.series["g/all"][-1][0].key.names is None


def test_a_series_logged_as_scalar_and_in_a_vector_goes_on_as_scalar():
    run = RunState(0, "run")

    log(run, rows("g/*", "ab", [[1, 2]]))
    log(run, points("g/a", [3], start=1))
    log(run, rows("g/*", "ab", [[4, 5]], start=2))

    assert [lane.key.names for lane, _ in run.series["g/a"]] == [("a", "b"), None]
    assert run.series["g/a"][-1][0].open().view().value.tolist() == [[3], [4]]


def test_attempts_inside_a_batch_are_kept_apart():
    run = RunState(0, "run")
    found = points("loss", [1, 2, 3, 4], steps=[0, 1, 0, 1])
    found.attempt[2:] = 1

    log(run, found)

    assert sorted(run.lanes[0].begins) == [0, 1]
