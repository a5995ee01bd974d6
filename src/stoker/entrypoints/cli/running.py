"""A request in the engine's terms, and what the engine does for commands that sync nothing.

`syncing` carries requests out; both open what a request names and close it again, and whatever goes
wrong is a `StokerError`.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import evolve

from stoker import __version__
from stoker.adapters.git.credentials import token_from_file
from stoker.adapters.git.repository import Repository
from stoker.adapters.ignition import Gateway
from stoker.core.agent import Identity
from stoker.core.agent.assignment import Assignment
from stoker.core.pods import Pod, PodAnnotations
from stoker.core.profile import Metadata
from stoker.entrypoints.cli.rendering import CommitFiles
from stoker.entrypoints.engine.calm import calm
from stoker.entrypoints.engine.fetching import fetch, resolved
from stoker.entrypoints.engine.site import Site
from stoker.entrypoints.engine.target import target_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stoker.core.refs import Resolution
    from stoker.entrypoints.cli.request import GatewayPlace, SyncRequest
    from stoker.entrypoints.engine.progress import Progress


@contextmanager
def commit_files(request: SyncRequest, progress: Progress) -> Iterator[CommitFiles]:
    """The files of the commit that is asked for, as the gateway is to have them."""
    site = site_of(request)
    with calm():
        remote = site.remote_to(request.url.text)
        found = resolved(remote, request.revision)
        repository = Repository(request.repo_dir)
        try:
            fetch(repository, remote, found.commit, found.ref, progress)
            target = target_of(
                assignment_of(request, found),
                identity_of(request),
                found.commit,
                repository.tree(found.commit),
                repository.read,
            )
            yield CommitFiles(
                commit=found.commit,
                ref=found.ref,
                survey=target.survey,
                read=repository.read,
                size=repository.size,
                chunks=repository.chunks,
            )
        finally:
            repository.close()


def site_of(request: SyncRequest) -> Site:
    """Where the sync takes place."""
    return Site(
        identity=identity_of(request),
        data=request.data,
        repository=request.repo_dir,
        scratch=scratch_of(request),
        access=request.access,
        gateway=None if request.gateway is None else _gateway(request.gateway),
    )


def identity_of(request: SyncRequest) -> Identity:
    """Who syncs."""
    return Identity(
        namespace=request.namespace,
        pod_name=request.pod_name,
        cr_name=request.cr_name,
        agent_version=__version__,
        has_gateway=request.gateway is not None,
    )


def pod_of(request: SyncRequest) -> Pod:
    """The gateway, as the machine knows pods."""
    annotations = {"stoker.io/gateway-name": request.gateway_name}
    return Pod(
        name=request.pod_name,
        namespace=request.namespace,
        labels=request.labels,
        annotations=PodAnnotations.read(annotations),
    )


def metadata_of(request: SyncRequest, found: Resolution, *, dry_run: bool) -> Metadata:
    """What a controller would tell the agent."""
    # Who types a command means it: a pause is for agents.
    profile = evolve(request.profile, paused=False, dry_run=dry_run)
    return Metadata(
        commit=found.commit,
        ref=found.ref,
        git_url=request.url.text,
        profiles={"default": profile},
    )


def assignment_of(request: SyncRequest, found: Resolution) -> Assignment:
    """What the gateway is to be."""
    metadata = metadata_of(request, found, dry_run=False)
    return Assignment(
        gateway=request.gateway_name,
        pod_name=request.pod_name,
        labels=request.labels,
        commit=found.commit,
        ref=found.ref,
        git_url=metadata.git_url,
        gateway_port=metadata.gateway_port,
        gateway_tls=metadata.gateway_tls,
        profile=request.profile,
    )


def scratch_of(request: SyncRequest) -> Path:
    """An empty folder beside the repository, which stays: a killed process leaves nothing new."""
    return request.repo_dir.with_name(f"{request.repo_dir.name}.empty")


def _gateway(place: GatewayPlace) -> Gateway:
    token = token_from_file(place.api_key_file) if place.api_key_file else None
    return Gateway(place.url, token, ca_file=place.ca_file)


def agent(config: Path) -> int:
    """Run the agent without a cluster, until it is told to end."""
    from stoker.entrypoints.cli.commanding import as_invalid_input  # noqa: PLC0415
    from stoker.entrypoints.standalone import Standalone  # noqa: PLC0415
    from stoker.entrypoints.standalone.config import read_config  # noqa: PLC0415

    with as_invalid_input():
        read = read_config(config)
    return Standalone(read).run()


def demo(*, keep: bool) -> int:
    """Show everything on a gateway made for the purpose."""
    from stoker.entrypoints.demo import run  # noqa: PLC0415

    return run(keep=keep)
