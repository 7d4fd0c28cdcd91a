from vizkit.hooks.nan_cause import Cause


def test_a_cause_notes_each_module_that_it_reached_once_and_not_its_own():
    cause = Cause(path="head")
    for path in ("head", "a", "b", "a"):
        cause.reach(path)

    assert list(cause.spread) == ["a", "b"]
