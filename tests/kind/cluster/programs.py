"""The programs that are built from Go modules: a node's own, and those that tests need beside it.

Each has a folder below `programs/` with a `go.mod` and a `go.sum`: these are the only places where
versions and hashes are pinned. Kubernetes is one binary that is whatever its name says, with a link
for each name; Prometheus is two binaries. `ALL` is what a node and whoever uses it need; the others
are built when a test asks for them. A build takes long the first time (see docs/testing.md), and
lands in the cache.
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
    packages: tuple[str, ...] = (".",)  # a binary each, that is called as its package is
    tags: tuple[str, ...] = ()  # of the build
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
    packages=("helm.sh/helm/v3/cmd/helm",),
    stamps=("helm.sh/helm/v3/internal/version.version={version}",),
    slow="1 to 4 minutes",
)
PAUSE: Final = Program("pause")
PROBE: Final = Program("probe")  # for the tests of the cluster itself
POLICIES: Final = Program("policies", slow="1 to 3 minutes")  # for the tests of isolation
ALL: Final = (KUBERNETES, COREDNS, HELM, PAUSE)
PROMETHEUS: Final = Program(
    "prometheus",
    module="github.com/prometheus/prometheus",
    packages=(
        "github.com/prometheus/prometheus/cmd/prometheus",
        "github.com/prometheus/prometheus/cmd/promtool",
    ),
    # The clouds' ways to find targets are most of the program, and nothing here needs them.
    tags=("remove_all_sd", "enable_kubernetes_sd"),
    slow="2 to 6 minutes",
)
KUBECONFORM: Final = Program(
    "kubeconform",
    module="github.com/yannh/kubeconform",
    packages=("github.com/yannh/kubeconform/cmd/kubeconform",),
)
ACTIONLINT: Final = Program(
    "actionlint",
    module="github.com/rhysd/actionlint",
    packages=("github.com/rhysd/actionlint/cmd/actionlint",),
)
KWOK: Final = Program(
    "kwok",
    module="sigs.k8s.io/kwok",
    packages=("sigs.k8s.io/kwok/cmd/kwok",),
    slow="2 to 6 minutes",
)
OF_TESTS: Final = (PROMETHEUS, KUBECONFORM, ACTIONLINT, KWOK)
"""What single tests and the scale bench use; no node needs them."""


def key(program: Program) -> str:
    """What the program is made from: sources, pinned versions, flags, and the kind of machine.

    The Go toolchain is no part of it: a new one does not make what is there wrong.
    """
    how = (*_FLAGS, *_tagged(program), *program.packages, program.ldflags())
    build = (*how, *program.links, platform.machine())
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
    argv = ["go", "build", *_FLAGS, *_tagged(program), *(["-p", jobs] if jobs else [])]
    argv += ["-ldflags", program.ldflags(), "-o", f"{draft}/", *program.packages]
    run(argv, cwd=program.folder, env=_ENVIRONMENT)
    for link in program.links:
        (draft / link).symlink_to(program.name)


def _tagged(program: Program) -> tuple[str, ...]:
    return ("-tags", ",".join(program.tags)) if program.tags else ()
