from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from vizkit.events import records


def test_a_file_opens_with_its_version_and_its_writer():
    event = _event(records.version_record(1.5))

    assert event.file_version == "brain.Event:2"
    assert event.source_metadata.writer == "vizkit"


def test_bytes_come_back_under_their_tag_and_plugin():
    (value,) = _event(records.bytes_record(7, 1.5, "t", "vizkit_x", b"\x00\xff")).summary.value

    assert value.tag == "t"
    assert value.metadata.plugin_data.plugin_name == "vizkit_x"
    assert list(value.tensor.string_val) == [b"\x00\xff"]


def test_a_config_becomes_hyperparameters_of_their_kinds():
    config = {"lr": 0.1, "steps": 3, "amp": True, "model": "cnn", "layers": [1, 2], 5: None}

    data = _hparams(records.hparams_start_record(2.0, "digits", config)).session_start_info

    assert {key: data.hparams[key].WhichOneof("kind") for key in data.hparams} == {
        "lr": "number_value",
        "steps": "number_value",
        "amp": "bool_value",
        "model": "string_value",
        "layers": "string_value",
        "5": "string_value",
    }
    assert (data.group_name, data.start_time_secs) == ("digits", 2.0)


def test_nested_hyperparameters_are_flattened():
    assert records.flatten({"opt": {"lr": 0.1, "k": {"a": 1}}, "b": 2}) == {
        "opt.lr": 0.1,
        "opt.k.a": 1,
        "b": 2,
    }


def test_the_end_of_a_session_says_how_it_went():
    good = _hparams(records.hparams_end_record(2.0, finished=True)).session_end_info
    bad = _hparams(records.hparams_end_record(2.0, finished=False)).session_end_info

    assert (good.status, bad.status) == (1, 2)


def _event(record: bytes) -> Event:
    return Event.FromString(record[12:-4])


def _hparams(record: bytes) -> HParamsPluginData:
    (value,) = _event(record).summary.value
    return HParamsPluginData.FromString(value.metadata.plugin_data.content)
