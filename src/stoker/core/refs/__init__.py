"""What a CR asks of Git, and which commit that is.

Text from outside becomes a value once (`RefName`, `CommitId`, `RepoUrl`, `SemverRange`,
`RequestedRef`) or an error that says how to cure it. What the server advertises is an
`Advertisement`; everything else is a lookup in it.

- `names`: legal ref names and commit ids
- `urls`: which repository addresses are safe to hand to git
- `advertisement`: the lookup of a ref, and which part of the advertisement to ask for
- `semver`: ranges of versions, and the highest tag in one
- `requested`: refs that webhooks asked for, and which ref is in force
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.core.exporting import exported

if TYPE_CHECKING:
    from stoker.core.refs.advertisement import Advertisement, resolve_ref
    from stoker.core.refs.names import CommitId, RefName
    from stoker.core.refs.requested import (
        EffectiveRef,
        Look,
        Request,
        RequestAnnotations,
        RequestedRef,
        RequestSource,
        Resolution,
        effective_ref,
        read_request,
        ref_prefixes,
        resolve_tracked,
        same_ref,
        write_request,
    )
    from stoker.core.refs.semver import SemverRange, resolve_semver
    from stoker.core.refs.urls import DEFAULT_PROTOCOLS, RepoUrl, check_repo_url
else:
    __getattr__ = exported(
        __name__,
        advertisement="Advertisement resolve_ref",
        names="CommitId RefName",
        requested=(
            "EffectiveRef Look Request RequestAnnotations RequestedRef RequestSource Resolution "
            "effective_ref read_request ref_prefixes resolve_tracked same_ref write_request"
        ),
        semver="SemverRange resolve_semver",
        urls="DEFAULT_PROTOCOLS RepoUrl check_repo_url",
    )

__all__ = [
    "DEFAULT_PROTOCOLS",
    "Advertisement",
    "CommitId",
    "EffectiveRef",
    "Look",
    "RefName",
    "RepoUrl",
    "Request",
    "RequestAnnotations",
    "RequestSource",
    "RequestedRef",
    "Resolution",
    "SemverRange",
    "check_repo_url",
    "effective_ref",
    "read_request",
    "ref_prefixes",
    "resolve_ref",
    "resolve_semver",
    "resolve_tracked",
    "same_ref",
    "write_request",
]
