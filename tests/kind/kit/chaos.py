"""A namespace in which everything changes at random.

Each change is one that a user, a gateway or an agent could make. The same seed makes the same
choices; what they meet depends on when they are made. `kit.order` says what must come of it.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from kit import manifests, order
from kit.plants import ACCOUNT, MAPPING, Repository, gateway_pod, gateway_sync, report_of

if TYPE_CHECKING:
    from kit.api import Api
    from kit.kubectl import Document
    from kit.spaces import Space

REFS: Final = ("main", "release")
NOWHERE: Final = "nowhere"
TOKEN: Final = "git-token"

_CUSTOM: Final = ("stoker.io", "v1alpha1")
_AT: Final = "2026-01-01T00:00:00Z"
_EXPECTED: Final = (ApiException, HTTPError, IndexError, KeyError, TypeError)
"""What a change meets whose object is gone, or changed meanwhile, or whose API server is away."""


@dataclass
class Chaos:
    """The namespace, and whoever makes the changes."""

    space: Space
    api: Api
    repositories: Sequence[Repository]
    chance: random.Random
    most_crs: int = 6
    most_pods: int = 12
    done: Counter[str] = field(default_factory=Counter)
    """How often each kind of change was made."""
    failures: list[BaseException] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def begin(self) -> None:
        """Make what has to be there first."""
        for one in self.repositories:
            for ref in REFS:
                one.commit("{}", branch=ref)
        account = manifests.of_kind("ServiceAccount", ACCOUNT)
        self.space.apply(account, manifests.secret(TOKEN, {"token": "t0ken"}))

    def wrong(self) -> list[str]:
        """What is not as it must be in the end."""
        return order.wrong_in(self.api, self.space.name, self.head)

    def head(self, url: str, ref: str) -> str:
        """The commit of a ref."""
        (repository,) = (one for one in self.repositories if one.url == url)
        return "" if ref == NOWHERE else repository.head(ref)

    @contextmanager
    def going_on(self, pause: float) -> Iterator[None]:
        """Changes, one after each pause, during the `with`."""
        over = threading.Event()

        def work() -> None:
            while not over.wait(pause * self.chance.random() * 2):
                try:
                    self.step()
                except Exception as error:  # noqa: BLE001 - it is told to the test
                    self.failures.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        assert self.failures == []

    def step(self) -> None:
        """Make one change."""
        changes: list[tuple[int, Callable[[], object]]] = [
            (3, self.add_cr),
            (1, self.delete_cr),
            (1, self.make_anew),
            (3, self.follow_another),
            (2, self.change_profile),
            (2, self.pause_or_go_on),
            (1, self.change_auth),
            (2, self.request),
            (4, self.add_pod),
            (2, self.delete_pod),
            (1, self.move_pod),
            (6, self.report),
            (4, self.commit),
        ]
        weights, ways = [much for much, _ in changes], [way for _, way in changes]
        (change,) = self.chance.choices(ways, weights)
        with suppress(*_EXPECTED):
            change()
            self.done[change.__name__] += 1

    # --- What users do ---

    def add_cr(self, name: str = "") -> None:
        """Another CR, of a name that there may have been before."""
        chosen = name or f"cr-{self.chance.randrange(self.most_crs)}"
        repository = self.chance.choice(self.repositories)
        made = gateway_sync(chosen, repository.url, ref=self.chance.choice(REFS))
        self.api.custom.create_namespaced_custom_object(*self._place, made)

    def delete_cr(self) -> str:
        """One CR less."""
        name = self._a_cr()
        self.api.custom.delete_namespaced_custom_object(*self._place, name)
        return name

    def make_anew(self) -> None:
        """Delete a CR, and make one of its name as soon as it is gone."""
        name = self.delete_cr()
        for _ in range(100):
            with suppress(ApiException):
                self.add_cr(name)
                return

    def follow_another(self) -> None:
        """Another ref, now and then one that is not there."""
        self._patch({"git": {"ref": self.chance.choice([*REFS, *REFS, NOWHERE])}})

    def follow_what_is_there(self) -> None:
        """For each that follows what is not there: a ref that is."""
        for name in self._crs():
            cr: Any = self.api.custom.get_namespaced_custom_object(*self._place, name)
            if cr["spec"]["git"]["ref"] == NOWHERE:
                change = {"spec": {"git": {"ref": REFS[0]}}}
                self.api.custom.patch_namespaced_custom_object(*self._place, name, change)

    def change_profile(self) -> None:
        """Other settings, and another profile or none."""
        default = {"mappings": [MAPPING], "syncPeriod": self.chance.randrange(5, 3600)}
        more = {"mappings": [MAPPING]} if self.chance.random() < 0.5 else None
        self._patch({"sync": {"profiles": {"default": default, "second": more}}})

    def pause_or_go_on(self) -> None:
        """More often the latter."""
        self._patch({"paused": self.chance.random() < 0.3})

    def change_auth(self) -> None:
        """With a token, or without."""
        token = {"token": {"secretRef": {"name": TOKEN, "key": "token"}}}
        self._patch({"git": {"auth": token if self.chance.random() < 0.5 else None}})

    def request(self) -> None:
        """What a webhook asks for, or that it asks no more."""
        ref = self.chance.choice([*REFS, NOWHERE, None])
        asked = {
            "stoker.io/requested-ref": ref,
            "stoker.io/requested-at": ref and _AT,
            "stoker.io/requested-by": ref and "generic",
        }
        change = {"metadata": {"annotations": asked}}
        self.api.custom.patch_namespaced_custom_object(*self._place, self._a_cr(), change)

    def commit(self) -> None:
        """A push."""
        text = json.dumps({"number": next(self._numbers)})
        self.chance.choice(self.repositories).commit(text, branch=self.chance.choice(REFS))

    # --- What gateways and agents do ---

    def add_pod(self) -> None:
        """Another gateway, now and then one whose injection failed."""
        if len(self._pods()) < self.most_pods:
            name, has_agent = f"gw-{next(self._numbers)}", self.chance.random() < 0.9
            made: Any = gateway_pod(name, self._some_cr(), agent=has_agent)
            self.api.core.create_namespaced_pod(self.space.name, made)

    def delete_pod(self) -> None:
        """One gateway less."""
        name = self._a_pod().metadata.name
        self.api.core.delete_namespaced_pod(name, self.space.name, grace_period_seconds=0)

    def move_pod(self) -> None:
        """A gateway that belongs to another CR from now on."""
        change = {"metadata": {"annotations": {order.CR_NAME: self._some_cr()}}}
        self.api.core.patch_namespaced_pod(self._a_pod().metadata.name, self.space.name, change)

    def report(self) -> None:
        """What an agent says of its gateway: that it did what it was told."""
        crs = self._crs()
        pods = [pod.metadata for pod in self._pods()]
        pod = self.chance.choice([one for one in pods if one.annotations[order.CR_NAME] in crs])
        cr = pod.annotations[order.CR_NAME]
        read: Any = self.api.core.read_namespaced_config_map
        commit = read(f"stoker-metadata-{cr}", self.space.name).data["commit"]
        said = report_of(pod.name, pod.uid, commit, seq=next(self._numbers))
        change = {"data": {"status": json.dumps(said)}}
        name = f"stoker-status-{cr}-{pod.name}"
        self.api.core.patch_namespaced_config_map(name, self.space.name, change)

    # --- What there is ---

    def events(self) -> int:
        """How many events of CRs were told, with repetitions."""
        found: Any = self.api.core.list_namespaced_event(self.space.name).items
        ours = [one for one in found if one.involved_object.kind == "GatewaySync"]
        return sum(one.count or 1 for one in ours)

    @property
    def _place(self) -> tuple[str, str, str, str]:
        return (*_CUSTOM, self.space.name, "gatewaysyncs")

    def _patch(self, spec: Document) -> None:
        change = {"spec": spec}
        self.api.custom.patch_namespaced_custom_object(*self._place, self._a_cr(), change)

    def _crs(self) -> list[str]:
        found: Any = self.api.custom.list_namespaced_custom_object(*self._place)
        return [str(one["metadata"]["name"]) for one in found["items"]]

    def _a_cr(self) -> str:
        return self.chance.choice(self._crs())

    def _some_cr(self) -> str:
        """A name that is a CR's, or may be one day."""
        return f"cr-{self.chance.randrange(self.most_crs)}"

    def _pods(self) -> list[Any]:
        found: Any = self.api.core.list_namespaced_pod(self.space.name).items
        return list(found)

    def _a_pod(self) -> Any:
        return self.chance.choice(self._pods())
