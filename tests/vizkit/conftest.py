"""Fixtures that all rooms of vizkit share."""

import pytest

from vizkit.errors import forget_warnings


@pytest.fixture(autouse=True)
def _each_warning_comes_again():
    forget_warnings()
