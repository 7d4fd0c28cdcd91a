import json

from vizkit.events.batch import FileFacts, StartRecord, TailState, Walk, no_points


def test_a_tail_state_survives_json():
    state = TailState(
        offset=12,
        inode=7,
        layouts={"grad_norm/*": ("a", "b")},
        plugins={"loss": "scalars"},
        facts=FileFacts(StartRecord(rank=1, pid=2, host="h", started=3.0), 1.0, 2.0, 0, 9),
        attempt=1,
        walks={"loss": Walk(0, 9, 9)},
    )

    read = TailState.from_json(json.loads(json.dumps(state.to_json())))

    assert read == state


def test_a_fresh_tail_state_survives_json():
    assert TailState.from_json(json.loads(json.dumps(TailState().to_json()))) == TailState()


def test_no_points_are_zero_points():
    assert len(no_points()) == 0
