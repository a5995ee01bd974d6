"""Somebody who follows the quickstart: a cluster, a Git server, a clone, and the page itself.

The images are those that the tests have built, and the gateways are fake ones. All else is what the
page tells its reader to have: files with the credentials, programs on the PATH, and a checkout of
Stoker in which the commands are run, which here is a folder with a link to the chart.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster import Problem

from kit import certificates, gateways
from kit.charts import CHART
from kit.git_here import TOKEN, GitHere, Source
from kit.kubectl import Kubectl
from kit.pods import Pod
from kit.senders import Sender
from kit.spaces import Space
from kit.walkthrough import Walkthrough, altered
from support.command import environment

if TYPE_CHECKING:
    from cluster import Cluster

PAGE: Final = CHART.parents[1] / "docs" / "quickstart.md"
NAME: Final = "line-a"
PROJECT: Final = "projects/packing/project.json"
VIEW: Final = "projects/packing/com.inductiveautomation.perspective/views/line"
REPLACED: Final = {
    # Both images are built and loaded, and the command line is installed.
    'docker build --tag "$IMAGE:$TAG" .\n': "",
    'docker push "$IMAGE:$TAG"\n': "",
    "pip install '.[cli]'\n": "",
    # The Git server's certificate is of an authority of its own.
    "# kubectl create secret generic git-authority": "kubectl create secret generic git-authority",
    "# caSecretRef:": "caSecretRef:",
}
_RECEIVER: Final = 9444
_FILES: Final = {
    PROJECT: '{"title": "Packing", "enabled": true}\n',
    f"{VIEW}/view.json": '{"root": {"type": "ia.container.flex"}}\n',
    f"{VIEW}/resource.json": '{"scope": "G", "version": 1, "files": ["view.json"]}\n',
}


@dataclass(frozen=True)
class Reader:
    """What one has, in a folder of their own."""

    cluster: Cluster
    git: GitHere
    source: Source
    folder: Path
    product: str
    gateway_image: str

    @classmethod
    def new(cls, cluster: Cluster, git: GitHere, folder: Path, images: tuple[str, str]) -> Reader:
        """With a repository of the page's example, and a clone of it."""
        made = cls(cluster, git, git.repository(NAME), folder, *images)
        made.source.commit(_FILES)
        (folder / "charts").symlink_to(CHART.parent)
        texts = {
            "git-token": TOKEN,
            "api-key": gateways.API_KEY,
            "ca.crt": certificates.pem_of(git.authority),
        }
        for name, text in texts.items():
            # As an editor leaves it.
            (folder / name).write_text(f"{text}\n")
        made._git("clone", "--quiet", str(made.source.upstream.path), NAME)
        return made

    @cached_property
    def plant(self) -> Space:
        """The namespace of the gateways."""
        return Space(self.cluster, "plant")

    @cached_property
    def stoker(self) -> Space:
        """The namespace of the release."""
        return Space(self.cluster, "stoker-system")

    @cached_property
    def kubectl(self) -> Kubectl:
        """For the whole cluster."""
        return Kubectl.of(self.cluster, "default")

    @property
    def pods(self) -> list[Pod]:
        """Those of the gateways."""
        return [self.plant.pod(f"{NAME}-{number}") for number in range(3)]

    @property
    def gateways(self) -> list[gateways.Gateway]:
        """All three."""
        return [gateways.Gateway(pod) for pod in self.pods]

    @cached_property
    def environment(self) -> dict[str, str]:
        """That of the reader's shell."""
        programs = [
            self.cluster.kubectl.parent,
            self.cluster.helm.parent,
            Path(sys.executable).parent,
        ]
        return environment(
            PATH=os.pathsep.join([*map(str, programs), os.environ["PATH"]]),
            KUBECONFIG=str(self.cluster.kubeconfig),
            HOME=str(self.folder),
            GIT_AUTHOR_NAME="Ada",
            GIT_AUTHOR_EMAIL="ada@example.com",
            GIT_COMMITTER_NAME="Ada",
            GIT_COMMITTER_EMAIL="ada@example.com",
            GIT_CONFIG_NOSYSTEM="1",
        )

    @cached_property
    def walkthrough(self) -> Walkthrough:
        """The page in their hands."""
        repository, _, tag = self.product.rpartition(":")
        variables = {
            "IMAGE": repository,
            "TAG": tag,
            "GATEWAY_IMAGE": self.gateway_image,
            "REPO": self.source.url,
            "CHECKOUT": str(self.folder / NAME),
            "GIT_TOKEN_FILE": str(self.folder / "git-token"),
            "API_KEY_FILE": str(self.folder / "api-key"),
        }
        page = altered(PAGE.read_text(), REPLACED, variables)
        return Walkthrough(page, self.folder, self.environment)

    def pushed(self, title: str) -> tuple[str, str]:
        """Push another title of the project; the commit, and what its file holds."""
        content = f'{{"title": "{title}", "enabled": true}}\n'
        (self.folder / NAME / PROJECT).write_text(content)
        self._git("-C", NAME, "commit", "--quiet", "--all", "--message", title)
        self._git("-C", NAME, "push", "--quiet")
        return self._git("-C", NAME, "rev-parse", "HEAD").strip(), content

    def sender(self) -> Sender:
        """A Git server that knows the secret, and reaches the receiver of a pod."""
        label = "app.kubernetes.io/instance=stoker"
        found = self.stoker.kubectl.json("get", "pods", "--selector", label)["items"]
        host, port = self.stoker.ways.to(found[0]["metadata"]["name"], _RECEIVER)
        return Sender(host, port, (self.folder / "webhook-secret").read_text().strip())

    def status(self) -> dict[str, object]:
        """That of the GatewaySync."""
        found: dict[str, object] = self.plant.kubectl.json("get", "gatewaysync", NAME)["status"]
        return found

    def runs(self, *words: str) -> str:
        """What a command of theirs prints."""
        done = subprocess.run(  # noqa: S603 - our own words
            ["/usr/bin/env", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Problem(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Have what fails tell what was in both namespaces."""
        try:
            yield
        except Exception as error:
            for space in (self.stoker, self.plant):
                error.add_note(f"\n--- namespace {space.name}\n{space.story()}")
            raise

    def close(self) -> None:
        """Leave no way open."""
        self.plant.ways.close()
        self.stoker.ways.close()

    def _git(self, *words: str) -> str:
        return self.runs("git", *words)
