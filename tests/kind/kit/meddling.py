"""Somebody who changes by hand what is the controller's, at random."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kubernetes.client import ApiException

if TYPE_CHECKING:
    from collections.abc import Callable

    from kit.chaos import Chaos


class Meddler:
    """The changes; each is one that a person with enough rights could make."""

    def __init__(self, chaos: Chaos) -> None:
        """In the namespace of this chaos, whose first six CRs are there."""
        self._core: Any = chaos.api.core  # the package has no types
        self._rights: Any = chaos.api.rights
        self._custom: Any = chaos.api.custom
        self._chance = chaos.chance
        self._place = chaos.space.name
        self._ways: list[Callable[[], object]] = [
            self.delete_map,
            self.change_map,
            self.unlabel_map,
            self.disown_map,
            self.relabel_map,
            self.empty_role,
            self.delete_role,
            self.unlabel_role,
            self.empty_binding,
            self.delete_binding,
            self.unmark_cr,
            self.forget_status,
            self.stray_map,
        ]

    def meddle(self) -> None:
        """Make one change; what it would change may be gone."""
        with suppress(ApiException, IndexError):
            self._chance.choice(self._ways)()

    def _a_map(self) -> str:
        listed = self._core.list_namespaced_config_map(self._place).items
        names = [str(one.metadata.name) for one in listed]
        ours = [name for name in names if name.startswith("stoker-")]
        # A stray one without a label would be nobody's.
        return self._chance.choice([name for name in ours if not name.endswith("-stray")])

    def _a_cr(self) -> str:
        return f"cr-{self._chance.randrange(6)}"

    def _patch_map(self, change: dict[str, Any]) -> None:
        self._core.patch_namespaced_config_map(self._a_map(), self._place, change)

    def delete_map(self) -> None:
        """One ConfigMap less."""
        self._core.delete_namespaced_config_map(self._a_map(), self._place)

    def change_map(self) -> None:
        """Tell the agents of a commit that there is not."""
        name, change = f"stoker-metadata-{self._a_cr()}", {"data": {"commit": "0" * 40, "x": "y"}}
        self._core.patch_namespaced_config_map(name, self._place, change)

    def unlabel_map(self) -> None:
        """Make one hard to find."""
        self._patch_map({"metadata": {"labels": None}})

    def relabel_map(self) -> None:
        """Make one seem to be of another CR."""
        self._patch_map({"metadata": {"labels": {"stoker.io/cr-name": self._a_cr()}}})

    def disown_map(self) -> None:
        """Have one outlive its CR."""
        name, change = f"stoker-metadata-{self._a_cr()}", {"metadata": {"ownerReferences": None}}
        self._core.patch_namespaced_config_map(name, self._place, change)

    def empty_role(self) -> None:
        """Take the rights away."""
        self._rights.patch_namespaced_role(self._right(), self._place, {"rules": []})

    def delete_role(self) -> None:
        """One Role less."""
        self._rights.delete_namespaced_role(self._right(), self._place)

    def unlabel_role(self) -> None:
        """Make a Role hard to find."""
        change = {"metadata": {"labels": None}}
        self._rights.patch_namespaced_role(self._right(), self._place, change)

    def empty_binding(self) -> None:
        """Give the rights to nobody."""
        self._rights.patch_namespaced_role_binding(self._right(), self._place, {"subjects": []})

    def delete_binding(self) -> None:
        """One binding less."""
        self._rights.delete_namespaced_role_binding(self._right(), self._place)

    def _right(self) -> str:
        return f"stoker-agent-{self._a_cr()}"

    def _a_place(self) -> tuple[str, ...]:
        return "stoker.io", "v1alpha1", self._place, "gatewaysyncs", self._a_cr()

    def unmark_cr(self) -> None:
        """Have a CR go without us."""
        change = {"metadata": {"finalizers": None}}
        self._custom.patch_namespaced_custom_object(*self._a_place(), change)

    def forget_status(self) -> None:
        """Empty the status."""
        self._custom.patch_namespaced_custom_object_status(*self._a_place(), {"status": None})

    def stray_map(self) -> None:
        """One that a pod left behind which the controller never saw."""
        cr = self._a_cr()
        labels = {"stoker.io/cr-name": cr}
        metadata = {"name": f"stoker-status-{cr}-stray", "labels": labels}
        self._core.create_namespaced_config_map(self._place, {"metadata": metadata})
