"""What a git server advertises, and what a ref means in it.

`git ls-remote` prints a line for each ref: the id, a tab, the full name. An annotated tag has two
lines: the tag object's, and, with `^{}` behind the name, that of the commit which the tag was
peeled to. Only the latter is of use to anyone who wants files.

Lookup: a full commit id is itself; a full name (`refs/…`, `HEAD`) is exactly that ref; any other
name is first a tag, then a branch. The order of the lines never matters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Self

from attrs import field, frozen

from stoker.core.errors import DecodeError, RefError
from stoker.core.refs.names import CommitId, RefName

if TYPE_CHECKING:
    from collections.abc import Iterator

PEELED: Final = "^{}"
"""What stands behind the name of the commit that a tag was peeled to."""

MAX_SUGGESTIONS: Final = 3
"""How many names an error suggests."""

MAX_COMPARED: Final = 1_000
"""With how many names a misspelt one is compared: the comparison is slow."""

_LINE: Final = re.compile(r"(?P<id>[0-9a-f]{40}|[0-9a-f]{64})\t(?P<name>[^\t]+)")
_SYMBOLIC: Final = re.compile(r"ref: [^\t]+\t[^\t]+")
_ABBREVIATED: Final = re.compile(r"[0-9a-f]{7,63}")
_SHOWN_LINE: Final = 120


@frozen
class Advertisement:
    """The refs of a repository: full name → id, peeled tags as `name^{}`."""

    refs: Mapping[str, CommitId] = field(factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the output of `git ls-remote`; `DecodeError` for anything else."""
        refs: dict[str, CommitId] = {}
        for number, line in enumerate(text.split("\n"), start=1):
            # With --symref git says what HEAD points to; HEAD's own line follows.
            if not line or _SYMBOLIC.fullmatch(line):
                continue
            name, commit = _read_line(number, line)
            if refs.setdefault(name, commit) != commit:
                raise _unreadable(number, line, "gives a ref a second, different id")
        return cls(refs)

    def commit_of(self, name: str) -> CommitId | None:
        """The commit behind the full name `name`."""
        return self.refs.get(name + PEELED) or self.refs.get(name)

    def names(self) -> Iterator[str]:
        """The full names, each once, in the order in which they were advertised."""
        return (name for name in self.refs if not name.endswith(PEELED))


def resolve_ref(advertised: Advertisement, ref: str) -> CommitId:
    """The commit that `ref` means, or `RefError` with names that may have been meant."""
    name = RefName.parse(ref)
    if (commit := name.commit) is not None:
        return commit
    for candidate in name.candidates:
        if (found := advertised.commit_of(candidate)) is not None:
            return found
    raise RefError("the repository has no such ref", where=name, cure=_cure(advertised, name))


def _read_line(number: int, line: str) -> tuple[str, CommitId]:
    parts = _LINE.fullmatch(line)
    if parts is None:
        raise _unreadable(number, line, "is not an id, a tab and a name")
    try:
        return parts["name"], CommitId(parts["id"])
    except RefError as error:
        raise _unreadable(number, line, "has an id that is none") from error


def _unreadable(number: int, line: str, why: str) -> DecodeError:
    return DecodeError(
        f"line {number} of the server's refs {why}: {line[:_SHOWN_LINE]!r}",
        where="git ls-remote",
        cure="check that the address is that of a git repository",
    )


def _cure(advertised: Advertisement, ref: RefName) -> str:
    near = _near(advertised, ref)
    if near:
        return f"did you mean {' or '.join(near)}?"
    if _ABBREVIATED.fullmatch(ref):
        return "a commit is named by all 40 or 64 digits of its id"
    return "push the branch or tag, or correct spec.git.ref"


def _near(advertised: Advertisement, ref: RefName) -> list[str]:
    """Names like `ref`: first those that differ by case, `v` or path, then the misspelt ones."""
    shown: dict[str, str] = {}
    for name in sorted(advertised.names()):
        short = _short(name)
        shown.setdefault(short, name if ref.is_exact else short)
    from difflib import get_close_matches  # noqa: PLC0415 - only mistakes pay for it

    wanted = _short(ref)
    plain = _plain(wanted)
    same = [name for name in shown if _plain(name) == plain]
    # Names of quite another length are never close; not to compare them bounds the work.
    length = len(wanted)
    alike = [name for name in shown if length <= 2 * len(name) <= 4 * length][:MAX_COMPARED]
    close = get_close_matches(wanted, alike, n=MAX_SUGGESTIONS, cutoff=0.7)
    return [shown[name] for name in dict.fromkeys(same + close)][:MAX_SUGGESTIONS]


def _short(name: str) -> str:
    return name.removeprefix("refs/tags/").removeprefix("refs/heads/")


def _plain(name: str) -> str:
    last = name.rpartition("/")[2].lower()
    return last[1:] if re.match(r"v[0-9]", last) else last
