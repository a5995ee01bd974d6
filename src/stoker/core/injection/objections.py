"""Why a pod cannot have the sidecar: all reasons at once, each with its place and its cure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core import names
from stoker.core.errors import GlobError, Problem
from stoker.core.globs import compile_glob
from stoker.core.pods.annotations import annotation_problem, quoted
from stoker.core.pods.json_shapes import members
from stoker.core.pods.ownership import listed

if TYPE_CHECKING:
    from stoker.core.injection.anatomy import Anatomy
    from stoker.core.pods import Pod
    from stoker.core.spec.types import GatewaySync

_WINDOWS: Final = "windows"
_OS_LABEL: Final = "kubernetes.io/os"


def objections(anatomy: Anatomy, pod: Pod, cr: GatewaySync) -> tuple[Problem, ...]:
    """What is wrong with the pod itself, whatever image and volumes it gets."""
    return (
        *pod.annotations.problems,
        *_ownership(pod, cr),
        *_profile(pod, cr),
        *_patterns(pod),
        *_shape(anatomy),
    )


def _ownership(pod: Pod, cr: GatewaySync) -> tuple[Problem, ...]:
    if pod.namespace and pod.namespace != cr.metadata.namespace:
        message = f"the GatewaySync is in the namespace {quoted(cr.metadata.namespace)}"
        return (Problem("metadata.namespace", message, "create one in the pod's namespace"),)
    named = pod.annotations.cr_name
    if named in {None, cr.metadata.name}:
        return ()
    message = f"it names GatewaySync {quoted(str(named))}, and this is {quoted(cr.metadata.name)}"
    return (annotation_problem(names.CR_NAME, message, "inject the pod with the one it names"),)


def _profile(pod: Pod, cr: GatewaySync) -> tuple[Problem, ...]:
    profiles = cr.spec.sync.profiles
    if pod.profile in profiles:
        return ()
    message = f"GatewaySync {quoted(cr.metadata.name)} has no profile {quoted(pod.profile)}"
    cure = f"set the annotation to one of: {listed(profiles)}" if profiles else "add it there"
    return (annotation_problem(names.PROFILE, message, cure),)


def _patterns(pod: Pod) -> tuple[Problem, ...]:
    checked = map(_pattern, pod.annotations.exclude_patterns)
    return tuple(problem for problem in checked if problem is not None)


def _pattern(pattern: str) -> Problem | None:
    try:
        compile_glob(pattern)
    except GlobError as error:
        message = f"{quoted(pattern)}: {error.message}"
        return annotation_problem(names.EXCLUDE_PATTERNS, message, error.cure)
    return None


def _shape(anatomy: Anatomy) -> tuple[Problem, ...]:
    found = []
    if not anatomy.containers:
        found.append(Problem("spec.containers", "the pod has no container", "add the gateway's"))
    if anatomy.impostors:
        found.append(
            Problem(
                "spec",
                f"a container named {names.AGENT_CONTAINER} is there already, and not the agent",
                "rename it",
            )
        )
    spec = anatomy.spec
    systems = (
        members(spec.get("os")).get("name"),
        members(spec.get("nodeSelector")).get(_OS_LABEL),
    )
    if _WINDOWS in systems:
        cure = f"run the gateway on Linux, or remove the annotation {names.INJECT}"
        found.append(Problem("spec.os", "the agent does not run on Windows", cure))
    if members(spec.get("securityContext")).get("runAsUser") == 0:
        cure = "set it to the gateway's user, 2003 in the official image"
        where = "spec.securityContext.runAsUser"
        found.append(Problem(where, "the agent does not run as root", cure))
    return tuple(found)
