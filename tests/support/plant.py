"""A small plant as it might stand in a repository: before and after a change, and their plan."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from typing import Any

from stoker.core.manifest import Entry, Manifest, Mode, Observed, digest_of
from stoker.core.paths import RelPath
from stoker.core.planning import Kept, KeptReason, Plan, Policy, plan
from stoker.core.planning.policy import Root
from stoker.core.spec import PruneMode

Files = Mapping[str, bytes]

_IA = "projects/plant-a/com.inductiveautomation.perspective"
_SCRIPTS = "projects/plant-a/ignition/script-python"
_TAGS = "config/resources/core/ignition/tag-definition/default/Plant/Tank1"
_CONFIG = "config/resources/core"


def dumped(value: Any) -> bytes:
    """JSON as a Designer writes it."""
    return json.dumps(value, indent=2).encode()


def stamped(day: int, *files: str) -> bytes:
    """A `resource.json` that somebody saved on that day."""
    return dumped(
        {
            "scope": "G",
            "version": 1,
            "restricted": False,
            "overridable": True,
            "files": list(files),
            "attributes": {
                "lastModification": {"actor": "anna", "timestamp": f"2025-03-{day:02}T09:30:00Z"},
                "lastModificationSignature": f"{day:064x}",
            },
        }
    )


def png(width: int, height: int, filling: int = 40) -> bytes:
    """The beginning of a PNG image, and something behind it."""
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return head + bytes(filling)


def component(name: str, kind: str, **props: Any) -> dict[str, Any]:
    """A component of a Perspective view."""
    return {
        "meta": {"name": name},
        "position": {"grow": 1},
        "props": props,
        "type": f"ia.display.{kind}",
    }


def view(*children: dict[str, Any], **params: Any) -> bytes:
    """A Perspective view."""
    root = {
        "children": list(children),
        "meta": {"name": "root"},
        "props": {"direction": "column"},
        "type": "ia.container.flex",
    }
    return dumped({"custom": {}, "params": params, "props": {}, "root": root})


def tag(name: str, value: Any = None, **members: Any) -> dict[str, Any]:
    """A tag of the kind that reads an OPC item."""
    said = {} if value is None else {"value": value}
    return {"name": name, "tagType": "AtomicTag", "valueSource": "opc", **said, **members}


_CLICK_BEFORE = """\
\tlevel = system.tag.readBlocking(["[default]Plant/Tank1/Level"])[0].value
\tif level > 80:
\t\tsystem.perspective.openPopup("tank", "Popups/Tank")
"""
_CLICK_AFTER = """\
\tlevel = system.tag.readBlocking(["[default]Plant/Tank1/Level"])[0].value
\tif level > self.view.params.limit:
\t\tsystem.perspective.openPopup("tank", "Popups/Tank")
\t\tplant.alarms.acknowledge("Tank1", level)
"""
_ALARMS_BEFORE = """\
from java.util import Date

LIMIT = 80


def acknowledge(tank, level):
    \"\"\"Acknowledge the alarms of a tank.\"\"\"
    events = system.alarm.queryStatus(source=["*%s*" % tank])
    ids = [event.getId() for event in events]
    system.alarm.acknowledge(ids, "by script")


def is_high(level):
    return level > LIMIT
