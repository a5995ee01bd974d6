"""The plant of the demo: what its engineers commit."""

from __future__ import annotations

import json
from typing import Final

PROJECT: Final = "projects/packaging"
VIEW: Final = f"{PROJECT}/com.inductiveautomation.perspective/views/Overview"
PUMP: Final = f"{PROJECT}/com.inductiveautomation.perspective/views/Pumps/Pump"
SCRIPT: Final = f"{PROJECT}/ignition/script-python/plant/units"

PROFILE: Final = {
    "mappings": [
        {"source": "projects", "destination": "projects"},
        {
            "source": "shared/greeting",
            "destination": f"{PROJECT}/ignition/script-python/plant/greeting",
            "template": True,
        },
        {"source": "tags", "destination": "config/resources/core/ignition/tag-definition"},
    ],
    "vars": {"site": "Graz"},
    "driftAction": "report",
}


def first_commit() -> dict[str, str]:
    """A project with two views and two scripts, and some tags."""
    return {
        f"{PROJECT}/project.json": _json(
            {"title": "Packaging", "enabled": True, "inheritable": False, "parent": ""}
        ),
        **_resource(VIEW, "view.json", view("Packaging line 4")),
        **_resource(PUMP, "view.json", view("Pump")),
        **_resource(SCRIPT, "code.py", "def celsius(kelvin):\n    return kelvin - 273.15\n"),
        "shared/greeting/code.py": "GATEWAY = '{{.GatewayName}}'\nSITE = '{{.Vars.site}}'\n",
        "shared/greeting/resource.json": _json(_document("code.py")),
        "tags/default/Tank1/unary-resource.json": _json(_document("tags.json")),
        "tags/default/Tank1/tags.json": _json(
            {"name": "Level", "tagType": "AtomicTag", "dataType": "Float8", "value": 0}
        ),
    }


def view(title: str) -> str:
    """A Perspective view with one label."""
    return _json(
        {
            "custom": {},
            "params": {},
            "props": {"defaultSize": {"height": 600, "width": 800}},
            "root": {
                "children": [
                    {
                        "meta": {"name": "Title"},
                        "props": {"text": title},
                        "type": "ia.display.label",
                    }
                ],
                "meta": {"name": "root"},
                "type": "ia.container.flex",
            },
        }
    )


BROKEN_VIEW: Final = '{"root": {"children": [ {"meta": {"name": "Title"}'
"""Half a file, as a merge that went wrong leaves one."""


def _resource(folder: str, name: str, content: str) -> dict[str, str]:
    return {f"{folder}/{name}": content, f"{folder}/resource.json": _json(_document(name))}


def _document(name: str) -> dict[str, object]:
    return {
        "scope": "G",
        "version": 1,
        "restricted": False,
        "overridable": True,
        "files": [name],
        "attributes": {},
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"
