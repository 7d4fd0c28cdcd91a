"""The house keeps its rules: twins, captions, and documents that are true."""

import re
import runpy
from pathlib import Path

import pytest

import vizkit
from vizkit.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
ROOMS = ("vizkit", "dashboards")
SOURCES = sorted(
    path.relative_to(ROOT)
    for room in ROOMS
    for path in (ROOT / room).rglob("*.py")
    if path.name != "__init__.py"
)
FOLDERS = sorted(path.parent.relative_to(ROOT) for path in ROOT.glob("[vd]*/**/__init__.py"))
DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "examples/*.md", "benchmarks/*.md")
    for path in ROOT.glob(pattern)
)

# Source files without a twin of their own name, and where their tests are: a page is tested as its
# reader meets it, in a browser. This list may only shrink.
EXEMPT = {
    f"dashboards/pages/{page}.py": f"tests/browser/test_{page}.py"
    for page in ("gradients", "graph", "overview", "runs", "scalars")
}


def twin(source: Path) -> Path:
    """Return where the tests of a source file are."""
    return Path("tests", source.parent, f"test_{source.stem.strip('_')}.py")


def caption(folder: Path) -> str:
    """Return the first line of a folder's docstring."""
    first = (ROOT / folder / "__init__.py").read_text().splitlines()[0]
    assert first.startswith('"""'), f"{folder} has no caption"
    return first.strip('"').rstrip(".")


def read(name: str) -> str:
    return (ROOT / name).read_text()


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_every_source_file_has_its_twin(source):
    if str(source) in EXEMPT:
        assert not (ROOT / twin(source)).exists(), "has a twin: take it off the list"
    else:
        assert (ROOT / twin(source)).exists(), f"{twin(source)} is missing"


def test_every_exempt_file_and_its_test_are_there():
    assert set(EXEMPT) <= set(map(str, SOURCES))
    assert all((ROOT / test).exists() for test in EXEMPT.values())


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_the_tree_shows_every_folder_with_its_caption(folder):
    line = rf"^ *{folder.name}/ +{re.escape(caption(folder).removeprefix('vizkit: '))}$"

    assert re.search(line, read("ARCHITECTURE.md"), re.MULTILINE)


def test_the_tree_shows_no_folder_that_is_gone():
    tree = read("ARCHITECTURE.md").split("## The tree")[1].split("```")[1]
    shown = re.findall(r"^ *(\w+)/ ", tree.split("\nexamples/")[0], re.MULTILINE)

    assert set(shown) - {"assets"} == {folder.name for folder in FOLDERS}


def test_the_architecture_is_read_in_two_pages():
    assert len(read("ARCHITECTURE.md").splitlines()) <= 110


def test_setting_up_is_exactly_two_commands():
    section = read("README.md").split("## Set up")[1].split("\n## ")[0]
    (block,) = re.findall(r"```bash\n(.*?)```", section, re.DOTALL)

    assert [line.split("#")[0].strip() for line in block.splitlines()] == ["make demo", "make test"]


@pytest.mark.parametrize("document", ["README.md", "CHANGELOG.md", "docs/cli.md"])
def test_every_command_is_documented(document):
    missing = [name for name in COMMANDS if f"vizkit {name}" not in read(document)]

    assert missing == []


def test_every_public_name_is_in_the_changelog():
    missing = [name for name in vizkit.__all__ if f"vizkit.{name}" not in read("CHANGELOG.md")]

    assert missing == []


def test_the_command_line_reference_is_in_step():
    reference = runpy.run_path(str(ROOT / "docs/cli_reference.py"))["reference"]

    assert read("docs/cli.md") == reference(), "run `make docs`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_leads_somewhere(document):
    text = read(str(document))
    links = re.findall(r"\]\(([^)#]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    targets = [a or b for a, b in links if not (a or b).startswith("http")]

    missing = [target for target in targets if not (ROOT / document.parent / target).exists()]

    assert missing == []


def test_every_make_target_has_a_caption():
    makefile = read("Makefile")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    captioned = re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)

    assert set(phony.split()) == set(captioned)


def test_left_overs_have_an_owner():
    pattern = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\()")
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]

    found = [str(path.relative_to(ROOT)) for path in files if pattern.search(path.read_text())]

    assert found == []