"""
_ALARMS_AFTER = _ALARMS_BEFORE.replace("LIMIT = 80", "LIMIT = 85").replace(
    '    system.alarm.acknowledge(ids, "by script")\n',
    '    logger = system.util.getLogger("plant.alarms")\n'
    '    logger.infof("%d alarms of %s acknowledged at %s", len(ids), tank, Date())\n'
    '    system.alarm.acknowledge(ids, "level %s" % level)\n',
)


def _clicking(script: str) -> dict[str, Any]:
    button = component("Acknowledge", "button", text="Acknowledge")
    config = {"config": {"script": script}, "scope": "G", "type": "script"}
    return {**button, "events": {"component": {"onActionPerformed": config}}}


def _database(host: str, ciphertext: str, pool: int) -> bytes:
    secret = {"data": {"ciphertext": ciphertext, "protected": "eyJhbGciOiJkaXIifQ"}}
    return dumped(
        {
            "driver": "PostgreSQL",
            "connectURL": f"jdbc:postgresql://{host}:5432/historian?user=x&password=hunter2{pool}",
            "username": "ignition",
            "password": {**secret, "type": "Embedded"},
            "poolMaxActive": pool,
        }
    )


BEFORE: Files = {
    f"{_IA}/views/Overview/Tank/view.json": view(
        component("Title", "label", text="Tank 1"),
        component("TankLevel", "led-display", value=10, fontSize=24),
        _clicking(_CLICK_BEFORE),
        limit=80,
    ),
    f"{_IA}/views/Overview/Tank/resource.json": stamped(3, "view.json", "thumbnail.png"),
    f"{_IA}/views/Overview/Tank/thumbnail.png": png(200, 120),
    f"{_IA}/views/Overview/Mixer/view.json": view(component("Speed", "gauge", value=0)),
    f"{_IA}/views/Overview/Mixer/resource.json": stamped(3, "view.json"),
    f"{_IA}/views/Old/Trend/view.json": view(),
    f"{_IA}/views/Old/Trend/resource.json": stamped(1, "view.json"),
    f"{_IA}/style-classes/Card/style.json": b'{"base":{"style":{"padding":8}}}',
    f"{_IA}/style-classes/Card/resource.json": stamped(1, "style.json"),
    f"{_SCRIPTS}/plant/alarms/code.py": _ALARMS_BEFORE.encode(),
    f"{_SCRIPTS}/plant/alarms/resource.json": stamped(2, "code.py"),
    "projects/plant-a/project.json": dumped(
        {"title": "Plant A", "enabled": True, "inheritable": False, "parent": "base"}
    ),
    "projects/base/ignition/named-query/Reports/Daily/query.sql": (
        b"SELECT t_stamp, level\nFROM tank\nWHERE t_stamp > :start\n"
    ),
    "projects/base/ignition/named-query/Reports/Daily/resource.json": stamped(1, "query.sql"),
    f"{_TAGS}/tags.json": dumped(
        [
            tag("Level", 10, dataType="Float8", opcItemPath="ns=1;s=[PLC1]DB10.DBD0"),
            tag("Pressure", dataType="Float4", opcItemPath="ns=1;s=[PLC1]DB10.DBD4"),
            {
                "name": "Pump",
                "tagType": "UdtInstance",
                "typeId": "Motors/Pump",
                "tags": [tag("Running", value=False, dataType="Boolean"), tag("Speed", 1450)],
            },
        ]
    ),
    f"{_TAGS}/unary-resource.json": stamped(1, "tags.json"),
    f"{_CONFIG}/ignition/database-connection/historian/config.json": _database(
        "db.example.org", "b3BlbiBzZXNhbWU", 8
    ),
    f"{_CONFIG}/ignition/database-connection/historian/resource.json": stamped(1, "config.json"),
    f"{_CONFIG}/ignition/images/Logos/plant.png/resource.json": stamped(1, "data.bin"),
    f"{_CONFIG}/ignition/images/Logos/plant.png/data.bin": png(16, 16),
    "user-lib/pylib/plant.py": b"VERSION = 1\r\n",
}

AFTER: Files = {
    **{path: content for path, content in BEFORE.items() if "/Old/Trend/" not in path},
    f"{_IA}/views/Overview/Tank/view.json": view(
        component("Title", "label", text="Tank 1"),
        component("Alarm Banner", "alarm-status-table", refreshRate=5000),
        component("TankLevel", "led-display", value=12.5, fontSize=24),
        _clicking(_CLICK_AFTER),
        limit=85,
    ),
    f"{_IA}/views/Overview/Tank/resource.json": stamped(9, "view.json", "thumbnail.png"),
    f"{_IA}/views/Overview/Tank/thumbnail.png": png(200, 160, 90),
    f"{_IA}/views/Overview/Mixer/resource.json": stamped(9, "view.json"),
    f"{_IA}/views/Reports/Shift/view.json": view(component("Table", "table")),
    f"{_IA}/views/Reports/Shift/resource.json": stamped(9, "view.json"),
    f"{_IA}/style-classes/Card/style.json": dumped({"base": {"style": {"padding": 8}}}),
    f"{_SCRIPTS}/plant/alarms/code.py": _ALARMS_AFTER.encode(),
    f"{_SCRIPTS}/plant/alarms/resource.json": stamped(9, "code.py"),
    "projects/base/ignition/named-query/Reports/Daily/query.sql": (
        b"SELECT t_stamp, level, pressure\nFROM tank\nWHERE t_stamp > :start\nORDER BY t_stamp\n"
    ),
    f"{_TAGS}/tags.json": dumped(
        [
            tag("Level", 10, dataType="Float4", opcItemPath="ns=1;s=[PLC2]DB10.DBD0"),
            tag("Temperature", dataType="Float4", opcItemPath="ns=1;s=[PLC2]DB10.DBD8"),
            {
                "name": "Pump",
                "tagType": "UdtInstance",
                "typeId": "Motors/Pump",
                "tags": [tag("Running", value=False, dataType="Boolean"), tag("Speed", 1480)],
            },
        ]
    ),
    f"{_CONFIG}/ignition/database-connection/historian/config.json": _database(
        "db2.example.org", "dGFidWxhIHJhc2E", 16
    ),
    f"{_CONFIG}/ignition/images/Logos/plant.png/data.bin": png(32, 32, 900),
    "user-lib/pylib/plant.py": b"VERSION = 1\n",
}

KEPT = (
    Kept(RelPath("projects/.resources"), KeptReason.PROTECTED),
    Kept(RelPath("config/local/x.json"), KeptReason.PROTECTED),
    Kept(RelPath("projects/plant-a/.gitkeep"), KeptReason.EXCLUDED),
)


def manifest_of(files: Files) -> Manifest:
    """What these files are as a manifest."""
    return Manifest({RelPath(path): entry_of(content) for path, content in files.items()})


def entry_of(content: bytes, mode: Mode = Mode.REGULAR) -> Entry:
    """The identity of these bytes."""
    return Entry(digest_of(content), mode)


def plan_between(before: Files, after: Files, drifted: tuple[str, ...] = ()) -> Plan:
    """The plan that makes `after` of `before`; what has drifted was applied otherwise."""
    applied = manifest_of({**before, **dict.fromkeys(drifted, b"as it was applied")})
    roots = ("config", "projects", "user-lib")
    policy = Policy(
        prune=PruneMode.MIRROR,
        prune_limit_percent=100,
        roots=tuple(Root(RelPath(path), populated=True) for path in roots),
    )
    actual = Observed(manifest_of(before).entries)
    return plan(manifest_of(after), applied, actual, policy)


def reading(files: Files) -> Callable[[RelPath], bytes | None]:
    """The contents of these files."""
    return files.get
