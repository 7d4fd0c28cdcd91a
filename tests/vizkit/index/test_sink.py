from vizkit.events.batch import Batch, TailState
from vizkit.index.sink import Sink


def test_an_index_is_a_sink(index):
    sink: Sink = index

    assert sink.append("run", "file", Batch(), TailState(offset=3)) == set()
    assert sink.tail_states()["run", "file"].offset == 3
    sink.forget("run")
    assert sink.tail_states() == {}
