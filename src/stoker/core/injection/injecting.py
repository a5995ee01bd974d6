"""The pod with its sidecar.

Injection only adds: a first init container, volumes behind the pod's own, and the marks of the
webhook. So a pod that has the sidecar is left alone, and taking away what was added gives back the
pod as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stoker.core import names
from stoker.core.errors import InvalidDocument, Problem
from stoker.core.injection.anatomy import Anatomy
from stoker.core.injection.attachments import attachments
from stoker.core.injection.data_volume import find_data_volume
from stoker.core.injection.image import choose_image
from stoker.core.injection.objections import objections
from stoker.core.injection.sidecar import container, environment
from stoker.core.pods import Pod

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stoker.core.injection.settings import InjectionSettings
    from stoker.core.spec.types import GatewaySync


def inject(pod: Mapping[str, Any], cr: GatewaySync, settings: InjectionSettings) -> dict[str, Any]:
    """The JSON of `pod` with the agent of `cr`; `pod` itself stays as it is.

    What is not extended is shared between the two. Raises `InvalidDocument` with every reason why
    the pod cannot have the sidecar, or `DecodeError` when it has not the form of a pod.
    """
    anatomy = Anatomy.of(pod)
    view = Pod.of(pod)
    if is_injected(anatomy, view):
        return dict(pod)
    data = find_data_volume(anatomy)
    attached = attachments(anatomy, cr)
    image = choose_image(settings, cr.spec.agent.image, view.annotations.agent_image)
    problems = objections(anatomy, view, cr)
    if data is not None:
        problems += data.problems(attachment.path for attachment in attached)
    if isinstance(image, Problem):
        raise InvalidDocument.of("the pod", (*problems, image))
    if problems:
        raise InvalidDocument.of("the pod", problems)
    mounts = [attachment.mount for attachment in attached]
    if data is not None:
        mounts.append(data.mount)
    env = environment(view, cr, settings, data.path if data else names.PATH_DATA, attached)
    return anatomy.extended(
        first=container(image, env, mounts, cr.spec.agent.resources or settings.resources),
        volumes=[attachment.entry for attachment in attached],
        annotations=_marks(view, cr),
        labels={names.AGENT_LABEL: "true"},
    )


def is_injected(anatomy: Anatomy, pod: Pod) -> bool:
    """Whether the pod says so, or has the sidecar."""
    return pod.annotations.injected or anatomy.runs_agent


def _marks(pod: Pod, cr: GatewaySync) -> dict[str, str]:
    marks = {names.INJECTED: "true"}
    if pod.annotations.cr_name is None:
        marks[names.CR_NAME] = cr.metadata.name
    return marks
