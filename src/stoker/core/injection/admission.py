"""The webhook's answer to a pod that is about to be created.

A pod that does not ask for the sidecar, or has it, passes unchanged. One that asks gets it, or is
denied with everything that its author must change: a gateway that silently started without its
files would be worse. Whether the CR is paused or its repository can be reached plays no part: a
gateway must be able to restart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import frozen

from stoker.core import names
from stoker.core.errors import InvalidDocument, StokerError
from stoker.core.injection.advice import advice
from stoker.core.injection.anatomy import Anatomy
from stoker.core.injection.injecting import inject, is_injected
from stoker.core.pods import Pod, Unclaimed, derive_cr
from stoker.core.pods.annotations import annotation_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stoker.core.injection.settings import InjectionSettings
    from stoker.core.spec.types import GatewaySync

_WITHOUT_AGENT: Final = (
    f"the annotation {names.INJECTED} says that the pod has the agent, and it has none:"
    " remove the annotation"
)


@frozen
class Allowed:
    """The pod passes as it is."""

    warnings: tuple[str, ...] = ()


@frozen
class Injected:
    """The pod passes with the sidecar."""

    pod: dict[str, Any]
    warnings: tuple[str, ...] = ()


@frozen
class Denied:
    """The pod is not created; the message says why, and what to do."""

    message: str


Admission: TypeAlias = Allowed | Injected | Denied


def admit(
    pod: Mapping[str, Any],
    namespace: str,
    crs: Iterable[GatewaySync],
    settings: InjectionSettings,
) -> Admission:
    """The answer for `pod`, which is to be created in `namespace`; `crs` may hold others' too."""
    try:
        view = Pod.of(pod)
        if _is_exempt(view, namespace, settings):
            return Allowed()
        here = [cr for cr in crs if cr.metadata.namespace == namespace]
        return _decide(pod, view, here, settings)
    except InvalidDocument as invalid:
        return Denied("; ".join(map(str, invalid.problems)))
    except StokerError as error:
        return Denied(str(error))


def _is_exempt(pod: Pod, namespace: str, settings: InjectionSettings) -> bool:
    own = settings.own_labels.items()
    is_own = bool(own) and namespace == settings.own_namespace and own <= pod.labels.items()
    return is_own or namespace in settings.skipped_namespaces


def _decide(
    pod: Mapping[str, Any], view: Pod, crs: list[GatewaySync], settings: InjectionSettings
) -> Admission:
    asked = view.annotations
    if problem := asked.problem_with(names.INJECT):
        return Denied(str(problem))
    if not asked.inject:
        return Allowed()
    anatomy = Anatomy.of(pod)
    if is_injected(anatomy, view):
        return Allowed(() if anatomy.runs_agent else (_WITHOUT_AGENT,))
    # One that is being deleted takes its metadata along: its agents would wait for ever.
    lasting = {cr.metadata.name: cr for cr in crs if not cr.metadata.deleting}
    match derive_cr(lasting, asked.cr_name):
        case Unclaimed(message=message, cure=cure):
            return Denied(str(annotation_problem(names.CR_NAME, message, cure)))
        case name:
            cr = lasting[name]
            return Injected(inject(pod, cr, settings), advice(anatomy, cr, settings))
