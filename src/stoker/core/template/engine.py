"""The choice between template engines, by the name that a mapping gives."""

from __future__ import annotations

from enum import Enum


class TemplateEngine(Enum):
    """The engines that files can be rendered with."""

    GO = "go"
    JINJA2 = "jinja2"
