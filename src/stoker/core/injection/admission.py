"""The webhook's answer to a pod that is about to be created.

A pod that does not ask for the sidecar, or has it, passes unchanged. One that asks gets it, or is
denied with everything that its author must change: a gateway that silently started without its
files would be worse. Whether the CR is paused or its repository can be reached plays no part: a
gateway must be able to restart. A CR that cannot be read is one that is there, so a pod that
belongs to it hears what is wrong with the CR.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import field, frozen

from stoker.core import names
from stoker.core.errors import DecodeError, InvalidDocument, Problem, StokerError
from stoker.core.injection.advice import advice
from stoker.core.injection.anatomy import Anatomy
from stoker.core.injection.injecting import inject, is_injected
from stoker.core.pods import Pod, Unclaimed, derive_cr
from stoker.core.pods.annotations import annotation_problem, quoted
from stoker.core.spec.types import ObjectMeta

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stoker.core.injection.settings import InjectionSettings
    from stoker.core.spec.types import GatewaySync

FORBIDDEN: Final = 403

_MOST_TOLD: Final = 10
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
    """The object is not taken; the message says why, and what to do."""

    message: str
    problems: tuple[Problem, ...] = ()
    """What is wrong with the document itself, where it is one of ours."""
    code: int = field(default=FORBIDDEN, kw_only=True)
    """The status, as HTTP counts them; another one where the decision itself failed."""
    settled: bool = field(default=False, kw_only=True)
    """Whether it would be so whatever CRs there are."""


@frozen
class UnreadableSync:
    """A CR whose spec breaks the definition of its kind: it is there, and nobody can follow it."""

    metadata: ObjectMeta
    invalid: InvalidDocument


Admission: TypeAlias = Allowed | Injected | Denied


def admit(
    pod: Mapping[str, Any],
    namespace: str,
    crs: Iterable[GatewaySync | UnreadableSync],
    settings: InjectionSettings,
) -> Admission:
    """The answer for `pod`, which is to be created in `namespace`; `crs` may hold others' too."""
    try:
        view = Pod.of(pod)
        if _is_exempt(view, namespace, settings):
            return Allowed()
        # Most pods of a cluster ask for nothing: they are not to wait for what only others need.
        here = (cr for cr in crs if cr.metadata.namespace == namespace)
        return _decide(pod, view, here, settings)
    except InvalidDocument as invalid:
        return Denied("; ".join(map(str, invalid.problems)))
    except StokerError as error:
        return Denied(str(error), settled=isinstance(error, DecodeError))


def _is_exempt(pod: Pod, namespace: str, settings: InjectionSettings) -> bool:
    own = settings.own_labels.items()
    is_own = bool(own) and namespace == settings.own_namespace and own <= pod.labels.items()
    return is_own or namespace in settings.skipped_namespaces


def _decide(
    pod: Mapping[str, Any],
    view: Pod,
    crs: Iterable[GatewaySync | UnreadableSync],
    settings: InjectionSettings,
) -> Admission:
    asked = view.annotations
    if problem := asked.problem_with(names.INJECT):
        return Denied(str(problem), settled=True)
    if not asked.inject:
        return Allowed()
    anatomy = Anatomy.of(pod)
    if is_injected(anatomy, view):
        return Allowed(() if anatomy.runs_agent else (_WITHOUT_AGENT,))
    # One that is being deleted takes its metadata along: its agents would wait for ever.
    lasting = {cr.metadata.name: cr for cr in crs if not cr.metadata.deleting}
    owner = derive_cr(lasting, asked.cr_name)
    if isinstance(owner, Unclaimed):
        return Denied(str(annotation_problem(names.CR_NAME, owner.message, owner.cure)))
    cr = lasting[owner]
    if isinstance(cr, UnreadableSync):
        return Denied(_unreadable(owner, cr.invalid))
    return Injected(inject(pod, cr, settings), advice(anatomy, cr, settings))


def _unreadable(name: str, invalid: InvalidDocument) -> str:
    told = "; ".join(map(str, invalid.problems[:_MOST_TOLD]))
    more = len(invalid.problems) - _MOST_TOLD
    listed = f"{told}; and {more} more" if more > 0 else told
    cure = "correct it, such as with kubectl edit gatewaysync"
    return f"GatewaySync {quoted(name)} cannot be read: {listed} ({cure})"
