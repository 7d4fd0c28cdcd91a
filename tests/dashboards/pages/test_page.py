from dashboards.components import Island
from dashboards.pages import PAGES


def test_every_page_has_an_address_of_its_own():
    assert len({page.path for page in PAGES}) == len({page.key for page in PAGES}) == len(PAGES)
    assert PAGES[0].path == "/"


def test_a_page_is_an_island():
    assert all(issubclass(page.component, Island) for page in PAGES)
