"""Fuzzes both template engines: whatever the bytes, only a `StokerError` comes out, and soon."""

from __future__ import annotations

import time

from stoker.core.errors import StokerError
from stoker.core.template import (
    Limits,
    TemplateContext,
    TemplateEngine,
    parse_template,
    references,
    render_with,
)

CONTEXT = TemplateContext(
    gateway_name="gw",
    pod_name="gw-0",
    pod_ordinal=0,
    namespace="default",
    ref="main",
    commit="0123456789abcdef",
    cr_name="cr",
    labels={"app": "gw"},
    vars={"site": "a", "port": "8088"},
)
LIMITS = Limits(steps=100_000, output=1_000_000, work=2_000_000, words=50_000, depth=10_000)
SECONDS = 5.0


def one_input(data: bytes) -> None:
    """The first bit chooses the engine, the rest is the template."""
    engine = TemplateEngine.JINJA2 if data[:1] and data[0] & 1 else TemplateEngine.GO
    text = data[1:].decode("utf-8", "surrogateescape")
    start = time.monotonic()
    try:
        render_with(engine, text, CONTEXT, limits=LIMITS)
        if engine is TemplateEngine.GO:
            template = parse_template(text, limits=LIMITS)
            references(template)
            assert str(parse_template(str(template))) == str(template)
    except StokerError:
        pass
    assert time.monotonic() - start < SECONDS, "the time is not bounded"
