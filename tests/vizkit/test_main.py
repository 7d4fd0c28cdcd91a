"""`python -m vizkit` is the command line."""

import subprocess
import sys


def test_python_m_vizkit_is_the_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "vizkit", "--version"], capture_output=True, text=True, timeout=60
    )

    assert done.stdout.startswith("vizkit ")
    assert done.returncode == 0
