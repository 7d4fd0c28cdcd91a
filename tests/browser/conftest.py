"""A real `vizkit serve`, a real Chromium, and pages that must stay free of errors."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from vizkit.testing import free_port, make_run, tiny_run, wait_until

CHROMIUM = os.environ.get("VIZKIT_CHROMIUM") or shutil.which("chromium")
ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
]
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
LONG = 20_000


@dataclass
class Served:
    """A viewer in a process of its own."""

    logdir: Path
    port: int
    cache: Path
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Served:
        command = [sys.executable, "-m", "vizkit", "serve", str(self.logdir)]
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.cache)}
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port), "--no-browser"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        said = []
        for line in self.process.stdout:
            said.append(line)
            if re.search(r"http://", line):
                return self
        raise RuntimeError("vizkit serve ended: " + "".join(said))

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=15)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None


@dataclass
class Watched:
    """What went wrong on the pages of a test; a test may forgive what it provoked."""

    errors: list[str] = field(default_factory=list)

    def watch(self, page: Page, origin: str) -> None:
        page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._judge(request.url, origin))

    def _judge(self, url: str, origin: str) -> None:
        if not url.startswith((origin, origin.replace("http", "ws"), "data:", "blob:")):
            self.errors.append(f"request off the machine: {url}")

    def forgive(self) -> None:
        self.errors.clear()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser; it ends with its module, since Playwright's event loop shuts out any other."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Path], Served]]:
    """Start a viewer over a folder; it ends with the test."""
    running: list[Served] = []

    def start(logdir: Path) -> Served:
        logdir.mkdir(exist_ok=True)
        running.append(Served(logdir, free_port(), tmp_path / "cache").start())
        return running[-1]

    yield start
    for served in running:
        served.stop()


@pytest.fixture(scope="module")
def serve_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[Callable[[Path], None]], Served]]:
    """Start one viewer over runs that a function writes; the tests of a module share it."""
    running: list[Served] = []

    def start(write: Callable[[Path], None]) -> Served:
        folder = tmp_path_factory.mktemp("shared")
        write(folder / "runs")
        running.append(Served(folder / "runs", free_port(), folder / "cache").start())
        return running[-1]

    yield start
    for served in running:
        served.stop()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A viewer over three finished runs that tests only look at.

    `tiny` is that of vizkit.testing; `twin` has another loss; `long` has 20,000 points of `loss`
    with one spike at step 12,345.
    """
    folder = tmp_path_factory.mktemp("finished")
    logdir = folder / "runs"
    tiny_run(logdir)
    make_run(logdir / "twin", {"loss": [(k, 3.0 / (k + 1)) for k in range(200)]})
    long = np.exp(-np.arange(LONG) / 4000)
    long[12_345] = 5.0
    make_run(logdir / "long", {"loss": list(enumerate(long.tolist()))})
    served = Served(logdir, free_port(), folder / "cache").start()
    yield served
    served.stop()


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture(scope="module")
def contexts(chromium: Browser) -> Iterator[Callable[[bool, bool], BrowserContext]]:
    """Browser contexts by (phone, dark); tests share them, so that scripts stay in the cache."""
    made: dict[tuple[bool, bool], BrowserContext] = {}

    def context(phone: bool, dark: bool) -> BrowserContext:
        if (phone, dark) not in made:
            made[phone, dark] = chromium.new_context(
                viewport=PHONE if phone else DESK,
                has_touch=phone,
                is_mobile=phone,
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce",
                locale="en-GB",
                timezone_id="UTC",
            )
        return made[phone, dark]

    yield context
    for one in made.values():
        one.close()


@pytest.fixture
def open_page(
    contexts: Callable[[bool, bool], BrowserContext], watched: Watched
) -> Iterator[Callable[..., Page]]:
    """Open an address in a tab of its own; the test fails on any error the tab met."""
    pages: list[Page] = []

    def go(
        served: Served, path: str = "/scalars", *, phone: bool = False, dark: bool = False
    ) -> Page:
        page = contexts(phone, dark).new_page()
        pages.append(page)
        page.set_default_timeout(15_000)
        watched.watch(page, served.url)
        page.goto(served.url + path)
        return page

    yield go
    for page in pages:
        page.evaluate("localStorage.clear()")
        page.close()
    assert watched.errors == []


@pytest.fixture
def card() -> Callable[..., dict[str, str]]:
    """Wait until the card of a tag has drawn everything; return its data attributes."""

    def find(page: Page, tag: str, **expected: object) -> dict[str, str]:
        selector = f'[data-vk-tag="{tag}"]'

        def read() -> dict[str, str] | None:
            if not page.locator(selector).count():
                return None
            data: dict[str, str] = page.locator(selector).evaluate("el => ({...el.dataset})")
            wanted = {name: str(value) for name, value in expected.items()}
            good = data.get("vkReady") == "1" and wanted.items() <= data.items()
            return data if good else None

        return wait_until(read, timeout=15, every=0.05)

    return find
