"""Overview: is it healthy?"""

from __future__ import annotations

from ..components import Overview
from .page import Page

PAGE = Page(key="overview", path="/", title="Overview", component=Overview)
