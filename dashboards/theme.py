"""The few looks that Mantine must know; every other colour is a CSS token in assets/css."""

from __future__ import annotations

from typing import Any

FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", '
    '"Liberation Sans", Arial, sans-serif'
)
MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace'

HEADER_HEIGHT = 44
FOOTER_HEIGHT = 40
SIDEBAR_WIDTH = 264

THEME: dict[str, Any] = {
    "primaryColor": "indigo",
    "fontFamily": FONT,
    "fontFamilyMonospace": MONO,
    "defaultRadius": 6,
    "respectReducedMotion": True,
}
