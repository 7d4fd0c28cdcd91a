"""The demo's training, which notes outside vizkit when each step had been logged.

Usage: python noted_demo.py LOGDIR NOTES. Each note is 16 bytes: step (int64), seconds (float64).
"""

import struct
import sys
import time
from pathlib import Path

from vizkit.demo.training import Plan, Progress, prepare

NOTE = struct.Struct("<qd")
EPOCHS = 400


def main(logdir: str, notes: str) -> None:
    training = prepare(Plan(Path(logdir), epochs=EPOCHS))
    with open(notes, "ab", buffering=0) as file:

        def note(now: Progress) -> None:
            file.write(NOTE.pack(now.step - 1, time.time()))

        training.run(note)


if __name__ == "__main__":
    main(*sys.argv[1:])
