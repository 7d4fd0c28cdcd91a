"""A page outlives its server: what was logged meanwhile is there when it comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

import vizkit
from tests.browser.conftest import Served, Watched

SHOWN = """hidden => {
  Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
  document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[vizkit.Run]:
    with vizkit.Run(tmp_path / "runs" / "live") as run:
        yield run


def log(run: vizkit.Run, first: int, stop: int) -> None:
    for step in range(first, stop):
        run.log({"loss": float(step)}, step=step)
    run.flush()


def kill(served: Served) -> None:
    """End a viewer as the system would, without a word to anyone."""
    assert served.process is not None
    served.process.kill()
    served.stop()


def test_a_curve_is_complete_after_the_server_was_killed_and_started_again(
    serve: Callable[[Path], Served],
    open_page: Callable[..., Page],
    card: Callable[..., dict[str, str]],
    watched: Watched,
    run: vizkit.Run,
    tmp_path: Path,
) -> None:
    served = serve(tmp_path / "runs")
    log(run, 0, 100)
    page = open_page(served)
    card(page, "loss", vkLastStep=99, vkPoints=100)

    kill(served)
    log(run, 100, 200)
    served.start()

    assert card(page, "loss", vkLastStep=199, vkPoints=200)
    log(run, 200, 250)
    assert card(page, "loss", vkLastStep=249, vkPoints=250)
    watched.forgive()  # the browser reports every refused connection


def test_a_hidden_page_hears_nothing_and_catches_up_when_it_is_shown(
    serve: Callable[[Path], Served],
    open_page: Callable[..., Page],
    card: Callable[..., dict[str, str]],
    run: vizkit.Run,
    tmp_path: Path,
) -> None:
    served = serve(tmp_path / "runs")
    log(run, 0, 100)
    page = open_page(served)
    card(page, "loss", vkPoints=100)
    page.evaluate(
        "() => { window.heard = 0; vk.hub.onMessage('runs', () => (window.heard += 1)); }"
    )

    page.evaluate(SHOWN, True)
    page.wait_for_timeout(300)
    before = page.evaluate("window.heard")
    log(run, 100, 200)
    page.wait_for_timeout(1500)
    assert page.evaluate("window.heard") == before

    page.evaluate(SHOWN, False)
    assert card(page, "loss", vkLastStep=199, vkPoints=200)
