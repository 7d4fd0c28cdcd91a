from vizkit.playback.subjects import UNKNOWN, Subject, configured, flat, item

CONFIG = {"lr": 0.1, "optimizer": {"name": "adam", "empty": {}}, "a.b": 3, "list": [1, 2]}
RUN = Subject("a", "running", None, None, 0, CONFIG, {})


def test_what_is_unknown_is_false_and_like_nothing():
    assert not UNKNOWN
    assert UNKNOWN != None  # noqa: E711
    assert repr(UNKNOWN) == "unknown"


def test_items_of_mappings_and_lists_are_found():
    assert (item({"a": 1}, "a"), item([1, 2], -1)) == (1, 2)
    for value, key in (({"a": 1}, "b"), ([1], 1), ([1], True), ("text", 0), (None, "a")):
        assert item(value, key) is UNKNOWN


def test_a_config_is_searched_by_keys_and_by_paths():
    assert configured(RUN, "lr") == 0.1
    assert configured(RUN, "optimizer.name") == "adam"
    assert configured(RUN, "a.b") == 3
    assert configured(RUN, "optimizer.nope") is UNKNOWN


def test_a_config_is_flat_by_dots():
    assert dict(flat(CONFIG)) == {
        "lr": 0.1,
        "optimizer.name": "adam",
        "optimizer.empty": {},
        "a.b": 3,
        "list": [1, 2],
    }
