import pytest

from vizkit.errors import GraphFileError
from vizkit.importers import files
from vizkit.importers.files import File, given, reader
from vizkit.kinds.graph.graph import Graph


@reader("a thing")
def read_thing(file):
    if file.read() == b"recursion":
        raise RecursionError("too deep")
    if file.read() != b"good":
        raise ValueError("it is bad")
    return Graph(())


def test_a_path_and_bytes_are_the_same(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"good")

    assert read_thing(path) == read_thing(str(path)) == read_thing(b"good") == Graph(())


def test_what_is_wrong_names_the_file_the_form_and_what_to_do(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"bad")

    with pytest.raises(
        GraphFileError, match=r"'.*a' cannot be read as a thing: it is bad\. .*write"
    ):
        read_thing(path)


def test_an_error_of_a_parser_is_told_by_its_name():
    with pytest.raises(GraphFileError, match="RecursionError: too deep"):
        read_thing(b"recursion")


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(GraphFileError, match="does not exist"):
        given(tmp_path / "gone")
    with pytest.raises(GraphFileError, match="is a folder"):
        given(tmp_path)


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "huge"
    with path.open("wb") as opened:
        opened.truncate(files.MOST_BYTES + 1)  # sparse: nothing on disk

    with pytest.raises(GraphFileError, match=r"2,147,483,649 bytes, more than 2048 MiB"):
        read_thing(path)


def test_text_is_bounded_more_tightly():
    with pytest.raises(ValueError, match="more than 64 MiB"):
        File("x", None, bytes(files.MOST_TEXT + 1)).text()


def test_the_head():
    assert File("x", None, b"abcdef").head(3) == b"abc"
