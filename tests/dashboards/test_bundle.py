from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dashboards.bundle import join_scripts, join_styles


@pytest.fixture
def scripts(tmp_path: Path) -> list[Path]:
    (tmp_path / "1.js").write_text("(function () {\n  let a;\n})()\n")
    (tmp_path / "2.js").write_text("(function () {\n  throw new Error('b');\n})();")
    return [tmp_path / "1.js", tmp_path / "2.js"]


def test_scripts_are_joined_in_their_order_and_end_their_statements(scripts: list[Path]) -> None:
    text = join_scripts(scripts).content.decode()

    assert re.search(r"\}\)\(\)\s*;\s*\(function \(\) \{\s*throw", text)


def test_the_name_is_that_of_the_content(scripts: list[Path]) -> None:
    before = join_scripts(scripts).name
    scripts[0].write_text("let other;")

    assert join_scripts(scripts).name != before
    assert re.fullmatch(r"vizkit-[0-9a-f]{16}\.js", before)


def test_the_map_leads_each_line_to_its_file(scripts: list[Path]) -> None:
    bundle = join_scripts(scripts)

    sections = json.loads(bundle.map)["sections"]
    lines = bundle.content.decode().split("\n")
    assert f"sourceMappingURL={bundle.map_name}" in lines[-2]
    assert [each["map"]["sources"] for each in sections] == [["1.js"], ["2.js"]]
    for each in sections:
        first = each["offset"]["line"]
        source = each["map"]["sourcesContent"][0].split("\n")
        count = len(each["map"]["mappings"].split(";"))
        assert lines[first : first + count] == source[:count]
    assert lines[sections[1]["offset"]["line"] + 1] == "  throw new Error('b');"


def test_style_sheets_are_joined_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "1.css").write_text("a { color: red }")
    (tmp_path / "2.css").write_text("a { color: blue }")

    bundle = join_styles([tmp_path / "1.css", tmp_path / "2.css"])

    assert bundle.content == b"a { color: red }\na { color: blue }"
    assert bundle.name.endswith(".css")
