import io
import zipfile

import pytest

from vizkit.importers import archive
from vizkit.importers.archive import opened
from vizkit.importers.files import File


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return File("x", None, buffer.getvalue())


def test_members_are_found_and_read():
    with opened(zipped(abc=b"1", abd=b"2")) as found:
        assert found.read(found.find("d$")) == b"2"
        assert found.find("nothing") == ""


def test_a_bomb_stops_at_its_bound():
    with (
        opened(zipped(bomb=bytes(4 << 20))) as found,
        pytest.raises(ValueError, match="unpacks to"),
    ):
        found.read("bomb", 1 << 20)


def test_a_member_that_lies_about_its_size_stops_too():
    file = zipped(bomb=bytes(4 << 20))
    content = bytearray(file.content)
    at = content.rfind(b"PK\x01\x02") + 24  # the size in the directory
    content[at : at + 4] = (10).to_bytes(4, "little")

    with (
        opened(File("x", None, bytes(content))) as found,
        pytest.raises((ValueError, zipfile.BadZipFile)),
    ):
        found.read("bomb", 1 << 20)


def test_too_many_members(monkeypatch):
    monkeypatch.setattr(archive, "MOST_MEMBERS", 1)

    with pytest.raises(ValueError, match="2 members"), opened(zipped(a=b"", b=b"")):
        pass


def test_what_is_no_zip():
    with pytest.raises(zipfile.BadZipFile), opened(File("x", None, b"PK\x03\x04 nothing")):
        pass
