"""A picture of every page, light and dark, wide and phone; VIZKIT_SHOTS=1 renews docs/img.

The pictures show a run that is the same each time. Besides docs/img, where only the wide ones go,
all are left in test-results/shots for whoever wants to look.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import Served
from vizkit.testing import STARTED, free_port, make_run, tiny_run, wait_until

pytestmark = pytest.mark.browser

AN_HOUR_LATER = STARTED + 3600
ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "test-results" / "shots"
PAGES = {
    "overview": "/?runs=mlp,mlp-wide",
    "scalars": "/scalars?runs=mlp,mlp-wide",
    "gradients": "/gradients?runs=mlp",
    "graph": "/graph?runs=mlp",
}
READY = """(name) => {
  const seen = (el) => {
    const box = el.getBoundingClientRect();
    return box.height > 0 && box.top < innerHeight && el.checkVisibility();
  };
  const page = document.getElementById(`vk-page-${name}`);
  const all = page ? [page, ...page.querySelectorAll('*')].filter(seen) : [];
  return all.some((el) => el.dataset.vkReady === '1')
    && !all.some((el) => el.classList.contains('vk-skeleton'));
}"""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A viewer over two finished runs that are the same each time."""
    folder = tmp_path_factory.mktemp("gallery")
    logdir = folder / "runs"
    tiny_run(logdir, "mlp", steps=1_000)
    make_run(
        logdir / "mlp-wide",
        {
            "loss": [(k, 2.3 / (1 + k / 60) + 0.05) for k in range(1_000)],
            "val/loss": [(k, 2.4 / (1 + k / 70) + 0.08) for k in range(9, 1_000, 10)],
            "val/accuracy": [(k, 0.97 - 0.87 / (1 + k / 30)) for k in range(9, 1_000, 10)],
            "grad_norm": [(k, 1.9 / (1 + k / 90)) for k in range(1_000)],
            "lr": [(k, 0.05) for k in range(1_000)],
        },
        config={"model": "mlp", "lr": 0.05, "batch_size": 64, "optimizer": {"name": "sgd"}},
        total_steps=1_000,
    )
    served = Served(logdir, free_port(), folder / "cache").start()
    yield served
    served.stop()


def settled(page: Page) -> bytes:
    """Return a picture once two in a row are the same."""
    last = page.screenshot()

    def same() -> bool:
        nonlocal last
        before, last = last, page.screenshot()
        return before == last

    wait_until(same, timeout=15, every=0.2)
    return last


def keep(picture: bytes, name: str, *, in_docs: bool) -> None:
    """Leave a picture in test-results, and in docs/img where it is asked for."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.png").write_bytes(picture)
    if in_docs and os.environ.get("VIZKIT_SHOTS"):
        (ROOT / "docs" / "img").mkdir(exist_ok=True)
        picture_file = ROOT / "docs" / "img" / f"{name}.png"
        Image.open(io.BytesIO(picture)).convert("RGB").save(picture_file, optimize=True)


@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_drawn_and_fits(gallery, open_page, name, dark, phone):
    page = open_page(gallery, PAGES[name], phone=phone, dark=dark)
    page.clock.set_fixed_time(AN_HOUR_LATER)  # or "3 years ago" becomes 4
    page.reload()
    page.wait_for_function(READY, arg=name)

    picture = settled(page)

    theme = "dark" if dark else "light"
    keep(picture, f"{name}-{theme}{'-phone' if phone else ''}", in_docs=not phone)
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    colors = image.getcolors(maxcolors=image.width * image.height)
    assert len(colors) > 100
    assert brightness(image) < 100 if dark else brightness(image) > 155
    assert page.evaluate(OVERFLOW) <= 0


def brightness(image: Image.Image) -> float:
    """Return the mean grey, 0 to 255."""
    return sum(n * grey for n, grey in image.convert("L").getcolors()) / (
        image.width * image.height
    )
