"""The secret that signs a request, and where it is from: never the command line itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from stoker.adapters.kube.secrets import secret_value
from stoker.core.errors import InvalidDocument, StokerError
from stoker.entrypoints.cli.answers import UsageError
from stoker.entrypoints.cli.cluster.reading import read_sync
from stoker.entrypoints.cli.files import read_text, shown_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stoker.entrypoints.cli.cluster.reaching import Cluster

VARIABLE: Final = "STOKER_WEBHOOK_SECRET"
_CURE: Final = f"name the receiver's own secret with --secret-file or ${VARIABLE}"


@frozen
class Proof:
    """A secret, and in words where it is from."""

    secret: bytes = field(repr=False)
    source: str


def given_proof(file: Path | None, environ: Mapping[str, str]) -> Proof | None:
    """The secret that the user names, if one is; raises `StokerError` where it cannot be used."""
    if file is not None:
        found = Proof(read_text(file).strip().encode(), shown_name(file))
    elif VARIABLE in environ:
        found = Proof(environ[VARIABLE].strip().encode("utf-8", "surrogateescape"), f"${VARIABLE}")
    else:
        return None
    if not found.secret:
        raise UsageError("the secret is empty", where=found.source, cure="write the secret into it")
    return found


def own_proof(cluster: Cluster, target: tuple[str, str]) -> Proof:
    """The GatewaySync's own secret, read with the user's rights; raises `StokerError`."""
    seen = read_sync(cluster, target)
    if isinstance(seen.spec, InvalidDocument):
        raise seen.spec
    ref = seen.spec.receiver.secret_ref
    if ref is None:
        raise StokerError(
            "it has no secret of its own",
            where=f"GatewaySync {'/'.join(target)}: spec.receiver.secretRef",
            cure=_CURE,
        )
    value = secret_value(cluster.client, target[0], ref).strip()
    return Proof(value, f"Secret {target[0]}/{ref.name}")
