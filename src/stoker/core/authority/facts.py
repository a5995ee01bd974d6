"""What the Secret and the webhook configurations hold, as times and identities.

An identity is a digest of a certificate. Keys are not here: all that decisions need is whether
there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, Literal, TypeAlias

from attrs import frozen

from stoker.core.errors import DecodeError

LAST_PART: Final = 3
"""A certificate is renewed in the last third of its life."""


@frozen
class Authority:
    """A certificate that may sign others."""

    identity: str
    not_before: datetime
    not_after: datetime
    has_key: bool = False
    """Whether its key is there, so that it can sign."""

    def is_good(self, now: datetime) -> bool:
        """Whether what it has signed can be trusted at all."""
        return self.not_before <= now < self.not_after

    def is_outdated(self, now: datetime, lives: int = 1) -> bool:
        """Whether it has been expired for so many times as long as it was good before."""
        return now - self.not_after >= lives * (self.not_after - self.not_before)


@frozen
class Certificate:
    """A serving certificate with a key that fits."""

    identity: str
    issuer: str
    """The identity of the authority that signed it."""
    not_before: datetime
    not_after: datetime
    names: frozenset[str]

    def is_good(self, now: datetime) -> bool:
        """Whether it can be trusted at all."""
        return self.not_before <= now < self.not_after


@frozen
class Held:
    """What the Secret holds; what of it cannot be used is not here."""

    authorities: tuple[Authority, ...] = ()
    serving: Certificate | None = None

    def is_whole(self, now: datetime) -> bool:
        """Whether nothing is missing or broken: it can sign, and has a certificate to serve."""
        can_sign = any(one.has_key and one.is_good(now) for one in self.authorities)
        return can_sign and self.serving is not None

    @property
    def bundle(self) -> tuple[str, ...]:
        """Its authorities, as a configuration is to list them."""
        return tuple(one.identity for one in self.authorities)


@frozen
class Entry:
    """The caBundle of one webhook."""

    identities: tuple[str, ...] = ()
    is_clean: bool = True
    """Whether it is written as we write it, with nothing else in it."""


@frozen
class Configuration:
    """What a webhook configuration holds of ours."""

    entries: tuple[Entry, ...] = ()
    """One for each webhook that is ours."""
    authorities: tuple[Authority, ...] = ()
    """Those in any of them that some replica of ours has made."""

    @property
    def common(self) -> frozenset[str]:
        """Whose signatures are trusted in the calls of each of our webhooks."""
        first, *others = self.entries or (Entry(),)
        return frozenset(first.identities).intersection(*(one.identities for one in others))

    def says(self, bundle: tuple[str, ...]) -> bool:
        """Whether each caBundle is this one."""
        return all(one.is_clean and one.identities == bundle for one in self.entries)


class Absent(Enum):
    """Why nothing is known of a configuration."""

    MISSING = "is not there"
    UNREAD = "could not be read"


MISSING: Final = Absent.MISSING
UNREAD: Final = Absent.UNREAD

Configured: TypeAlias = Configuration | Literal[Absent.MISSING, Absent.UNREAD]


@frozen
class View:
    """What was read: the configurations first, and then the Secret."""

    configurations: Mapping[str, Configured]
    held: Held = Held()

    @property
    def there(self) -> tuple[Configuration, ...]:
        """The configurations that were read."""
        return tuple(one for one in self.configurations.values() if isinstance(one, Configuration))

    @property
    def is_partial(self) -> bool:
        """Whether one of them could not be read."""
        return UNREAD in self.configurations.values()


@frozen(kw_only=True)
class Terms:
    """What a replica wants of certificates."""

    names: frozenset[str]
    life: timedelta
    authority_life: timedelta
    grace: float = 60.0
    """Seconds that an authority is published before anything that it signed is served."""
    breath: float = 1.0
    """Seconds within which every API server has heard of a change, if all is well."""

    def __attrs_post_init__(self) -> None:
        longest = timedelta(seconds=self.grace)
        if not self.names:
            raise DecodeError("there is no name for the certificate", cure="name the Service")
        if self.life <= timedelta() or self.authority_life < LAST_PART * longest:
            raise DecodeError(
                f"a certificate cannot be good for {self.life}, nor an authority for"
                f" {self.authority_life}",
                cure=f"let an authority live for {LAST_PART * longest} at least, and a certificate"
                " for some time",
            )
