"""The folders of an agent that is a plain process: what a kubelet would mount for it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kit.kubectl import Document


class Place(Protocol):
    """Where agents reach the API server."""

    @property
    def address(self) -> str:
        """Of a machine."""
        ...

    @property
    def port(self) -> int:
        """There."""
        ...

    @property
    def ca(self) -> str:
        """What agents have to trust."""
        ...


class Lodging:
    """The folders of an agent: what a kubelet mounts for it."""

    def __init__(self, folder: Path) -> None:
        """Make them."""
        self.folder = folder
        self.repo, self.data, self.tmp = folder / "repo", folder / "data", folder / "tmp"
        self.account, self.podinfo = folder / "account", folder / "podinfo"
        self.secrets = folder / "secrets"
        for one in (self.repo, self.data, self.tmp, self.account, self.podinfo, self.secrets):
            one.mkdir(parents=True, exist_ok=True)

    def admit(self, passage: Place, token: str, namespace: str) -> None:
        """Write the folder of the service account."""
        for name, text in (("token", token), ("ca.crt", passage.ca), ("namespace", namespace)):
            (self.account / name).write_text(text)

    def describe(self, pod: Document) -> None:
        """Write the pod's labels and annotations as the kubelet does: all at once, by a link."""
        told = self.podinfo / f"..{time.time_ns()}"
        told.mkdir()
        metadata = pod["metadata"]
        for name in ("labels", "annotations"):
            pairs = (metadata.get(name) or {}).items()
            lines = [f"{key}={json.dumps(text)}" for key, text in sorted(pairs)]
            (told / name).write_text("\n".join(lines))
        (told / "uid").write_text(metadata["uid"])
        link, new = self.podinfo / "..data", self.podinfo / "..new"
        new.symlink_to(told.name)
        before = link.resolve() if link.is_symlink() else None
        new.rename(link)
        for name in ("labels", "annotations", "uid"):
            visible = self.podinfo / name
            if not visible.is_symlink():
                visible.symlink_to(f"..data/{name}")
        if before is not None:
            shutil.rmtree(before)

    def keep(self, values: Mapping[str, str]) -> None:
        """Write the values of Secrets, by file name."""
        for name, text in values.items():
            (self.secrets / name).write_text(text)
