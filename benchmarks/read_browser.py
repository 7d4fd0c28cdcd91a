"""What a reader waits for: first chart, zoom at 10 million points, filter, live charts.

Prints JSON lines, and a table at the end on the terminal. Times end when a real Chromium has
painted the frame. TensorBoard's page on the same files stands beside vizkit's where both show the
same.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from _browser import browsing
from _live_page import measure_hidden, measure_live
from _logs import Shape
from _pages import Figures, measure_long, measure_many, measure_theirs
from _report import emit
from _servers import end_servers_with_us
from _table import show_pages
from playwright.sync_api import Browser

LONG = Shape("1 run x 10 M", 1, 1, 10_000_000)
MANY = Shape("200 runs x 10 tags x 1,000", 200, 10, 1000)
QUICK_LONG = Shape("1 run x 100 k", 1, 1, 100_000)
QUICK_MANY = Shape("20 runs x 10 tags x 100", 20, 10, 100)


@dataclass(frozen=True)
class Scene:
    """What is measured, of which page."""

    name: str
    server: str
    measure: Callable[[Browser], Figures]


def scenes(quick: bool, rounds: int) -> Iterator[Scene]:
    """Give all scenes."""
    long, many = (QUICK_LONG, QUICK_MANY) if quick else (LONG, MANY)
    points, pause_s = (20, 3.0) if quick else (200, 10.0)
    yield Scene(long.name, "vizkit", lambda browser: measure_long(browser, long, rounds))
    yield Scene(long.name, "tensorboard", lambda browser: measure_theirs(browser, long, rounds))
    yield Scene(many.name, "vizkit", lambda browser: measure_many(browser, many, rounds))
    yield Scene(many.name, "tensorboard", lambda browser: measure_theirs(browser, many, rounds))
    for tall in (False, True):
        name = f"live, {'all charts' if tall else 'a windowful'} in view"
        yield Scene(name, "vizkit", lambda browser, tall=tall: measure_live(browser, tall, points))
    yield Scene("hidden tab", "vizkit", lambda browser: measure_hidden(pause_s))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small logs, about a minute")
    parser.add_argument("--only", metavar="NAME", help="scenes that have this in their name")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    end_servers_with_us()
    random.seed(0)
    chosen = list(scenes(options.quick, 1 if options.quick else options.rounds))
    rows: list[Figures] = []
    for scene in chosen:
        if options.only and options.only not in scene.name:
            continue
        with browsing() as browser:
            figures = scene.measure(browser)
        rows.append({"scene": scene.name, "server": scene.server, **figures})
        emit("read_browser", **rows[-1])
    show_pages(rows)


if __name__ == "__main__":
    main()
