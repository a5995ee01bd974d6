"""Certificates and keys behind the identities that decisions are made with.

A vault remembers what the Secret held when it was last whole, and who signed what is served, so
that both can be written again. Keys are nowhere but here, in the Secret and in the context of TLS.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from attrs import define, field

from stoker.adapters.certs import Leaf, Root, read_leaf
from stoker.entrypoints.webhook.certificates.secret import Content

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stoker.core.authority import Held, Revision


@define
class Vault:
    """What one replica has seen and may need again."""

    names: tuple[str, ...]
    """What its own certificates are for, the first name as that of the server."""
    authority_life: timedelta
    memory: Content = field(factory=Content)
    served: Root | None = None

    def remember(self, whole: Held | None, content: Content) -> None:
        """Keep `content` if it is what held together."""
        if whole == content.held:
            self.memory = content

    def serves(self, leaf: Leaf, content: Content) -> None:
        """Keep who signed what is served."""
        self.served = next(root for root in content.roots if root.identity == leaf.issuer)

    def made(
        self, revision: Revision, content: Content, published: Iterable[Root], now: datetime
    ) -> Content:
        """What the Secret is to hold, that holds `content` now."""
        known = (*content.roots, *self.memory.roots, *published)
        roots = [self._found(known, one.identity, one.has_key) for one in revision.authorities]
        signer = revision.signer
        if revision.makes:
            made = Root.make(self.authority_life, now)
            roots.append(made)
            signer = made.identity if signer == "" else signer
        roots.sort(key=_by_end, reverse=True)
        if signer is None:
            identity = revision.serving.identity if revision.serving else ""
            leaves = (content.leaf, self.memory.leaf)
            stays = next((leaf for leaf in leaves if leaf and leaf.identity == identity), None)
            return Content(tuple(roots), stays)
        by = next(root for root in roots if root.identity == signer)
        names = (*self.names, *sorted(revision.names.difference(self.names)))
        pair = by.sign(names, revision.not_after or now)
        return Content(tuple(roots), read_leaf(pair.certificate, pair.key, [by]))

    def _found(self, known: Iterable[Root], identity: str, able: bool) -> Root:  # noqa: FBT001 - as an authority has it
        seen = [root for root in (*known, self.served) if root and root.identity == identity]
        if able:
            return next(root for root in seen if root.key is not None)
        return Root(seen[0].certificate)


def _by_end(root: Root) -> tuple[datetime, str]:
    return root.certificate.not_valid_after_utc, root.identity
