"""The fake's own controls, below `/_fake/`, and the page that shows what it has loaded.

They need no token, and answer in every phase in which the gateway's port is open; a control port
of its own answers always.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stoker.core.errors import StokerError
from stoker.testing.gateway import picture, switches
from stoker.testing.gateway.http1 import Exchange
from stoker.testing.gateway.messages import Request, Response, json_response, page_response
from stoker.testing.gateway.startup import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stoker.testing.gateway.fake import FakeGateway

ROOT: Final = "/_fake"
_LONGEST_WAIT: Final = 25.0
_PAGES: Final = frozenset({"/", f"{ROOT}/", ROOT})
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
)


def is_control(request: Request, phase: Phase) -> bool:
    """Whether a request is for the fake, and not for the gateway that it plays."""
    if request.path == "/" and phase in {Phase.RUNNING, Phase.FAULTED}:
        return True
    return request.control or request.path == ROOT or request.path.startswith(f"{ROOT}/")


def answer_control(gateway: FakeGateway, request: Request) -> Exchange:
    """Carry out what a request for the fake asks for."""
    try:
        return _answered(gateway, request)
    except StokerError as error:
        return Exchange(json_response({"message": str(error)}, 400))


def _answered(gateway: FakeGateway, request: Request) -> Exchange:
    name = request.path.removeprefix(ROOT).strip("/")
    match request.method, name:
        case "GET", "" if request.path in _PAGES:
            headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
            return Exchange(Response(200, _page(), headers=headers))
        case "GET", _:
            return Exchange(_shown(gateway, request, name))
        case "POST", "restart":
            return Exchange(json_response({}), then=gateway.restart)
        case "DELETE", "script":
            gateway.clear_script()
            return Exchange(json_response({}))
        case "POST", _:
            return Exchange(_told(gateway, name, _content(request)))
        case _:
            return Exchange(page_response(405, "This is not done here."))


@cache
def _page() -> bytes:
    return Path(__file__).with_name("page.html").read_bytes()


def _content(request: Request) -> object:
    try:
        return json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        return None


def _shown(gateway: FakeGateway, request: Request, name: str) -> Response:
    match name:
        case "state":
            return _state(gateway, request)
        case "loaded":
            return json_response(picture.everything(gateway.loaded))
        case "log":
            return json_response({"items": [line.as_json() for line in gateway.log]})
        case "requests":
            return json_response({"items": [picture.received(one) for one in gateway.requests]})
        case "settings":
            return json_response(picture.switches(gateway.settings))
        case _:
            return page_response(404, "The fake has no such control.")


def _state(gateway: FakeGateway, request: Request) -> Response:
    engine = gateway.engine
    after = request.number("after", -1)
    with engine.changed:
        engine.catch_up()
        if "after" in request.query:
            engine.wait(lambda: engine.revision != after, _LONGEST_WAIT)
        shown = picture.picture(engine.model, engine.revision)
    return json_response(shown)


def _told(gateway: FakeGateway, name: str, content: object) -> Response:
    if name == "script":
        steps = content if isinstance(content, list) else [content]
        gateway.script(*map(switches.step, steps))
        return json_response({})
    if name == "designers":
        gateway.open_designers(*switches.designers(content))
        return json_response({})
    if not isinstance(content, dict):
        return json_response({"message": "the body has to be a JSON object"}, 400)
    return _told_values(gateway, name, content)


def _told_values(gateway: FakeGateway, name: str, values: Mapping[str, object]) -> Response:
    match name:
        case "settings":
            gateway.change(**switches.settings(values))
        case "save":
            content = switches.text_of(values, "content").encode()
            in_place = values.get("in_place") is True
            gateway.save(switches.text_of(values, "path"), content, in_place=in_place)
        case "scan":
            gateway.scan(switches.scan_kind(values))
        case "lock":
            holder = switches.text_of(values, "holder", "somebody else")
            seconds = switches.seconds_of(values, "seconds", 60.0)
            taken = gateway.hold_lock(switches.scan_kind(values), seconds, holder)
            return json_response({"taken": taken})
        case "unlock":
            gateway.release_lock(switches.scan_kind(values))
        case "commission":
            gateway.commission()
        case _:
            return page_response(404, "The fake has no such control.")
    return json_response({})
