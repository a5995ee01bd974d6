"""An agent without a cluster: beside a gateway on a machine of its own, as a service.

It follows a ref of the repository by itself, and is the same agent in everything else: the same
machine, the same doers, the same protocol on the disk.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

from stoker import __version__
from stoker.adapters.clock import utc_now
from stoker.adapters.git.credentials import Access, token_from_file
from stoker.adapters.ignition import Gateway
from stoker.core.agent import Identity, initial
from stoker.core.agent import events as ev
from stoker.core.errors import StokerError
from stoker.core.pods import Pod, PodAnnotations
from stoker.core.refs import check_repo_url
from stoker.entrypoints.engine.apart import apart
from stoker.entrypoints.engine.loop import GatewayWatch, Loop
from stoker.entrypoints.engine.site import Site
from stoker.entrypoints.memory import settle_down
from stoker.entrypoints.signals import heard
from stoker.entrypoints.standalone.config import PROTOCOLS, StandaloneConfig, read_config
from stoker.entrypoints.standalone.following import Followed, Follower
from stoker.entrypoints.standalone.probes import probes
from stoker.entrypoints.telling import Teller

if TYPE_CHECKING:
    from collections.abc import Callable

    from stoker.entrypoints.pages import Pages


def run(path: Path) -> int:
    """Work as the file at `path` says, until the process is told to end; its exit code."""
    return Standalone(read_config(path)).run()


class Standalone:
    """One agent and what it needs around it."""

    def __init__(self, config: StandaloneConfig) -> None:
        """Nothing happens before `run`."""
        self.config = config
        self.teller = Teller(utc_now)
        self.site = site_of(config)

    def run(self) -> int:
        """Work until SIGTERM or SIGINT."""
        config = self.config
        with apart(self.site, utc_now, complain=self.teller.complain) as hands:
            state = initial(self.site.identity, pod_of(config))
            loop = Loop(state, hands, self.teller, utc_now)
            follower = Follower(
                followed_by(config, self.site), loop.hear, self.teller.complain, utc_now
            )
            helpers: list[Follower | GatewayWatch | Pages] = [follower]
            if self.site.gateway is not None:
                helpers.append(GatewayWatch(hands, loop.hear, utc_now))
            if config.listen is not None:
                helpers.append(probes(config.listen, self.teller, follower))
            loop.hear(ev.Started(utc_now()))
            with heard(_signals(loop, follower)):
                settle_down()
                for helper in helpers:
                    helper.start()
                try:
                    return loop.run()
                finally:
                    for helper in helpers:
                        helper.stop()


def _signals(loop: Loop, follower: Follower) -> dict[int, Callable[[], None]]:
    def end() -> None:
        loop.hear(ev.Sigterm(utc_now()))

    return {signal.SIGTERM: end, signal.SIGINT: end, signal.SIGHUP: follower.look}


def site_of(config: StandaloneConfig) -> Site:
    """Where the agent works, and what it may use."""
    gateway, git = config.gateway, config.git
    return Site(
        identity=Identity(
            namespace=gateway.namespace,
            pod_name=gateway.name,
            agent_version=__version__,
            has_gateway=gateway.url is not None,
        ),
        data=Path(config.data_dir),
        repository=Path(config.repo_dir) / "repository.git",
        scratch=Path(config.repo_dir) / "scratch",
        access=Access(
            host=check_repo_url(git.repo, PROTOCOLS).host,
            token=_token(config),
            ssh_key_file=_path(git.ssh_key_file),
            known_hosts_file=_path(git.known_hosts_file),
            insecure_skip_host_key_check=git.insecure_skip_host_key_check,
            ca_file=_path(git.ca_file),
            protocols=PROTOCOLS,
        ),
        gateway=_gateway(config),
    )


def pod_of(config: StandaloneConfig) -> Pod:
    """The gateway's machine, as the machine knows pods."""
    gateway = config.gateway
    return Pod(
        name=gateway.name,
        namespace=gateway.namespace,
        labels=gateway.labels,
        annotations=PodAnnotations.read({}),
    )


def followed_by(config: StandaloneConfig, site: Site) -> Followed:
    """What is followed."""
    git = config.git
    return Followed(
        remote=site.remote_to(git.repo),
        tracked=git.tracked,
        interval=git.poll_interval.seconds,
        profile=config.resolved,
    )


def _gateway(config: StandaloneConfig) -> Gateway | None:
    gateway = config.gateway
    if gateway.url is None:
        return None
    key = gateway.api_key_file
    return Gateway(
        gateway.url,
        token_from_file(Path(key)) if key else None,
        verify=gateway.verify_tls,
        ca_file=_path(gateway.ca_file),
    )


def _token(config: StandaloneConfig) -> Callable[[], str] | None:
    git = config.git
    if git.token_file is not None:
        return token_from_file(Path(git.token_file))
    if git.github_app is not None:
        # Few use it, and it brings a web client and cryptography along.
        from stoker.adapters.githubapp import GitHubApp  # noqa: PLC0415

        given = git.github_app
        app = GitHubApp(
            app_id=given.app_id,
            installation_id=given.installation_id,
            private_key=lambda: _key(Path(given.private_key_file)),
            api_base_url=given.api_base_url,
        )
        return lambda: app.token().text
    return None


def _key(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StokerError(
            f"the GitHub App's key cannot be read: {error.strerror}",
            where=str(path),
            cure="see that git.githubApp.privateKeyFile names a readable PEM file",
        ) from error


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
