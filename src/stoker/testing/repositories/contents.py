"""What stands in the files of a made site: text that compresses as real files do, or noise.

Real views are the same few components over and over with other numbers, and pack to a sixth or
so. They are imitated by fragments drawn from a fixed stock, which also makes 750 MB of text cost a
second or two. Images and the windows of Vision are noise to a compressor, and so they are here.
"""

# ruff: noqa: S311 - the same numbers every time are the point, and nothing here is a secret

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any, Final

from stoker.core.ignition import Dialect, Resource, signature

if TYPE_CHECKING:
    from collections.abc import Mapping

_STOCK: Final = 512
_COMPONENTS: Final = ("label", "icon", "gauge", "led-display", "text-field", "table", "flex")
_WORDS: Final = (
    *("Line", "Pump", "Valve", "Tank", "Mixer", "Oven", "Press", "Boiler", "Filter", "Motor"),
    *("Speed", "Level", "Flow", "Alarm", "Batch", "Shift", "Recipe", "State", "Mode", "Total"),
)


def view(random: Random, size: int, revision: int) -> bytes:
    """A Perspective view, or any other JSON, of about `size` bytes."""
    stock = _fragments()
    count = round(size * len(stock) / sum(map(len, stock)))
    children = b",".join(random.choices(stock, k=count))
    return b'{"custom": {"revision": %d}, "root": {"children": [%s]}}\n' % (revision, children)


def script(random: Random, size: int, revision: int) -> bytes:
    """Python, or any other text, of about `size` bytes."""
    stock = _lines()
    return b"# revision %d\n%s" % (
        revision,
        b"".join(random.choices(stock, k=size * len(stock) // sum(map(len, stock)))),
    )


def noise(random: Random, size: int, revision: int) -> bytes:
    """An image or a compressed window of about `size` bytes."""
    return b"\x89PNG\r\n\x1a\n%d\0%s" % (revision, random.randbytes(max(size - 10, 0)))


def resource_json(random: Random, files: Mapping[str, bytes], *, unary: bool) -> bytes:
    """The `resource.json` of these files, signed as an 8.3 gateway signs it."""
    stamp = f"2026-01-{random.randint(1, 28):02}T08:{random.randint(0, 59):02}:00Z"
    actor = random.choice(("admin", "jane", "external"))
    attributes: dict[str, Any] = {"lastModification": {"actor": actor, "timestamp": stamp}}
    document = {
        "scope": "G",
        "version": 1,
        "restricted": False,
        "overridable": True,
        "files": sorted(files),
        "attributes": attributes,
    }
    unsigned = Resource(_indented(document), files, unary)
    attributes["lastModificationSignature"] = signature(unsigned, Dialect.V83)
    return _indented(document)


def _indented(document: object) -> bytes:
    return json.dumps(document, indent=2).encode()


@cache
def _fragments() -> tuple[bytes, ...]:
    random = Random(_STOCK)
    return tuple(_indented(_component(random)) for _ in range(_STOCK))


def _component(random: Random) -> dict[str, object]:
    name = f"{random.choice(_WORDS)}{random.randint(1, 99)}"
    return {
        "meta": {"name": name},
        "position": {"basis": f"{random.randint(10, 400)}px", "shrink": 0},
        "propConfig": {
            "props.text": {
                "binding": {
                    "config": {"path": f"view.params.{random.choice(_WORDS)}.{name}"},
                    "type": "property",
                },
            },
        },
        "props": {"style": {"fontSize": random.randint(8, 40), "classes": "Framework/Card"}},
        "type": f"ia.display.{random.choice(_COMPONENTS)}",
    }


@cache
def _lines() -> tuple[bytes, ...]:
    random = Random(_STOCK)
    return tuple(
        f"    value{random.randint(1, 999)} = system.tag.read({random.choice(_WORDS)!r})\n".encode()
        for _ in range(_STOCK)
    )
