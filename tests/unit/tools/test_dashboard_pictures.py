"""How the pictures of dashboards are drawn: numbers, axes, and every panel that there is.

What Prometheus answers is made up here; `tests/kind/picture_dashboards.py` asks a real one.

Broken on purpose, and seen to fail: an axis of quarters where only whole numbers are, values that
are no numbers, a kind of panel that nobody draws.
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

ROOT: Final = Path(__file__).resolve().parents[3]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.dashboard_pictures.__main__ import FOLDER, draw  # noqa: E402 - only now on the path
from tools.dashboard_pictures.asking import Range, Shape  # noqa: E402 - as above
from tools.dashboard_pictures.texts import cut, shown, ticks, width  # noqa: E402 - as above

NUMBERS: Final = [
    (0.0, Shape("s"), "0"),
    (0.25, Shape("s"), "250 ms"),
    (90.0, Shape("s"), "1.5 min"),
    (7_776_000.0, Shape("s"), "90 d"),
    (36_700_160.0, Shape("bytes"), "35 MiB"),
    (0.6667, Shape("percentunit"), "66.7%"),
    (1.234, Shape("reqps"), "1.23 req/s"),
    (12_500.0, Shape(), "12.5 K"),
    (3.0, Shape(decimals=0), "3"),
    (2.0, Shape(words={2.0: ("Error", "#f00")}), "Error"),
]


@pytest.mark.parametrize(("value", "shape", "text"), NUMBERS)
def test_numbers_are_written_as_people_read_them(value: float, shape: Shape, text: str) -> None:
    assert shown(value, shape) == text


@example(low=0.0, more=1.0, unit="", whole=True)
@given(
    low=st.floats(0, 1e6), more=st.floats(1e-3, 1e6), unit=st.sampled_from(["", "s", "bytes"]),
    whole=st.booleans(),
)  # fmt: skip
def test_an_axis_holds_all_values_with_a_few_different_marks(
    low: float, more: float, unit: str, *, whole: bool
) -> None:
    shape = Shape(unit, decimals=0 if whole and not unit else None)
    marks = ticks(low, low + more, shape)
    assert marks[0] <= low + 1e-6 * more
    assert marks[-1] >= low + more - 1e-6 * more
    assert 2 <= len(marks) <= 7
    least = 1 if shape.decimals == 0 else 1e-12
    assert all(b - a >= least for a, b in pairwise(marks))


@given(text=st.text(max_size=60), room=st.floats(20, 400))
def test_a_text_that_is_cut_fits(text: str, room: float) -> None:
    kept = cut(text, 11, room)
    assert kept == text or (kept.endswith("…") and width(kept, 11) <= room)


class Answers(BaseHTTPRequestHandler):
    """A Prometheus that has two series for everything."""

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        assert "$" not in query["query"]
        body = json.dumps({"data": {"result": [series(query, at) for at in range(2)]}}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def series(query: dict[str, str], number: int) -> dict[str, Any]:
    labels = {
        "namespace": "plant",
        "name": f"line-{number}",
        "gateway": f"<gw-{number}>",
        "state": str(number),
    }
    if "time" in query:
        return {"metric": labels, "value": [float(query["time"]), str(number)]}
    begin, step = float(query["start"]), float(query["step"])
    points = [[begin + at * step, "NaN" if at == 3 else str(number + at % 3)] for at in range(9)]
    return {"metric": labels, "values": points}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_every_panel_is_drawn(url: str, tmp_path: Path) -> None:
    drawn = draw(
        url, Range(1_000_000.0, 1_000_600.0), {"namespace": "plant", "name": "line-1"}, tmp_path
    )
    assert [path.name for path in drawn] == ["dashboard-fleet.svg", "dashboard-gatewaysync.svg"]
    for path, source in zip(drawn, sorted(FOLDER.glob("*.json")), strict=True):
        tree = ET.parse(path)  # noqa: S314 - it was written a moment ago
        said = {one.text or "" for one in tree.iter() if one.tag.endswith("text")}
        for panel in json.loads(source.read_text())["panels"]:
            assert any(panel["title"] in text for text in said), panel["title"]
        assert "No data" not in said
