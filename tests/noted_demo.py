"""The demo's training, which notes outside vizkit when each step had been logged.

Usage: python -m tests.noted_demo LOGDIR NOTES. A note is 16 bytes: step (int64) and time (float64,
seconds). A thread that does nothing else notes PULSE each 10 ms: the gaps between its notes are
what the machine kept this process, and so its writer thread, waiting.
"""

import struct
import sys
import threading
import time
from pathlib import Path

from vizkit.demo.training import Plan, Progress, prepare

NOTE = struct.Struct("<qd")
PULSE, PULSE_SECONDS = -1, 0.01
EPOCHS = 400


def main(logdir: str, notes: str) -> None:
    training = prepare(Plan(Path(logdir), epochs=EPOCHS))
    with open(notes, "ab", buffering=0) as file:

        def pulse() -> None:
            while True:
                file.write(NOTE.pack(PULSE, time.time()))
                time.sleep(PULSE_SECONDS)

        def note(now: Progress) -> None:
            file.write(NOTE.pack(now.step - 1, time.time()))

        threading.Thread(target=pulse, daemon=True).start()
        training.run(note)


if __name__ == "__main__":
    main(*sys.argv[1:])
