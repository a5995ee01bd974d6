"""A repository on a server: what it advertises, and one commit fetched from it.

What is fetched is a commit, not a branch: exactly the id that was resolved, alone (depth 1).
Servers of protocol version 2 give whatever they have by its id. Others give only what they
advertise; then the refs are fetched, step by step deeper, until the commit is there.

Either way the proof is the same: the commit that was asked for is now in the repository, under its
own id, which is the digest of its content; and git has checked that nothing below it is missing.
Nothing is written but objects and the list of commits whose parents are not here: no ref, no
`FETCH_HEAD`. To keep the commit from being tidied away is the repository's affair.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import evolve, field, frozen

from stoker.adapters.git.answer import Answer
from stoker.adapters.git.credentials import Access, Means, lent
from stoker.adapters.git.errors import (
    BrokenTransfer,
    CommitNotFound,
    GitError,
    RefNotFound,
    RepositoryCorrupt,
    redacted,
)
from stoker.adapters.git.growth import Room
from stoker.adapters.git.process import DEADLINE, MEMORY, STALL, Call, never, run

# The package itself: what reads an advertisement is imported where one is asked for.
from stoker.core import refs
from stoker.core.errors import RefError
from stoker.core.refs import CommitId, RefName, RepoUrl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from stoker.adapters.git.process import Finished

Watcher = Callable[[str], None]

_EVERYTHING: Final = (1 << 31) - 1
"""What git takes for no limit of depth."""

_BY_REF: Final = (1, 64, _EVERYTHING)
"""How deep refs are fetched, one after the other, from a server that gives no commit by its id."""

_FETCH: Final = (
    *("fetch", "--progress", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"),
    *("--no-recurse-submodules", "--no-write-commit-graph", "--no-show-forced-updates"),
)

_ADVERTISEMENT_MEMORY: Final = 192 << 20
"""A million refs need less; whoever sends more wants the memory and not an answer."""


@frozen(kw_only=True)
class Remote:
    """The way to one repository, for one credential."""

    url: RepoUrl
    scratch: Path
    """A folder with nothing in it, which git takes for its user's home."""
    access: Access = field(factory=Access)
    deadline: float = DEADLINE
    stall: float = STALL
    is_over: Callable[[], bool] = never
    """Whether to give up, because nobody waits for the answer any more."""

    def advertisement(self, patterns: Collection[str] = ()) -> refs.Advertisement:
        """The refs that `patterns` (as of `ref_prefixes`) name; all, without a pattern."""
        asked = tuple(f"{one}*" if one.endswith("/") else one for one in patterns)
        arguments = ("ls-remote", *_narrowed(asked), "--end-of-options", self.url.text, *asked)
        with self._line() as line:
            printed = line.git(*arguments, memory=_ADVERTISEMENT_MEMORY).output
        # A name that is not UTF-8 can be nobody's, but must not look like another one's.
        return refs.Advertisement.parse(printed.decode(errors="backslashreplace"))

    def fetch(
        self,
        repository: Path,
        commit: CommitId | None,
        ref: str,
        on_progress: Watcher | None = None,
        *,
        room: Room | None = None,
    ) -> CommitId:
        """Bring `commit` into the repository, or what `ref` means now; the commit.

        Raises `RepositoryTooLarge` where there is not enough `room` for it.
        """
        wanted = self._resolved(ref) if commit is None else commit
        with self._line(repository, on_progress, room) as line:
            try:
                line.fetch(wanted)
            except CommitNotFound as refusal:
                line.fetch_until(wanted, self._sources(ref, wanted), refusal)
            line.prove(wanted)
        return wanted

    def _resolved(self, ref: str) -> CommitId:
        name = RefName.parse(ref)
        try:
            return refs.resolve_ref(self.advertisement(refs.ref_prefixes(name)), name)
        except RefError as error:
            raise RefNotFound(error.message, where=error.where, cure=error.cure) from error

    def _sources(self, ref: str, wanted: CommitId) -> Sequence[str]:
        """The refs, by their full names, behind which the commit may lie."""
        name = RefName.parse(ref or wanted)
        named = name.commit is None
        prefixes = refs.ref_prefixes(name) if named else ("refs/heads/", "refs/tags/")
        advertised = self.advertisement(prefixes)
        return [one for one in advertised.names() if not named or one in name.candidates]

    @contextmanager
    def _line(
        self,
        repository: Path | None = None,
        watcher: Watcher | None = None,
        room: Room | None = None,
    ) -> Iterator[_Line]:
        with lent(self.access, self.url) as means:
            yield _Line(self, means, repository, watcher, room or Room(self.scratch))


