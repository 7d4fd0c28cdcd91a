from configparser import ConfigParser
from pathlib import Path

import vizkit
from vizkit import version


def test_the_version_is_written_in_one_place():
    setup = ConfigParser(interpolation=None)
    setup.read(Path(vizkit.__file__).parents[1] / "setup.cfg")

    assert vizkit.__version__ == version.__version__
    assert setup["metadata"]["version"] == "attr: vizkit.version.__version__"
