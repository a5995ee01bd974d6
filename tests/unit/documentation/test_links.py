"""Every link of the documentation leads somewhere, anchors included.

Broken on purpose, and seen to fail: a page that is not there, and a heading that is called
otherwise.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support.pages import anchors, links, pages, shown

_OUTSIDE = ("http://", "https://", "mailto:")


@pytest.mark.parametrize("page", pages(), ids=shown)
def test_every_link_leads_somewhere(page: Path) -> None:
    wrong = []
    for line, link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if link.startswith(_OUTSIDE):
            continue
        if not target.exists():
            wrong.append(f"{shown(page)}:{line}: {link} is not there")
        elif anchor and anchor not in anchors(target):
            wrong.append(f"{shown(page)}:{line}: {link} has no such heading")
    assert not wrong, "\n".join(wrong)


def test_links_in_code_are_none() -> None:
    text = "`[a](b.md)` and [c](d.md#e)\n```text\n[f](g.md)\n```\n"
    assert [link for _, link in links(Path("page.md"), text)] == ["d.md#e"]


def test_anchors_are_those_of_the_headings() -> None:
    text = "# One `two`\n## A, b & c\n## A, b & c\n```text\n# no\n```\n"
    assert anchors(Path("page.md"), text) == {"one-two", "a-b-c", "a-b-c_1"}
