"""The chart: what it renders, and a release of it in a namespace.

`render` asks helm alone and no cluster. `installed` has a release for a `with`, with the image that
the tests have built; the definition of GatewaySync is there already (fixture `definition`), so helm
leaves it alone, and it stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from kit.kubectl import Document, Helm
    from kit.spaces import Space

CHART: Final = Path(__file__).resolve().parents[3] / "charts" / "stoker-operator"
RELEASE: Final = "stoker-operator"
RIGHTS: Final = (
    "serviceaccount",
    "rbac/controller",
    "rbac/leader-election",
    "rbac/metrics-reader",
    "rbac/webhook",
)
"""The templates that make an account and give it what controller and webhook may do."""

# Helm that was built from its module says that it renders for a very old version.
_VERSION: Final = "v1.33.0"


def render(
    helm: Helm, values: Document | None = None, *, templates: Sequence[str] = ()
) -> list[Document]:
    """The objects of a release in helm's namespace, all or of these templates."""
    shown = [f"--show-only=templates/{name}.yaml" for name in templates]
    words = ("template", RELEASE, str(CHART), "--kube-version", _VERSION, "--values", "-", *shown)
    text = helm(*words, stdin=json.dumps(values or {}))
    return [one for one in yaml.safe_load_all(text) if one]


def of_kind(documents: Sequence[Document], kind: str) -> list[Document]:
    """Those of one kind."""
    return [one for one in documents if one["kind"] == kind]


def arguments(helm: Helm, values: Document, container: str) -> tuple[str, ...]:
    """What a container of the Deployment is told, but for its addresses."""
    (deployment,) = render(helm, values, templates=["deployment"])
    listed = deployment["spec"]["template"]["spec"]["containers"]
    (told,) = [one["args"] for one in listed if one["name"] == container]
    return tuple(one for one in told if not one.partition("=")[0].endswith("-bind-address"))


def merged(values: Document, more: Document) -> Document:
    """Both, with what `more` says in the place of what `values` says."""
    found = dict(values)
    for name, value in more.items():
        known = found.get(name)
        both = isinstance(known, dict) and isinstance(value, dict)
        found[name] = merged(known or {}, value) if both else value
    return found


def image_values(reference: str) -> Document:
    """The values that name an image."""
    repository, _, tag = reference.rpartition(":")
    return {"repository": repository, "tag": tag, "pullPolicy": "IfNotPresent"}


@dataclass(frozen=True)
class Installed:
    """A release of the chart."""

    space: Space
    name: str = RELEASE

    @property
    def deployment(self) -> Document:
        """Its Deployment as it is now."""
        found: Document = self.space.kubectl.json("get", "deployment", self.name)
        return found

    def pods(self) -> list[Any]:
        """Its pods as they are now."""
        label = f"app.kubernetes.io/instance={RELEASE}"
        return list(self.space.kubectl.json("get", "pods", "--selector", label)["items"])

    def logs(self) -> str:
        """What its controllers have printed."""
        words = ("--selector", f"app.kubernetes.io/instance={RELEASE}", "--tail", "-1", "--prefix")
        return self.space.kubectl("logs", *words)

    def upgrade(self, image: str, values: Document | None = None) -> None:
        """Change it, and wait until it is ready."""
        self.space.helm.install(RELEASE, CHART, {"image": image_values(image), **(values or {})})


@contextmanager
def installed(space: Space, image: str, values: Document | None = None) -> Iterator[Installed]:
    """A release in this namespace, ready, for the `with`."""
    release = Installed(space)
    try:
        release.upgrade(image, values)
        yield release
    finally:
        space.helm("uninstall", RELEASE, "--ignore-not-found", "--wait", "--timeout", "60s")
