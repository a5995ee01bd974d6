"""What is in a namespace, as text for a test that failed: pods, events, ConfigMaps and logs.

Secrets are left out. Each part is asked for by itself, so one that cannot be had does not take the
others with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from cluster import Problem

if TYPE_CHECKING:
    from kit.kubectl import Kubectl

_EVENTS: Final = 40
_LINES: Final = 40
_VALUE: Final = 2_000
_OF_EVERY_NAMESPACE: Final = "kube-root-ca.crt"


def story(kubectl: Kubectl) -> str:
    """All of it."""
    parts = (_pods, _events, _config_maps, _logs)
    return "\n".join(_asked(part, kubectl) for part in parts)


def _asked(part: Callable[[Kubectl], str], kubectl: Kubectl) -> str:
    try:
        return part(kubectl)
    except (Problem, KeyError, ValueError) as error:
        return f"-- {part.__name__.strip('_')} cannot be told: {error}"


def _pods(kubectl: Kubectl) -> str:
    return f"-- pods\n{kubectl('get', 'pods', '--output', 'wide').rstrip()}"


def _events(kubectl: Kubectl) -> str:
    found = kubectl("get", "events", "--sort-by", ".metadata.creationTimestamp")
    return "\n".join(["-- events", *found.splitlines()[-_EVENTS:]])


def _config_maps(kubectl: Kubectl) -> str:
    lines = ["-- ConfigMaps"]
    for one in kubectl.json("get", "configmaps")["items"]:
        name = one["metadata"]["name"]
        if name != _OF_EVERY_NAMESPACE:
            pairs = one.get("data", {}).items()
            lines += [f"{name} {key}: {_cut(text)}" for key, text in pairs]
    return "\n".join(lines)


def _logs(kubectl: Kubectl) -> str:
    return "\n".join(
        line
        for pod in kubectl.json("get", "pods")["items"]
        for status in _statuses(pod)
        for line in _log_of(kubectl, pod["metadata"]["name"], status)
    )


def _statuses(pod: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in ("initContainerStatuses", "containerStatuses"):
        yield from pod.get("status", {}).get(key, ())


def _log_of(kubectl: Kubectl, pod: str, status: dict[str, Any]) -> Iterator[str]:
    name, restarts = status["name"], status["restartCount"]
    state = " ".join(f"{key} {value}" for key, value in status["state"].items())
    yield f"-- {pod}/{name}: {state}, {restarts} restarts"
    for more in (("--previous",), ()) if restarts else ((),):
        try:
            yield kubectl("logs", pod, "--container", name, "--tail", str(_LINES), *more).rstrip()
        except Problem as problem:
            yield str(problem)


def _cut(text: str) -> str:
    return text if len(text) <= _VALUE else f"{text[:_VALUE]}… ({len(text)} characters)"
