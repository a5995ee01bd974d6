"""The programs that are built from Go modules: Kubernetes, CoreDNS, helm and the pause program.

Each has a folder below `programs/` with a `go.mod` and a `go.sum`: these are the only places where
versions and hashes are pinned. Kubernetes is one binary that is whatever its name says, with a link
for each name. A build takes long the first time (see docs/testing.md), and lands in the cache.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster import cache
from cluster.problems import Problem
from cluster.running import run

if TYPE_CHECKING:
    from cluster.running import Steps

SOURCES: Final = Path(__file__).parent / "programs"
_FLAGS: Final = ("-trimpath", "-buildvcs=false")
_ENVIRONMENT: Final = {"CGO_ENABLED": "0"}


@dataclass(frozen=True, slots=True)
class Program:
    """One folder below `programs/`."""

    name: str
    module: str = ""  # the module whose version is the program's
    package: str = "."
    links: tuple[str, ...] = ()  # more names for the binary
    stamps: tuple[str, ...] = ()  # variables that the linker sets, as NAME=FORMAT
    slow: str = ""  # what to say before a build that takes a while

    @property
    def folder(self) -> Path:
        """The sources."""
        return SOURCES / self.name

    @property
    def version(self) -> str:
        """As go.mod pins it."""
        if not self.module:
            return ""
        text = (self.folder / "go.mod").read_text()
        found = re.search(rf"^(?:require)?\s*{re.escape(self.module)} (v\S+)", text, re.MULTILINE)
        if found is None:
            raise Problem(f"{self.folder / 'go.mod'} does not require {self.module}")
        return found[1]

    @property
    def label(self) -> str:
        """Name and version, to be read."""
        return f"{self.name} {self.version}".strip()

    def ldflags(self) -> str:
        """No symbols, and the versions that a checkout would have stamped in."""
        major, minor = [*self.version.lstrip("v").split("."), "", ""][:2]
        stamps = [
            "-X " + stamp.format(version=self.version, major=major, minor=minor)
            for stamp in self.stamps
        ]
        return " ".join(["-s -w", *stamps])


def _kubernetes_stamps() -> tuple[str, ...]:
    fields = ("gitVersion={version}", "gitMajor={major}", "gitMinor={minor}")
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return tuple(f"{package}.{field}" for package in packages for field in fields)


KUBERNETES: Final = Program(
    "kubernetes",
    module="k8s.io/kubernetes",
    links=(
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubelet",
        "kube-proxy",
        "kubectl",
    ),
    stamps=_kubernetes_stamps(),
    slow="5 to 15 minutes",
)
COREDNS: Final = Program("coredns", module="github.com/coredns/coredns", slow="1 to 3 minutes")
HELM: Final = Program(
    "helm",
    module="helm.sh/helm/v3",
    package="helm.sh/helm/v3/cmd/helm",
    stamps=("helm.sh/helm/v3/internal/version.version={version}",),
    slow="1 to 4 minutes",
)
PAUSE: Final = Program("pause")
PROBE: Final = Program("probe")  # for the tests of the cluster itself
ALL: Final = (KUBERNETES, COREDNS, HELM, PAUSE)


def key(program: Program) -> str:
    """What the program is made from: sources, pinned versions, flags, and the kind of machine.

    The Go toolchain is no part of it: a new one does not make what is there wrong.
    """
    build = (*_FLAGS, program.package, program.ldflags(), *program.links, platform.machine())
    return cache.key([*cache.files_of(program.folder), *build])


def built(program: Program, steps: Steps) -> Path:
    """The folder with the program, built when it is not there."""

    def make(draft: Path) -> None:
        if shutil.which("go") is None:
            raise Problem(
                f"{program.label} has to be built, and there is no Go: "
                "put the `go` program (1.24 or newer) on the PATH"
            )
        if program.slow:
            steps.say(f"building {program.label} from source: {program.slow}, the first time only")
        with steps.step(f"built {program.label}"):
            _build(program, draft)

    return cache.entry(program.name, key(program), make)


def _build(program: Program, draft: Path) -> None:
    jobs = os.environ.get("STOKER_BUILD_JOBS")
    argv = ["go", "build", *_FLAGS, *(["-p", jobs] if jobs else []), "-ldflags", program.ldflags()]
    run([*argv, "-o", draft / program.name, program.package], cwd=program.folder, env=_ENVIRONMENT)
    for link in program.links:
        (draft / link).symlink_to(program.name)
