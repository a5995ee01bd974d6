"""What the controller is configured to inject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from stoker.core.refs import DEFAULT_PROTOCOLS


def _default_resources() -> Mapping[str, Any]:
    return {
        "requests": {"cpu": "50m", "memory": "64Mi"},
        "limits": {"cpu": "200m", "memory": "256Mi"},
    }


@frozen
class ImageSettings:
    """The agent's image; `tag` may be a digest such as `sha256:…`."""

    repository: str
    tag: str
    pull_policy: str | None = None


@frozen(kw_only=True)
class InjectionSettings:
    """The controller's side of an injection; the CR's side may override image and resources."""

    image: ImageSettings
    allowed_repositories: frozenset[str] = frozenset()
    """Repositories, as written in an image's name, that a pod may choose beside `image`'s own."""
    allowed_protocols: tuple[str, ...] = DEFAULT_PROTOCOLS
    resources: Mapping[str, Any] = field(factory=_default_resources)
    skipped_namespaces: frozenset[str] = frozenset({"kube-system", "kube-node-lease"})
    own_namespace: str = ""
    own_labels: Mapping[str, str] = field(factory=dict)
    """In `own_namespace`, a pod that bears all of these labels is one of Stoker's own."""
