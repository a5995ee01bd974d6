"""What git's and ssh's own words mean.

Git has one exit status for nearly everything, so its words have to be read; the environment says
that they are English. Lines that a server sent (`remote: …`) never decide. What HTTP answered
counts for more than words that may have several causes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stoker.adapters.git import complaints
from stoker.adapters.git.errors import GitError

if TYPE_CHECKING:
    from collections.abc import Callable

_ERROR: Final = 400
_REFUSALS: Final = frozenset({401, 403})
_GONE: Final = frozenset({404, 410})

_RETURNED: Final = re.compile(r"The requested URL returned error: (?P<status>[0-9]{3})")


def diagnose(complaint: complaints.Complaint) -> GitError:
    """The error that git's words mean."""
    own = complaint.own
    for patterns, made in _MEANINGS:
        if patterns.search(own):
            return made(complaint)
    return _of_http(complaint)


def _of_http(complaint: complaints.Complaint) -> GitError:
    status, after = complaint.answer.status, complaint.answer.after
    if returned := _RETURNED.search(complaint.own):
        status = int(returned["status"])
    if status in _REFUSALS and after is None:
        return complaints.not_let_in(complaint)
    if status in _GONE:
        return complaints.no_repository(complaint)
    if status >= _ERROR:
        return complaints.refused(complaint, status, after)
    for patterns, made in _LESS_CERTAIN:
        if patterns.search(complaint.own):
            return made(complaint)
    return GitError(complaint.brief, where=complaint.where)


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


Meanings = tuple["tuple[re.Pattern[str], Callable[[complaints.Complaint], GitError]]", ...]

_MEANINGS: Final[Meanings] = (
    # What this machine says.
    (
        _any(
            "No space left on device", "Disk quota exceeded", "File too large",
            "died of signal 25",  # SIGXFSZ: a file would have become larger than it may
            "Read-only file system", "[Uu]nable to create .*Permission denied",
            "insufficient permission",
        ),
        complaints.full,
    ),
    (
        # Nobody but the kernel ends it by 9 without our knowing why.
        _any("[Oo]ut of memory", "[Cc]annot allocate memory", "died of signal 9"),
        complaints.out_of_memory,
    ),
    (_any("No user exists for uid"), complaints.nobody),
    (
        _any("cannot run ssh", "ssh: (command )?not found", "unable to find remote helper"),
        complaints.no_program,
    ),
    (_any("transport '.*' not allowed", "mismatched algorithms"), complaints.never),
    (
        _any(
            "not a git repository", "bad config", "bad numeric config",
            "loose object .* is corrupt", "object file .* is empty",
            "packfile .* cannot be", "packfile .* is truncated",
            "packfile .* does not match", "index file .* is (too|corrupt)", "invalid shallow line",
            "shallow file has changed", "unable to parse object", "hash mismatch",
        ),
        complaints.corrupt,
    ),
    # What ssh says.
    (
        _any("HOST IDENTIFICATION HAS CHANGED", "Host key for .* has changed"),
        complaints.host_key_changed,
    ),
    (_any("host key is known for", "Host key verification failed"), complaints.host_key_unknown),
    (_any("Load key "), complaints.bad_key),
    (_any("Permission denied \\("), complaints.not_let_in),
    # What the server says about what was asked.
    (_any("not our ref"), complaints.no_commit),
    (_any("unadvertised object", "want [0-9a-f]+ not valid"), complaints.no_commit_by_id),
    (_any("couldn't find remote ref"), complaints.no_ref),
    (
        _any(
            "Repository not found", "repository '.*' not found", "no such repository",
            "access denied or repository not",
            "does not appear to be a git repository",
        ),
        complaints.no_repository,
    ),
    (
        _any("Authentication failed for", "could not read (Username|Password)"),
        complaints.not_let_in,
    ),
    (_any("non-properly terminated", "unexpected eof"), complaints.broken),
    (
        _any(
            "certificate", "SSL[ _]", "gnutls_handshake", "TLS connection", "ca cert",
        ),
        complaints.no_tls,
    ),
    (_any("Operation too slow", "Operation timed out after"), complaints.too_slow),
)  # fmt: skip

_LESS_CERTAIN: Final[Meanings] = (
    (
        _any(
            "did not send all necessary objects", "bad object [0-9a-f]{40}",
            "missing (blob|tree|commit)", "(Could not|unable to) read [0-9a-f]{40}",
            "unresolved deltas",
        ),
        complaints.incomplete,
    ),
    (
        _any(
            "early EOF", "unexpected disconnect", "invalid index-pack output", "index-pack failed",
            "pack has bad", "pack signature", "pack is corrupted", "inflate returned",
            "bad line length", "protocol error", "bad pack header", "unexpected flush",
            "transfer closed", "RPC failed", "expected 'packfile'",
            "bytes of body are still expected",
        ),
        complaints.broken,
    ),
    (
        _any(
            "Could not resolve", "Failed to connect", "Couldn't connect", "unable to connect",
            "Connection (refused|timed out|reset|closed)", "No route to host",
            "Network is unreachable", "Empty reply", "Recv failure", "Could not read from remote",
            "the remote end hung up", "Proxy", "kex_exchange_identification",
        ),
        complaints.no_network,
    ),
)  # fmt: skip
