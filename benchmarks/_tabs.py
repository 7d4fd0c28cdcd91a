"""Tabs that can be hidden: Playwright keeps every page visible, so this speaks CDP itself."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil
from _browser import chromium
from playwright.sync_api import sync_playwright
from websockets.sync.client import connect

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run")


class Tabs:
    """A window with tabs; opening another one hides the one before."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        flags = [*FLAGS, f"--user-data-dir={self._folder.name}", "--remote-debugging-port=0"]
        command = [chromium() or _of_playwright(), *flags, "about:blank"]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        said = (line for line in self._process.stderr if "DevTools listening" in line)
        self._socket = connect(next(said).split()[-1], max_size=None).__enter__()
        self._asked = 0

    def open(self, url: str) -> str:
        """Open a tab in front of the others; return what `ask` knows it by."""
        target = self._call("Target.createTarget", url=url)["targetId"]
        told = self._call("Target.attachToTarget", targetId=target, flatten=True)
        return str(told["sessionId"])

    def ask(self, tab: str, expression: str) -> Any:
        """Evaluate JavaScript in a tab."""
        told = self._call("Runtime.evaluate", tab, expression=expression, returnByValue=True)
        return told["result"].get("value")

    def renderer(self) -> psutil.Process:
        """Return the process of the tab that holds most."""
        told = self._call("SystemInfo.getProcessInfo")["processInfo"]
        found = [psutil.Process(one["id"]) for one in told if one["type"] == "renderer"]
        return max(found, key=lambda process: process.memory_info().rss)

    def __enter__(self) -> Tabs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._call("Browser.close")
        self._socket.__exit__(kind, error, trace)
        self._process.wait(10)
        self._folder.cleanup()

    def _call(self, method: str, tab: str | None = None, **parameters: object) -> dict[str, Any]:
        self._asked += 1
        message = {"id": self._asked, "method": method, "params": parameters}
        self._socket.send(json.dumps(message | ({"sessionId": tab} if tab else {})))
        while True:
            answer = json.loads(self._socket.recv(timeout=60))
            if answer.get("id") == self._asked:
                return dict(answer["result"])


def _of_playwright() -> str:
    with sync_playwright() as playwright:
        return str(Path(playwright.chromium.executable_path))
