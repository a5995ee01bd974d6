"""What git's and ssh's words mean: a table of what they say.

Seen to fail with patterns left out, one at a time, and with lines of the server's allowed to
decide.
"""

from __future__ import annotations

import pytest

from stoker.adapters.git.answer import Answer
from stoker.adapters.git.complaints import Complaint
from stoker.adapters.git.diagnosis import diagnose
from stoker.adapters.git.errors import (
    MOST_TOLD,
    AuthenticationFailed,
    BrokenTransfer,
    CommitNotFound,
    GitError,
    GitTimeout,
    HostKeyRefused,
    NetworkUnreachable,
    ProgramMissing,
    RefNotFound,
    RepositoryCorrupt,
    RepositoryFull,
    RepositoryNotFound,
    ServerRefused,
    TlsFailed,
    TooMuch,
    redacted,
)
from stoker.core.errors import Permanent, Retryable

ID = "0123456789abcdef0123456789abcdef01234567"
URL = "https://git.example.com/site.git"

MEANINGS: list[tuple[str, type[GitError]]] = [
    ("fatal: write error: No space left on device\nfatal: index-pack failed", RepositoryFull),
    ("fatal: unable to write file: Disk quota exceeded", RepositoryFull),
    ("error: pack-objects died of signal 25", RepositoryFull),
    ("fatal: Unable to create '/r/shallow.lock': Read-only file system", RepositoryFull),
    ("fatal: Unable to create '/r/shallow.lock': Permission denied", RepositoryFull),
    ("error: insufficient permission for adding an object", RepositoryFull),
    ("fatal: Out of memory, malloc failed (tried to allocate 9 bytes)", TooMuch),
    ("fatal: mmap failed: Cannot allocate memory", TooMuch),
    ("error: git-remote-https died of signal 9", TooMuch),
    ("No user exists for uid 12345\r\nfatal: Could not read from remote", ProgramMissing),
    ("error: cannot run ssh: No such file or directory", ProgramMissing),
    ("fatal: unable to find remote helper for 'https'", ProgramMissing),
    ("fatal: transport 'ext' not allowed", GitError),
    ("fatal: mismatched algorithms: client sha1; server sha256", GitError),
    ("fatal: not a git repository: '/repo'", RepositoryCorrupt),
    ("fatal: bad config line 1 in file /repo/config", RepositoryCorrupt),
    ("error: object file ./objects/aa/bb is empty", RepositoryCorrupt),
    (f"fatal: loose object {ID} (stored in x) is corrupt", RepositoryCorrupt),
    ("error: packfile ./a.pack cannot be accessed", RepositoryCorrupt),
    ("error: packfile ./a.pack does not match index", RepositoryCorrupt),
    ("error: index file ./a.idx is too small", RepositoryCorrupt),
    ("fatal: invalid shallow line: x", RepositoryCorrupt),
    (
        "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
        HostKeyRefused,
    ),
    ("No ED25519 host key is known for x and you have requested strict checking", HostKeyRefused),
    ('Load key "/proc/1/fd/3": error in libcrypto\ngit@x: Permission denied (publickey).',
     AuthenticationFailed),
    ("git@x: Permission denied (publickey,password).", AuthenticationFailed),
    (f"fatal: remote error: upload-pack: not our ref {ID}", CommitNotFound),
    (f"error: Server does not allow request for unadvertised object {ID}", CommitNotFound),
    (f"fatal: remote error: want {ID} not valid", CommitNotFound),
    ("fatal: couldn't find remote ref gone", RefNotFound),
    ("ERROR: Repository not found.\nfatal: Could not read from remote", RepositoryNotFound),
    (f"fatal: repository '{URL}/' not found", RepositoryNotFound),
    ("fatal: '/x' does not appear to be a git repository", RepositoryNotFound),
    ("fatal: remote error: no such repository: /x", RepositoryNotFound),
    (f"fatal: Authentication failed for '{URL}'", AuthenticationFailed),
    (f"fatal: could not read Username for '{URL}': terminal prompts disabled",
     AuthenticationFailed),
    ("fatal: unable to access 'x': SSL certificate problem: self-signed", TlsFailed),
    ("fatal: unable to access 'x': server certificate verification failed", TlsFailed),
    ("fatal: unable to access 'x': gnutls_handshake() failed: Handshake failed", TlsFailed),
    ("GnuTLS recv error (-110): The TLS connection was non-properly terminated.", BrokenTransfer),
    ("error: RPC failed; curl 28 Operation too slow. Less than 1 bytes/sec", GitTimeout),
    ("error: remote did not send all necessary objects", BrokenTransfer),
    (f"fatal: bad object {ID}\nerror: x did not send all necessary objects", BrokenTransfer),
    ("fatal: early EOF\nfatal: fetch-pack: invalid index-pack output", BrokenTransfer),
    ("error: RPC failed; curl 56 Recv failure: Connection reset by peer", BrokenTransfer),
    ("fatal: unable to access 'x': Could not resolve host: x", NetworkUnreachable),
    ("fatal: unable to access 'x': Failed to connect to x port 443", NetworkUnreachable),
    ("ssh: connect to host x port 22: Connection refused", NetworkUnreachable),
    ("kex_exchange_identification: read: Connection reset by peer", NetworkUnreachable),
    ("fatal: unable to access 'x': The requested URL returned error: 429", ServerRefused),
    ("fatal: unable to access 'x': The requested URL returned error: 502", ServerRefused),
    ("fatal: unable to access 'x': The requested URL returned error: 403", AuthenticationFailed),
    ("fatal: something that nobody has seen before", GitError),
    ("", GitError),
]  # fmt: skip