@frozen
class _Line:
    """A remote, with what its server wants to see, for as long as that is lent."""

    remote: Remote
    means: Means
    repository: Path | None
    watcher: Watcher | None
    room: Room

    def fetch(self, *sources: str, depth: int = 1) -> None:
        """Fetch commits or refs, `depth` commits of each; raises `GitError`."""
        names = "".join(f"{one}\n" for one in sources).encode()
        how = (f"--depth={depth}", "--stdin", "--end-of-options")
        try:
            self.git(*_FETCH, *how, self.remote.url.text, given=names)
        except BrokenTransfer as error:
            if error.missing and self._has_commits():
                # The server left out what this repository said that it has, and it has not.
                raise RepositoryCorrupt(error.message, where=str(self.repository)) from error
            raise

    def fetch_until(
        self, wanted: CommitId, sources: Sequence[str], refusal: CommitNotFound
    ) -> None:
        """Fetch refs, ever deeper, until the commit is there; raises `CommitNotFound`."""
        if not sources:
            raise _gone(wanted, "and has no ref that could lead to it") from refusal
        # A server that knows ids and does not know this one hardly has it further down.
        for depth in _BY_REF if refusal.advertised_only else _BY_REF[:2]:
            self.fetch(*sources, depth=depth)
            if self._found(wanted) is not None:
                return
        raise _gone(
            wanted, f"and it is not in the history of {', '.join(sources[:3])}"
        ) from refusal

    def prove(self, wanted: CommitId) -> None:
        """Raise unless this very commit is in the repository."""
        if self._found(wanted) != wanted:
            raise CommitNotFound(
                "the server answered, but this commit did not come: the id is not that of a commit",
                where=wanted,
            )

    def git(self, *arguments: str, given: bytes = b"", memory: int = MEMORY) -> Finished:
        """Run git; raises a `GitError` that says why where it fails."""
        means, remote = self.means, self.remote
        trace = os.memfd_create("trace", os.MFD_CLOEXEC)
        try:
            call = Call(
                arguments=arguments,
                git_dir=self.repository,
                home=remote.scratch,
                settings=(*means.settings, *_low_speed(remote.stall)),
                extra={**means.extra, **_tracing(trace)},
                protocols=remote.access.protocols,
                handles=(*means.handles, trace),
                given=given,
                deadline=remote.deadline,
                stall=remote.stall,
                memory=memory,
                largest=self.room.left(),
                is_over=remote.is_over,
                look=self.room.look,
            )
            finished = run(call, self.watcher)
            answer = Answer.of_trace(_text_in(trace))
        except GitError as error:
            raise evolve(error, where=error.where or self.where) from error
        finally:
            os.close(trace)
        if finished.status != 0:
            raise self._diagnosed(finished, answer, means)
        return finished

    def _diagnosed(self, finished: Finished, answer: Answer, means: Means) -> GitError:
        # To know all that git can say takes a while, and only failures pay for it.
        from stoker.adapters.git.complaints import Complaint  # noqa: PLC0415 - see above
        from stoker.adapters.git.diagnosis import diagnose  # noqa: PLC0415 - see above

        place = "" if self.repository is None else str(self.repository)
        told = finished.told
        if finished.status < 0:
            told += f"\nerror: git died of signal {-finished.status}"
        error = diagnose(Complaint(told, answer, means.secrets, self.where, place))
        return self.room.explained(error)

    @property
    def where(self) -> str:
        """The address, as errors name it."""
        return redacted(self.remote.url.text)

    def _found(self, commit: CommitId) -> str | None:
        """The id of the commit that this id leads to in the repository."""
        finished = self._look("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
        return finished.output.decode().strip() or None

    def _has_commits(self) -> bool:
        return bool(self._look("for-each-ref", "--count=1", "--format=%(objectname)").output)

    def _look(self, *arguments: str) -> Finished:
        """Run git on the repository alone, without any credential."""
        return run(Call(arguments=arguments, git_dir=self.repository))


def _narrowed(patterns: Collection[str]) -> tuple[str, ...]:
    """What makes git ask for branches or tags alone; patterns alone only choose what it prints."""
    options = {"refs/heads/": "--heads", "refs/tags/": "--tags"}
    needed = {
        next((option for start, option in options.items() if one.startswith(start)), "")
        for one in patterns
    }
    return () if "" in needed else tuple(sorted(needed))


def _low_speed(stall: float) -> tuple[tuple[str, str], ...]:
    """Lets git give up by itself a little later, should there be nobody left to end it."""
    return (("http.lowSpeedLimit", "1"), ("http.lowSpeedTime", str(int(stall) + 5)))


def _tracing(handle: int) -> dict[str, str]:
    return {
        "GIT_TRACE_CURL": f"/proc/self/fd/{handle}",
        "GIT_TRACE_CURL_NO_DATA": "1",
        "GIT_TRACE_REDACT": "1",
    }


def _text_in(handle: int) -> str:
    """The end of what git wrote there: the last answer."""
    size = os.fstat(handle).st_size
    most = 1 << 18
    return os.pread(handle, most, max(0, size - most)).decode(errors="replace")


def _gone(commit: CommitId, why: str) -> CommitNotFound:
    return CommitNotFound(
        f"the server does not give the commit by its id, {why}: history was rewritten, or the ref"
        " was deleted",
        where=commit,
        cure="push the commit again, or name another ref",
    )
