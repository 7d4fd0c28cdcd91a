import pytest

from vizkit.events.names import MAX_TAG_BYTES, checked_tag, event_file_name, is_event_file


def test_an_event_file_is_named_as_tensorboard_names_it():
    name = event_file_name(1_700_000_000.9, "gpu-1.example.org", 42, 0)

    assert name == "events.out.tfevents.1700000000.gpu-1.42.0"
    assert is_event_file(name)


def test_a_hosts_name_never_leaves_the_folder():
    assert "/" not in event_file_name(0.0, "../evil", 1, 0)


@pytest.mark.parametrize("host", ["", "."])
def test_a_host_without_a_name_has_one_here(host):
    assert event_file_name(1.0, host, 1, 0) == "events.out.tfevents.0000000001.localhost.1.0"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("events.out.tfevents.1.h", True),
        ("events.out.tfevents.1.h.v2", True),
        ("events.out.tfevents.1.h.profile-empty", False),
        ("model.ckpt", False),
    ],
)
def test_what_is_an_event_file(name, expected):
    assert is_event_file(name) is expected


@pytest.mark.parametrize(
    ("tag", "kept"), [("loss", b"loss"), ("損失", "損失".encode()), (" a ", b"a")]
)
def test_a_tag_is_kept_as_utf8(tag, kept):
    assert checked_tag(tag) == kept


def test_half_a_surrogate_pair_is_no_trouble():
    assert checked_tag("loss\ud800") == b"loss?"


@pytest.mark.parametrize("tag", ["", "  ", 3, "x" * (MAX_TAG_BYTES + 1)])
def test_a_bad_tag_is_refused_with_its_reason(tag):
    with pytest.raises(ValueError, match="a tag"):
        checked_tag(tag)
