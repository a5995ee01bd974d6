"""What the files of an Ignition gateway mean: which are its own, what they form, who signed them.

- `ownership`: what is never written, whatever a mapping says.
- `layout`: projects, resources, and the scans that a change calls for.
- `resource`: a `resource.json` as a document, and its equality apart from stamps.
- `signing`: the digest that the gateway keeps in a `resource.json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.core.exporting import exported

if TYPE_CHECKING:
    from stoker.core.ignition.layout import (
        ResourcePath,
        ScanKind,
        projects_of,
        resources_of,
        scans_for,
        touches_config,
    )
    from stoker.core.ignition.ownership import (
        FREE,
        Free,
        Guarded,
        Protected,
        Protection,
        Rule,
        is_protected,
        may_write,
        protection,
        protects_everything_below,
        refused_destination,
    )
    from stoker.core.ignition.resource import same_resource
    from stoker.core.ignition.signing import (
        UNARY_NAME,
        Dialect,
        Resource,
        recompute,
        signature,
        verify,
    )
else:
    __getattr__ = exported(
        __name__,
        layout="ResourcePath ScanKind projects_of resources_of scans_for touches_config",
        ownership=(
            "FREE Free Guarded Protected Protection Rule is_protected may_write protection "
            "protects_everything_below refused_destination"
        ),
        resource="same_resource",
        signing="UNARY_NAME Dialect Resource recompute signature verify",
    )

__all__ = [
    "FREE",
    "UNARY_NAME",
    "Dialect",
    "Free",
    "Guarded",
    "Protected",
    "Protection",
    "Resource",
    "ResourcePath",
    "Rule",
    "ScanKind",
    "is_protected",
    "may_write",
    "projects_of",
    "protection",
    "protects_everything_below",
    "recompute",
    "refused_destination",
    "resources_of",
    "same_resource",
    "scans_for",
    "signature",
    "touches_config",
    "verify",
]
