import warnings

import pytest

from vizkit import errors


def test_a_warning_comes_once_for_each_key():
    with pytest.warns(errors.VizkitWarning) as caught:
        _warn_all([("a", "first"), ("a", "again"), ("b", "other")])

    assert [str(each.message) for each in caught] == ["first", "other"]


def test_a_warning_points_at_the_line_that_caused_it():
    with pytest.warns(errors.VizkitWarning) as caught:
        errors.warn_once("here", "look")

    assert caught[0].filename == __file__


def test_strict_mode_raises_instead_of_warning(monkeypatch):
    monkeypatch.setenv("VIZKIT_STRICT", "1")

    with pytest.raises(errors.VizkitError, match="look"):
        errors.warn_once("a", "look")


@pytest.mark.parametrize(("value", "expected"), [("", False), ("0", False), ("1", True)])
def test_strict_mode_is_asked_of_the_environment(monkeypatch, value, expected):
    monkeypatch.setenv("VIZKIT_STRICT", value)

    assert errors.strict() is expected


def test_a_filter_that_makes_errors_of_warnings_does_not_stop_a_training(capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        errors.warn_once("a", "the disk is full")

    assert "the disk is full" in capfd.readouterr().err


def test_a_guarded_failure_warns_and_the_training_goes_on():
    with pytest.warns(errors.VizkitWarning, match="gradient.*ZeroDivisionError"):
        errors.guarded("grad", "The gradient is left out", lambda: 1 / 0)


def test_a_guarded_failure_raises_itself_in_strict_mode(monkeypatch):
    monkeypatch.setenv("VIZKIT_STRICT", "1")

    with pytest.raises(ZeroDivisionError):
        errors.guarded("grad", "The gradient is left out", lambda: 1 / 0)


def test_every_error_is_a_vizkit_error():
    kinds = [each for name, each in vars(errors).items() if name.endswith("Error")]

    assert all(issubclass(each, errors.VizkitError) for each in kinds)


def _warn_all(pairs):
    for key, message in pairs:
        errors.warn_once(key, message)
