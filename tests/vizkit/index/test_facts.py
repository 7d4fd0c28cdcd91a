from dataclasses import replace

from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from vizkit.events.batch import Payload
from vizkit.index.facts import after
from vizkit.index.rows import RunFacts
from vizkit.kinds.runinfo.record import PLUGIN, TAG, Alive, End, Environment, Gap, Start, encode


def payload(info, wall_time):
    value = Summary.Value(tag=TAG, tensor=TensorProto(string_val=[encode(info)]))
    data = value.SerializeToString()
    return Payload(TAG, PLUGIN, 0, wall_time, data, 0, len(data))


def start(started, rank=None, **config):
    return Start(config, Environment(host="h", started=started, rank=rank), 0, 100)


def told(*records):
    facts = RunFacts()
    for wall_time, info in records:
        facts = after(facts, payload(info, wall_time))
    return facts


def test_a_start_tells_config_environment_and_length():
    facts = told((10, start(10, lr=0.1)))

    assert facts.config == {"lr": 0.1}
    assert facts.environment["host"] == "h"
    assert (facts.status, facts.started, facts.total_steps) == ("running", 10, 100)


def test_an_end_tells_how_it_went():
    facts = told((10, start(10)), (20, End("failed", "out of memory")))

    assert (facts.status, facts.error, facts.ended) == ("failed", "out of memory", 20)


def test_a_later_start_runs_again():
    facts = told((10, start(10, lr=1)), (20, End("finished")), (30, start(30, lr=2)))

    assert (facts.status, facts.ended, facts.started) == ("running", None, 10)
    assert facts.config == {"lr": 2}


def test_files_read_in_another_order_tell_the_same():
    in_order = told((10, start(10, lr=1)), (20, End("failed")), (30, start(30, lr=2)))
    reverse = told((30, start(30, lr=2)), (10, start(10, lr=1)), (20, End("failed")))

    assert replace(reverse, alive=None) == replace(in_order, alive=None)


def test_the_first_rank_describes_the_run():
    facts = told((10, start(10, rank=0, lr=1)), (11, start(11, rank=1, lr=2)))

    assert facts.config == {"lr": 1}
    assert facts.environment["rank"] == 0


def test_heartbeats_are_signs_of_life_and_gaps_are_summed_up():
    facts = told((10, start(10)), (15, Alive()), (16, Gap(3)), (17, Gap(4)))

    assert facts.alive == 17
    assert facts.lost_records == 7


def hparams(**values):
    data = HParamsPluginData(version=0)
    for name, value in values.items():
        if isinstance(value, str):
            data.session_start_info.hparams[name].string_value = value
        else:
            data.session_start_info.hparams[name].number_value = value
    value = Summary.Value(tag="_hparams_/session_start_info")
    value.metadata.plugin_data.content = data.SerializeToString()
    content = value.SerializeToString()
    return Payload(value.tag, "hparams", 0, 0.0, content, 0, len(content))


def test_hyperparameters_of_other_writers_are_the_config():
    facts = after(RunFacts(), hparams(lr=0.5, model="mlp"))

    assert facts.config == {"lr": 0.5, "model": "mlp"}
    assert facts.status is None


def test_what_the_run_says_itself_stands():
    facts = after(told((10, start(10, lr=1))), hparams(lr=0.5))

    assert facts.config == {"lr": 1}


def test_damaged_records_tell_nothing():
    for plugin in (PLUGIN, "hparams"):
        assert after(RunFacts(), Payload("t", plugin, 0, 0.0, b"\xff\xff", 0, 2)) == RunFacts()