@pytest.mark.parametrize(("told", "error"), MEANINGS)
def test_words_have_a_meaning(told: str, error: type[GitError]) -> None:
    found = diagnose(Complaint(told, where=URL))
    assert type(found) is error
    assert found.where == URL
    assert found.message


def test_damage_on_this_disk_is_where_the_disk_is() -> None:
    for told in ("fatal: No space left on device", "fatal: not a git repository: x"):
        assert diagnose(Complaint(told, where=URL, repository="/repo")).where == "/repo"


def test_what_can_never_work_is_not_tried_again() -> None:
    for told in ("fatal: transport 'ext' not allowed", "fatal: mismatched algorithms: x"):
        assert diagnose(Complaint(told)).disposition == Permanent()


def test_kinds_of_host_keys() -> None:
    changed = diagnose(Complaint("WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!"))
    unknown = diagnose(Complaint("Host key verification failed."))
    assert isinstance(changed, HostKeyRefused)
    assert isinstance(unknown, HostKeyRefused)
    assert (changed.kind, unknown.kind) == ("changed", "unknown")


def test_who_gives_only_what_is_advertised() -> None:
    found = diagnose(
        Complaint(f"error: Server does not allow request for unadvertised object {ID}")
    )
    assert isinstance(found, CommitNotFound)
    assert found.advertised_only
    absent = diagnose(Complaint(f"fatal: remote error: upload-pack: not our ref {ID}"))
    assert isinstance(absent, CommitNotFound)
    assert not absent.advertised_only


@pytest.mark.parametrize("word", ["No space left on device", "is corrupt", "certificate"])
def test_what_a_server_says_of_itself_decides_nothing(word: str) -> None:
    told = f"remote: fatal: loose object {word}\nfatal: the remote end hung up unexpectedly"
    found = diagnose(Complaint(told))
    assert type(found) is NetworkUnreachable
    assert word in found.message


def test_http_counts_for_more_than_words_with_many_causes() -> None:
    told = "fatal: the remote end hung up unexpectedly"
    found = diagnose(Complaint(told, Answer(503, 12.0)))
    assert isinstance(found, ServerRefused)
    assert (found.status, found.disposition) == (503, Retryable(12.0))
    assert type(diagnose(Complaint(told, Answer(200)))) is NetworkUnreachable
    assert type(diagnose(Complaint(told, Answer(410)))) is RepositoryNotFound
    assert type(diagnose(Complaint(told, Answer(418)))) is ServerRefused


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ([], Answer()),
        (["HTTP/2 200"], Answer(200)),
        (["HTTP/1.1 401 No", "Retry-After: 9", "HTTP/1.1 429 Too Many", "X: y"], Answer(429)),
        (["HTTP/1.1 503 No", "Retry-After: 120"], Answer(503, 120.0)),
        (["HTTP/2 429", "retry-after: 7"], Answer(429, 7.0)),
        (["HTTP/2 429", "retry-after: soon"], Answer(429)),
        (["HTTP/2 429", "retry-after: -1"], Answer(429)),
        (["HTTP/2 429", "retry-after: " + "9" * 5000], Answer(429, 999_999_999.0)),
        (
            ["HTTP/2 429", "date: Wed, 21 Oct 2026 07:28:00 GMT",
             "retry-after: Wed, 21 Oct 2026 07:29:30 GMT"],
            Answer(429, 90.0),
        ),
        (
            ["HTTP/2 429", "date: Wed, 21 Oct 2026 07:28:00 GMT",
             "retry-after: Wed, 21 Oct 2020 07:29:30 GMT"],
            Answer(429, 0.0),
        ),
        (["HTTP/2 429", "retry-after: Wed, 21 Oct 2026 07:29:30 GMT"], Answer(429)),
        (
            ["HTTP/2 429", "date: Wed, 21 Oct 2026 07:28:00 -0000",
             "retry-after: Wed, 21 Oct 2026 07:29:30 GMT"],
            Answer(429),
        ),
    ],
)  # fmt: skip
def test_the_last_answer_is_found_in_gits_trace(headers: list[str], answer: Answer) -> None:
    trace = "12:00:00.1 http.c:1 == Info: x\n" + "".join(
        f"12:00:00.1 http.c:2 <= Recv header: {header}\r\n" for header in headers
    )
    assert Answer.of_trace(trace) == answer


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at https://user:pw@x/y", "at https://***@x/y"),
        ("at https://token@x/y", "at https://***@x/y"),
        ("at ssh://git@x/y", "at ssh://git@x/y"),
        ("at ssh://git:pw@x/y", "at ssh://***@x/y"),
        ("the s3cret/+ and s3cret%2F%2B", "the *** and ***"),
        ("a\nb\x1b[0mc\u202ed", "a b [0mc d"),
        ("x" * 1000, "…" + "x" * MOST_TOLD),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert redacted(text, ["s3cret/+", ""]) == shown
