import json

from dashboards.components import Header, ReplayBar, Sidebar
from dashboards.pages import PAGES
from dashboards.shell import layout


def parts(component) -> dict:
    """Return every component with an id below this one."""
    return {each.id: each for each in component._traverse() if getattr(each, "id", None)}


def test_the_shell_has_header_runs_and_replay_bar():
    found = parts(layout())

    assert isinstance(found["vk-header"], Header)
    assert isinstance(found["vk-sidebar"], Sidebar)
    assert isinstance(found["vk-replay"], ReplayBar)


def test_every_page_is_in_the_layout_from_the_start():
    found = parts(layout())

    assert [type(found[f"vk-page-{page.key}"]) for page in PAGES] == [
        page.component for page in PAGES
    ]


def test_the_router_reads_the_tabs_from_the_document():
    tabs = json.loads(parts(layout())["vk-pages"].to_plotly_json()["props"]["data-vk-pages"])

    assert tabs == [[page.key, page.path, page.title] for page in PAGES]
