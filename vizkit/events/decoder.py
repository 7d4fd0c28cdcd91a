"""A process that decodes event files, as its parent sees it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from vizkit.events.messages import Explore, Message, receive, send

HELD = 48 << 20
"""Bytes of messages that wait to be taken before the process has to wait."""

DEBUG_VARIABLE = "VIZKIT_DEBUG"

_PACKAGE = Path(__file__).resolve().parents[1]
# The package's own __init__ would load the writing half: a bare module in its place does not.
_BOOT = """
import sys
own, *sys.path = sys.argv[3:]
import types
sys.modules["vizkit"] = package = types.ModuleType("vizkit")
package.__path__ = [own]
from vizkit.events.worker import main
main()
"""


class Decoder:
    """A decoding process that runs until `close`, or until this process ends.

    notify: called in a thread of its own when there is something to `take`, or the process ended.
    """

    def __init__(self, notify: Callable[[], None] = lambda: None) -> None:
        """Start the process.

        Raises:
            OSError: if that cannot be done here.
        """
        self.notify = notify
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._process = _spawn(theirs.fileno())
        self._inbox: deque[tuple[Message, int]] = deque()
        self._held = 0
        self._room = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._listen, name="vizkit-decoder", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Tell whether the process is gone and everything it sent was taken."""
        return self._ended and not self._inbox

    def tell(self, message: Message) -> bool:
        """Send a message; False if the process is gone."""
        try:
            send(self._connection, message)
        except OSError:
            return False
        return True

    def take(self) -> Message | None:
        """Return the next message from the process, or None if there is none yet."""
        with self._room:
            if not self._inbox:
                return None
            message, size = self._inbox.popleft()
            self._held -= size
            self._room.notify()
        return message

    def close(self) -> None:
        """End the process; what it sent and was not taken is dropped."""
        with self._room:
            self._ended = True
            self._inbox.clear()
            self._held = 0
            self._room.notify()
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._process.kill()
        self._process.wait()
        if self._thread is not threading.current_thread():
            self._thread.join()
        self._connection.close()

    def _listen(self) -> None:
        try:
            while not self._ended and (received := receive(self._connection)) is not None:
                self._put(*received)
        finally:
            self._ended = True
            self.notify()

    def _put(self, message: Message, size: int) -> None:
        with self._room:
            while self._held > HELD and not self._ended:
                self._room.wait()
            self._inbox.append((message, size))
            self._held += size
        self.notify()


def _spawn(connection: int) -> subprocess.Popen[bytes]:
    """Start the process; `connection` is the number of its socket.

    It is given this process's paths, so that it finds the same packages however this one found
    them, and nothing that happens to lie in the working folder.
    """
    paths = [os.path.abspath(path) for path in sys.path if path]
    about = [str(connection), str(os.getpid()), str(_PACKAGE), *paths]
    return subprocess.Popen(
        [sys.executable, "-S", "-c", _BOOT, *about],
        pass_fds=(connection,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=None if os.environ.get(DEBUG_VARIABLE, "") not in ("", "0") else subprocess.DEVNULL,
        start_new_session=True,
    )


_early: dict[Path, Decoder] = {}
_early_lock = threading.Lock()


def start_early(logdir: Path) -> None:
    """Begin to read a LOGDIR that has no index and will be followed soon; fails silently."""
    with suppress(OSError, ValueError):
        decoder = Decoder()
        decoder.tell(Explore(str(logdir.resolve())))
        with _early_lock:
            _early[logdir.resolve()] = decoder


def adopt(logdir: Path) -> Decoder | None:
    """Return the process that was started for a LOGDIR, once; those for others are ended."""
    with _early_lock:
        found = _early.pop(logdir.resolve(), None)
        others = list(_early.values())
        _early.clear()
    for decoder in others:
        decoder.close()
    return found
