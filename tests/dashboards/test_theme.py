import re

from dashboards.theme import FONT, FOOTER_HEIGHT, HEADER_HEIGHT, THEME


def test_mantine_writes_in_the_font_of_the_style_sheets(styles):
    (token,) = re.findall(r"--vk-font:\s*([^;]+);", styles)

    assert re.findall(r"[\w-]+", token) == re.findall(r"[\w-]+", FONT)


def test_nothing_moves_for_who_asked_for_less_motion(styles):
    assert THEME["respectReducedMotion"]
    assert "prefers-reduced-motion" in styles


def test_header_and_replay_bar_leave_the_page_its_room():
    assert HEADER_HEIGHT + FOOTER_HEIGHT < 100
