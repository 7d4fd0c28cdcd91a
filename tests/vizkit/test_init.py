import subprocess
import sys

import vizkit


def test_the_front_door_is_sorted_and_everything_behind_it_is_there():
    assert vizkit.__all__ == [
        "Graph", "Run", "Vector", "__version__", "fusion", "open_logdir", "watch",
    ]  # fmt: skip
    assert all(getattr(vizkit, name).__doc__ for name in vizkit.__all__)


def test_importing_vizkit_loads_neither_torch_nor_dash_nor_a_database():
    code = (
        "import sys, vizkit;"
        "heavy = {'torch', 'dash', 'plotly', 'sqlalchemy', 'fastapi', 'tensorflow'};"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_run_of_plain_numbers_never_loads_torch(tmp_path):
    code = (
        "import sys, vizkit\n"
        "with vizkit.Run(sys.argv[1], config={'lr': 0.1}) as run: run.log({'loss': 1.0})\n"
        "assert 'torch' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", code, tmp_path / "run"], check=True)
