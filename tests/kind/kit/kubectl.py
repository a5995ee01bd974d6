"""kubectl and helm as functions: words in, what they print out, and their complaints in errors.

Documents go in as Python values; JSON is YAML, so both programs read them.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cluster import Problem

if TYPE_CHECKING:
    from cluster import Cluster

Document = dict[str, Any]

_PATIENCE: Final = 60.0
_SHOWN: Final = 20


class CommandFailed(Problem):
    """A program that ended with another status than 0; the text has what it said."""


@dataclass(frozen=True)
class Said:
    """How a program ended, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def warnings(self) -> list[str]:
        """The warnings of the API server, as kubectl shows them."""
        lines = self.err.splitlines()
        return [line.removeprefix("Warning: ") for line in lines if line.startswith("Warning: ")]


def tried(words: Sequence[str], stdin: str = "", patience: float = _PATIENCE) -> Said:
    """How the program ends, well or not."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the tests' own words
            words,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CommandFailed(f"{_shown(words)}\n    no end after {patience:.0f} s") from None
    return Said(done.returncode, done.stdout, done.stderr)


def called(words: Sequence[str], stdin: str = "", patience: float = _PATIENCE) -> str:
    """What the program prints."""
    done = tried(words, stdin, patience)
    if done.status != 0:
        lines = (done.err or done.out).strip().splitlines()[-_SHOWN:]
        said = "\n".join(f"    {line}" for line in lines)
        raise CommandFailed(f"{_shown(words)}\n    status {done.status}\n{said}")
    return done.out


def _shown(words: Sequence[str]) -> str:
    return f"{Path(words[0]).name} {' '.join(words[1:])}"


@dataclass(frozen=True)
class Kubectl:
    """kubectl in one namespace."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, cluster: Cluster, namespace: str) -> Kubectl:
        """For a namespace of this cluster."""
        where = ("--kubeconfig", str(cluster.kubeconfig), "--namespace", namespace)
        return cls((str(cluster.kubectl), *where))

    def __call__(self, *words: str, stdin: str = "", patience: float = _PATIENCE) -> str:
        """What it prints; raises `CommandFailed`."""
        return called([*self.words, *words], stdin, patience)

    def tried(self, *words: str, stdin: str = "", patience: float = _PATIENCE) -> Said:
        """How it ends, and what it prints; also where it fails."""
        return tried([*self.words, *words], stdin, patience)

    def json(self, *words: str, patience: float = _PATIENCE) -> Any:
        """What it prints with `--output json`."""
        return json.loads(self(*words, "--output", "json", patience=patience))

    def apply(self, *documents: Document) -> None:
        """Make or change objects."""
        self("apply", "--filename", "-", stdin=together(documents))

    def create(self, *documents: Document) -> None:
        """Make objects; one that is there already is an error."""
        self("create", "--filename", "-", stdin=together(documents))

    def patch(self, kind: str, name: str, change: Document) -> None:
        """Change some fields of an object."""
        self("patch", kind, name, "--type", "merge", "--patch", json.dumps(change))


def together(documents: Sequence[Document]) -> str:
    """Several objects as one document."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(documents)})


@dataclass(frozen=True)
class Helm:
    """helm in one namespace."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, cluster: Cluster, namespace: str) -> Helm:
        """For a namespace of this cluster."""
        where = ("--kubeconfig", str(cluster.kubeconfig), "--namespace", namespace)
        return cls((str(cluster.helm), *where))

    def __call__(self, *words: str, stdin: str = "", patience: float = 180.0) -> str:
        """What it prints; raises `CommandFailed`."""
        return called([*self.words, *words], stdin, patience)

    def install(self, release: str, chart: Path, values: Document | None = None) -> None:
        """Install or upgrade a release, and wait until what it has is ready."""
        words = ("--values", "-", "--wait", "--timeout", "150s")
        self("upgrade", "--install", release, str(chart), *words, stdin=json.dumps(values or {}))
