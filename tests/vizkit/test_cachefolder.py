import subprocess
import sys
from pathlib import Path

from vizkit.cachefolder import cache_folder, index_file


def test_one_logdir_has_one_file_however_it_is_named(tmp_path, monkeypatch):
    (tmp_path / "runs").mkdir()
    (tmp_path / "link").symlink_to("runs")
    monkeypatch.chdir(tmp_path)

    assert index_file(tmp_path / "link") == index_file(Path("runs")) != index_file(tmp_path)


def test_the_variable_names_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIZKIT_CACHE", str(tmp_path))

    assert cache_folder() == tmp_path
    assert index_file(Path("runs")).parent == tmp_path / "index"


def test_without_the_variable_it_is_the_users_cache(monkeypatch):
    monkeypatch.delenv("VIZKIT_CACHE")

    assert cache_folder().name == "vizkit"


def test_it_is_known_before_a_database_is_loaded():
    code = "import sys, vizkit.cachefolder; sys.exit('sqlalchemy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
