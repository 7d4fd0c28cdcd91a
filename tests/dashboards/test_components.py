import pytest

from dashboards import components
from dashboards.components import Island
from dashboards.pages import PAGES


def test_each_component_names_the_script_class_that_fills_it():
    islands = [each for each in vars(components).values() if isinstance(each, type)]

    named = {each.__name__: each._type for each in islands if issubclass(each, Island)}

    assert all(name == type_ for name, type_ in named.items())


def test_a_script_registers_every_component(scripts):
    wanted = {each.component._type for each in PAGES} | {"Header", "Sidebar", "ReplayBar"}

    registered = {name for name in wanted if f"vk.register('{name}'" in scripts}

    assert registered == wanted


def test_an_island_travels_to_the_browser_with_its_page():
    island = components.Scalars(id="vk-page-scalars", page="scalars")

    assert island.to_plotly_json() == {
        "namespace": "vizkit",
        "type": "Scalars",
        "props": {"id": "vk-page-scalars", "page": "scalars"},
    }


def test_an_unknown_property_is_told_at_once():
    with pytest.raises(TypeError, match="colour"):
        components.Graph(id="graph", colour="red")
