"""The tree of everything that can go wrong, as values with fields.

An error says what happened (`message`), where (`where`: the path of a field or of a file) and
what to do about it (`cure`). Callers match on the class and on fields, never on text; `str()` is
for people. Whether trying again can help is part of the type of the error, so that no loop has to
guess: `disposition` is `Permanent` or `Retryable`.

`InvalidDocument` carries every problem of a document at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Self

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Sequence


@frozen
class Permanent:
    """Trying again without a change of the input cannot help."""


@frozen
class Retryable:
    """Trying again may help, not before `after` seconds where the other side asked for that."""

    after: float | None = None


Disposition = Permanent | Retryable


def _sentence(where: str, message: str, cure: str) -> str:
    # A place may be any text from outside: it must not forge lines or colours in a log.
    place = where if where.isprintable() else repr(where)
    text = f"{place}: {message}" if place else message
    return f"{text} ({cure})" if cure else text


@frozen
class StokerError(Exception):
    """What every error of Stoker is."""

    message: str
    where: str = field(default="", kw_only=True)
    cure: str = field(default="", kw_only=True)

    reason: ClassVar[str] = "Failed"
    """The CamelCase word for conditions, events and `--output json`; each class sets its own."""

    @property
    def disposition(self) -> Disposition:
        """Whether to try again; an error is permanent unless its class says otherwise."""
        return Permanent()

    def __str__(self) -> str:
        """`where: message (cure)`, without the parts that are empty."""
        return _sentence(self.where, self.message, self.cure)


@frozen
class PathError(StokerError):
    """A path that leaves its root, or is not a relative path at all; `where` is the path."""

    reason: ClassVar[str] = "InvalidPath"


@frozen
class RefError(StokerError):
    """A ref that is not a legal name, or that the repository does not have."""

    reason: ClassVar[str] = "InvalidRef"


@frozen
class GlobError(StokerError):
    """A malformed glob pattern; `where` is the pattern."""

    reason: ClassVar[str] = "InvalidGlob"


@frozen
class PatchError(StokerError):
    """A patch that cannot be applied; `where` is the path inside the document.

    `kind` is `invalid_json`, `bad_path`, `limit`, or `broken`: the result would not be JSON.
    """

    kind: str = field(kw_only=True)

    reason: ClassVar[str] = "PatchFailed"


@frozen
class TemplateError(StokerError):
    """A template that does not parse, fails while it runs, or asks for more than it may have.

    `kind` is `parse`, `exec`, `missing_key` or `limit`; line and column count from 1.
    """

    kind: str = field(kw_only=True)
    line: int = field(default=0, kw_only=True)
    column: int = field(default=0, kw_only=True)

    reason: ClassVar[str] = "TemplateFailed"

    def __str__(self) -> str:
        """As of every error, with the position behind the place."""
        place = f"{self.where or 'template'}:{self.line}:{self.column}"
        return _sentence(place, self.message, self.cure)


@frozen
class DecodeError(StokerError):
    """Bytes or data from outside that do not have the form they should have."""

    reason: ClassVar[str] = "DecodeFailed"


@frozen
class Problem:
    """One thing that is wrong with a document: where, what, and the cure."""

    path: str
    message: str
    cure: str = ""

    def __str__(self) -> str:
        """`path: message (cure)`, without the parts that are empty."""
        return _sentence(self.path, self.message, self.cure)


_MOST_TOLD: Final = 20


@frozen
class ManyProblems(StokerError):
    """Everything that is wrong at once."""

    problems: tuple[Problem, ...] = field(kw_only=True)

    @classmethod
    def of_problems(cls, problems: Sequence[Problem]) -> Self:
        """The error for one or more problems: one speaks for itself, several are listed."""
        first, *others = problems
        if not others:
            return cls(first.message, where=first.path, cure=first.cure, problems=(first,))
        listed = "; ".join(map(str, problems[:_MOST_TOLD]))
        more = len(problems) - _MOST_TOLD
        text = f"{listed}; and {more} more" if more > 0 else listed
        return cls(text, problems=tuple(problems))


@frozen
class InvalidDocument(ManyProblems):
    """A document with problems: all of them, in the order in which they stand."""

    reason: ClassVar[str] = "InvalidDocument"

    @classmethod
    def of(cls, what: str, problems: tuple[Problem, ...]) -> InvalidDocument:
        """The error for `what`, which must have at least one problem."""
        listed = "; ".join(map(str, problems))
        return cls(f"{what} has {len(problems)} problem(s): {listed}", problems=problems)


@frozen
class SignatureError(StokerError):
    """A request that does not prove that it comes from someone who knows the secret."""

    reason: ClassVar[str] = "Unauthorized"


@frozen
class UrlError(StokerError):
    """A repository address that git must not be given; `where` is it, without its secrets."""

    reason: ClassVar[str] = "InvalidURL"


@frozen
class ProfileError(StokerError):
    """A gateway names a profile that its GatewaySync does not have; `where` is the name."""

    reason: ClassVar[str] = "ProfileNotFound"


@frozen
class ScanError(StokerError):
    """The gateway did not take what was written; `where` is empty, the message names the scan."""

    retry: Disposition = field(default=Permanent(), kw_only=True)

    reason: ClassVar[str] = "ScanFailed"

    @property
    def disposition(self) -> Disposition:
        """Whether the same scan may end better later."""
        return self.retry


@frozen
class DesignerError(StokerError):
    """A Designer is at work, or may be, where a sync would change files."""

    reason: ClassVar[str] = "DesignerActive"

    @property
    def disposition(self) -> Disposition:
        """Designers are closed some time."""
        return Retryable()
