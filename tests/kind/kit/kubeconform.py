"""Objects held against the published schemas of several versions of Kubernetes, by kubeconform.

The documents that schemas are made of lie in Go modules: of Kubernetes itself, and of those whose
kinds the chart can render (Prometheus operator, cert-manager). `SOURCES` pins each by version and
hash; what is wanted of a module is kept in the cache, and the rest of it is not. `kit.schemas`
makes the schemas, in less than a second, so these are made anew for each run.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from cluster import Problem, cache, programs
from cluster.running import Steps, run

from kit import schemas
from kit.kubectl import tried
from stoker.adapters.codec.crd_schema import custom_resource_definition

if TYPE_CHECKING:
    from kit.schemas import Schema

_KUBERNETES: Final = "k8s.io/kubernetes"
_OPENAPI: Final = "api/openapi-spec/swagger.json"
_NAMES: Final = ("go", "mod", "download", "-json")


@dataclass(frozen=True)
class Source:
    """Files of a Go module."""

    module: str
    version: str
    hash: str  # as go.sum has it
    files: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Where they are in the cache's entry."""
        return f"{self.module.rpartition('/')[2]}-{self.version}"


SOURCES: Final = (
    # The oldest that the chart is for, one between, and the newest that there is.
    Source(_KUBERNETES, "v1.29.15", "h1:hLcyf3XmxtfkubCEmmPX5QVD7lDclXjvEUrJeP283LM=", (_OPENAPI,)),
    Source(_KUBERNETES, "v1.32.13", "h1:5TGYdZ6YZqdp6h/Rp1vX/4TIoybMPdgv97LCZCtPuNQ=", (_OPENAPI,)),
    Source(_KUBERNETES, "v1.36.3", "h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o=", (_OPENAPI,)),
    Source(
        "github.com/prometheus-operator/prometheus-operator",
        "v0.85.0",
        "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
        tuple(
            f"example/prometheus-operator-crd/monitoring.coreos.com_{kind}.yaml"
            for kind in ("servicemonitors", "podmonitors", "prometheusrules")
        ),
    ),
    Source(
        "github.com/cert-manager/cert-manager",
        "v1.21.2",
        "h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=",
        (
            "deploy/crds/cert-manager.io_certificates.yaml",
            "deploy/crds/cert-manager.io_issuers.yaml",
        ),
    ),
)
VERSIONS: Final = tuple(one.version for one in SOURCES if one.module == _KUBERNETES)


@dataclass(frozen=True)
class Verdict:
    """What is said of an object."""

    file: str
    kind: str
    name: str
    status: str
    why: str

    @property
    def is_good(self) -> bool:
        """Whether a schema was there and nothing is against it."""
        return self.status == "statusValid"


@dataclass(frozen=True)
class Kubeconform:
    """The program, and schemas for it."""

    program: Path
    folder: Path

    def __call__(self, version: str, files: Sequence[Path]) -> list[Verdict]:
        """What it says of all objects in these files, for a version of Kubernetes."""
        where = f"{self.folder}/{{{{ .NormalizedKubernetesVersion }}}}/{schemas.FILE}"
        version = version.removeprefix("v")
        words = ("-strict", "-verbose", "-output", "json", "-kubernetes-version", version)
        said = tried([str(self.program), *words, "-schema-location", where, *map(str, files)])
        if not said.out.strip():
            raise Problem(f"kubeconform says nothing but: {said.err.strip()}")
        return [
            Verdict(one["filename"], one["kind"], one["name"], one["status"], one["msg"])
            for one in json.loads(said.out)["resources"]
        ]


def kubeconform(folder: Path) -> Kubeconform:
    """The program with schemas in this folder, which is empty."""
    place = _documents()
    definitions = [
        yaml.load((place / source.folder / Path(file).name).read_text(), _loader())  # noqa: S506 - safe in C
        for source in SOURCES
        for file in source.files
        if source.module != _KUBERNETES
    ]
    for source in SOURCES:
        if source.module == _KUBERNETES:
            document = json.loads((place / source.folder / Path(_OPENAPI).name).read_text())
            _write(folder / source.version, document, [*definitions, custom_resource_definition()])
    built = programs.built(programs.KUBECONFORM, Steps(print))
    return Kubeconform(built / programs.KUBECONFORM.name, folder)


def _loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _write(folder: Path, document: Schema, definitions: Sequence[Schema]) -> None:
    found = schemas.of_kubernetes(document)
    for definition in definitions:
        found |= schemas.of_definition(definition, document)
    folder.mkdir()
    for name, schema in found.items():
        (folder / name).write_text(json.dumps(schema))


def _documents() -> Path:
    parts = [part for one in SOURCES for part in (one.module, one.version, one.hash, *one.files)]

    def make(draft: Path) -> None:
        for source in SOURCES:
            _fetch(source, draft)

    return cache.entry("schemas", cache.key(parts), make)


def _fetch(source: Source, draft: Path) -> None:
    """Keep its files alone: a module of Kubernetes takes 120 MB where it is unpacked."""
    modules = draft / "modules"
    environment = {"GOMODCACHE": str(modules), "GOFLAGS": "-modcacherw"}
    said = run([*_NAMES, f"{source.module}@{source.version}"], cwd=draft, env=environment)
    found = json.loads(said)
    if found["Sum"] != source.hash:
        raise Problem(f"{source.module} {source.version} is {found['Sum']}, not {source.hash}")
    target = draft / source.folder
    target.mkdir()
    for file in source.files:
        shutil.copy(Path(found["Dir"]) / file, target)
    shutil.rmtree(modules)
