"""What the bodies of the supported systems are read as.

The full bodies in `payloads/` follow the public documentation of each system.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stoker.core.errors import DecodeError, RefError
from stoker.core.payload import (
    MAX_BODY,
    Ignored,
    PushedRef,
    RefRequest,
    RequestKind,
    parse_payload,
)
from stoker.core.refs import CommitId, RefName, RequestSource

COMMIT = CommitId("6113728f27ae82c7b1a177c8d03f9e96e0adf246")
PAYLOADS = Path(__file__).parent / "payloads"
GITHUB, GITLAB, GITEA = RequestSource.GITHUB, RequestSource.GITLAB, RequestSource.GITEA
BITBUCKET, GENERIC = RequestSource.BITBUCKET, RequestSource.GENERIC


def sent(name: str, headers: dict[str, str] | None = None) -> RefRequest | Ignored:
    return parse_payload(headers or {}, (PAYLOADS / f"{name}.json").read_bytes())


def read(document: Any, headers: dict[str, str] | None = None) -> RefRequest | Ignored:
    return parse_payload(headers or {}, json.dumps(document).encode())


def tag_of(source: RequestSource, commit: CommitId | None = None) -> RefRequest:
    return RefRequest(RefName("v1.4.0"), source, RequestKind.SET, commit, ())


def pushed(source: RequestSource, *refs: tuple[str, CommitId | None]) -> RefRequest:
    several = tuple(PushedRef(RefName(ref), commit) for ref, commit in refs)
    return RefRequest(several[0].ref, source, RequestKind.PUSH, several[0].commit, several)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("github_release", tag_of(GITHUB)),
        ("gitlab_release", tag_of(GITLAB, COMMIT)),
        ("gitea_release", tag_of(GITEA)),
        ("argocd", tag_of(RequestSource.ARGOCD)),
        ("kargo", tag_of(RequestSource.KARGO, COMMIT)),
        ("generic", tag_of(GENERIC)),
    ],
)
def test_releases_and_promotions_set_the_ref(name: str, expected: RefRequest) -> None:
    assert sent(name) == expected


MAIN, TAG, GONE = "refs/heads/main", "refs/tags/v1.4.0", "refs/heads/feature/pump-alarms"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("github_push", pushed(GITHUB, (MAIN, COMMIT))),
        ("github_push_tag", pushed(GITHUB, (TAG, COMMIT))),
        ("github_push_deleted", pushed(GITHUB, (GONE, None))),
        ("github_create_tag", pushed(GITHUB, (TAG, None))),
        ("github_delete_branch", pushed(GITHUB, (GONE, None))),
        ("gitlab_push", pushed(GITLAB, (MAIN, COMMIT))),
        ("gitlab_tag_push", pushed(GITLAB, (TAG, COMMIT))),
        ("gitlab_push_deleted", pushed(GITLAB, (GONE, None))),
        ("bitbucket_push", pushed(BITBUCKET, (MAIN, COMMIT), (TAG, COMMIT))),
        ("bitbucket_push_deleted", pushed(BITBUCKET, (GONE, None))),
        ("bitbucket_dc_push", pushed(BITBUCKET, (MAIN, COMMIT), (GONE, None))),
        ("gitea_push", pushed(GITEA, (MAIN, COMMIT))),
        ("gitea_create", pushed(GITEA, (TAG, COMMIT))),
    ],
)
def test_pushes_say_what_was_pushed(name: str, expected: RefRequest) -> None:
    assert sent(name) == expected


@pytest.mark.parametrize(
    ("name", "source", "event"),
    [
        ("github_ping", GITHUB, "ping"),
        ("github_release_draft", GITHUB, "release that is not published"),
        ("github_release_edited", GITHUB, "release that is not published"),
        ("github_code_scanning_alert", GITHUB, "event without a ref"),
        ("gitlab_job", GITLAB, "build"),
        ("bitbucket_dc_pr", BITBUCKET, "pr:opened"),
        ("bitbucket_fork", BITBUCKET, "event without a ref"),
    ],
)
def test_other_events_of_known_systems_are_ignored(
    name: str, source: RequestSource, event: str
) -> None:
    assert sent(name) == Ignored(source, event)


@pytest.mark.parametrize(
    ("header", "source"),
    [
        ("X-GitHub-Event", GITHUB),
        ("x-gitlab-event", GITLAB),
        ("X-GITEA-EVENT", GITEA),
        ("X-Forgejo-Event", GITEA),
        ("X-Gogs-Event", GITEA),
        ("X-Event-Key", BITBUCKET),
    ],
)
def test_a_header_tells_an_event_without_a_ref(header: str, source: RequestSource) -> None:
    assert sent("bitbucket_dc_test", {header: "e" * 99}) == Ignored(source, "e" * 80)


@pytest.mark.parametrize("header", ["X-Gitea-Event", "X-Forgejo-Event", "X-Gogs-Event"])
@pytest.mark.parametrize("name", ["github_push", "github_release", "github_create_tag"])
def test_gitea_is_known_by_its_header(header: str, name: str) -> None:
    request = sent(name, {header: "push", "X-GitHub-Event": "push"})
    assert isinstance(request, RefRequest)
    assert request.source is GITEA


@pytest.mark.parametrize(
    ("document", "source"),
    [
        ({"compare_url": "x"}, GITEA),
        ({"sender": {"full_name": ""}}, GITEA),
        ({"sender": {"login": "x"}}, GITHUB),
        ({"sender": "x"}, GITHUB),
    ],
)
def test_gitea_is_known_by_its_body(document: dict[str, Any], source: RequestSource) -> None:
    request = read({"ref": "refs/heads/main", "after": COMMIT, **document})
    assert request == pushed(source, (MAIN, COMMIT))


@pytest.mark.parametrize("action", ["published", "released", "prereleased", "created", None])
def test_a_release_that_is_out_sets_the_ref(action: str | None) -> None:
    given = {} if action is None else {"action": action}
    assert read({"release": {"tag_name": "v1.4.0", "draft": False}, **given}) == tag_of(GITHUB)


@pytest.mark.parametrize(
    "action", ["edited", "updated", "deleted", "unpublished", "", 1, True, ["published"], {}]
)
def test_a_release_that_is_changed_or_taken_back_sets_nothing(action: object) -> None:
    found = read({"release": {"tag_name": "v1.4.0"}, "action": action})
    assert found == Ignored(GITHUB, "release that is not published")


def test_a_draft_sets_nothing() -> None:
    found = read({"release": {"tag_name": "v1", "draft": True}, "action": "published"})
    assert isinstance(found, Ignored)


@pytest.mark.parametrize("action", ["update", "delete", ["create"], 1])
def test_a_gitlab_release_that_is_changed_sets_nothing(action: object) -> None:
    found = read({"object_kind": "release", "tag": "v1.4.0", "action": action})
    assert found == Ignored(GITLAB, "release")


def test_a_gitlab_release_without_an_action_is_a_new_one() -> None:
    assert read({"object_kind": "release", "tag": "v1.4.0"}) == tag_of(GITLAB)


def test_gitlab_is_known_by_its_event_name_too() -> None:
    found = read({"event_name": "push", "ref": MAIN, "after": COMMIT})
    assert found == pushed(GITLAB, (MAIN, COMMIT))
    assert read({"event_name": "e" * 99}) == Ignored(GITLAB, "e" * 80)
    assert read({"object_kind": ["push"], "ref": "v1.4.0"}) == tag_of(GENERIC)


def test_a_github_tag_without_a_head_commit_has_its_object() -> None:
    assert read({"ref": TAG, "after": COMMIT, "head_commit": None}) == pushed(GITHUB, (TAG, COMMIT))


@pytest.mark.parametrize("after", ["0" * 40, "x", 7, [], {}, False])
def test_without_a_commit_nothing_is_said_about_it(after: object) -> None:
    found = read({"ref": MAIN, "after": after, "head_commit": {"id": COMMIT}})
    assert found == pushed(GITHUB, (MAIN, None))


@pytest.mark.parametrize(
    ("ref", "kind", "full"),
    [
        ("v1", "tag", "refs/tags/v1"),
        ("main", "branch", "refs/heads/main"),
        ("x", "other", "refs/heads/x"),
        ("refs/tags/v1", "tag", "refs/tags/v1"),
        ("refs/heads/main", "branch", "refs/heads/main"),
    ],
)
def test_created_refs_get_their_full_names(ref: str, kind: str, full: str) -> None:
    assert read({"ref": ref, "ref_type": kind, "sha": COMMIT}) == pushed(GITHUB, (full, COMMIT))


@pytest.mark.parametrize("kind", ["branch", "named_branch", None, 7])
def test_what_is_no_tag_of_bitbucket_is_a_branch(kind: object) -> None:
    change = {"new": {"type": kind, "name": "main", "target": {"hash": COMMIT}}}
    assert read({"push": {"changes": [change]}}) == pushed(BITBUCKET, (MAIN, COMMIT))


def test_a_deleted_tag_of_bitbucket_is_known_from_what_it_was() -> None:
    change = {"new": None, "old": {"type": "tag", "name": "v1.4.0", "target": {"hash": COMMIT}}}
    assert read({"push": {"changes": [change]}}) == pushed(BITBUCKET, (TAG, None))


def test_bitbucket_data_center_names_the_ref_twice() -> None:
    change = {"refId": MAIN, "toHash": COMMIT}
    document = {"eventKey": "repo:refs_changed", "changes": [change]}
    assert read(document) == pushed(BITBUCKET, (MAIN, COMMIT))


@pytest.mark.parametrize(
    "document",
    [{"push": {"changes": []}}, {"eventKey": "repo:refs_changed", "changes": []}],
)
def test_a_push_of_nothing_is_ignored(document: object) -> None:
    assert read(document) == Ignored(BITBUCKET, "push without changes")


def test_an_event_of_bitbucket_data_center_without_changes_is_ignored() -> None:
    assert read({"eventKey": "repo:refs_changed"}) == Ignored(BITBUCKET, "repo:refs_changed")
    assert read({"eventKey": "k" * 99}) == Ignored(BITBUCKET, "k" * 80)


@pytest.mark.parametrize(
    "extra", [{"repository": "acme/config"}, {"repository": {}}, {"sender": {}}, {"actor": {}}]
)
def test_the_generic_form_may_hold_more(extra: dict[str, Any]) -> None:
    assert read({"ref": "v1.4.0", **extra}) == tag_of(GENERIC)


def test_events_of_gitea_without_a_ref_are_gitea_s() -> None:
    found = read({"repository": {}, "sender": {"full_name": "x"}})
    assert found == Ignored(GITEA, "event without a ref")


MISSING = [
    ({"ref": None}, "ref"),
    ({"ref": 7}, "ref"),
    ({"ref": ["v1"]}, "ref"),
    ({"ref": {}}, "ref"),
    ({"release": {}}, "release.tag_name"),
    ({"release": {"tag_name": 1}}, "release.tag_name"),
    ({"after": COMMIT}, "ref"),
    ({"ref_type": "tag"}, "ref"),
    ({"object_kind": "push"}, "ref"),
    ({"object_kind": "release"}, "tag"),
    ({"push": {"changes": [None]}}, "push.changes[].new.name"),
    ({"push": {"changes": [{}]}}, "push.changes[].new.name"),
    ({"eventKey": "repo:refs_changed", "changes": [7]}, "changes[].ref.id"),
    ({"app": {"metadata": {}}}, 'app.metadata.annotations["git.ref"]'),
    ({"app": {"metadata": {"annotations": []}}}, 'app.metadata.annotations["git.ref"]'),
    ({"freight": {}}, "freight.commits[0].tag"),
    ({"freight": {"commits": []}}, "freight.commits[0].tag"),
    ({"freight": {"commits": {"0": {}}}}, "freight.commits[0].tag"),
    ({"freight": {"commits": [{"id": COMMIT}]}}, "freight.commits[0].tag"),
]


@pytest.mark.parametrize(("document", "where"), MISSING)
def test_a_ref_that_is_missing_is_an_error_that_says_where(document: object, where: str) -> None:
    with pytest.raises(RefError) as caught:
        read(document)
    assert caught.value.message == "the body names no ref"
    assert caught.value.where == where
    assert caught.value.cure == "name a branch or a tag"


@pytest.mark.parametrize("ref", ["", "-x", "a..b", "a b", "\ud800", "main\n", "0" * 40])
@pytest.mark.parametrize("form", ["generic", "release", "push", "kargo", "create", "cloud"])
def test_an_illegal_ref_is_an_error_in_any_form(form: str, ref: str) -> None:
    document = {
        "generic": {"ref": ref},
        "release": {"release": {"tag_name": ref}},
        "push": {"ref": ref, "after": COMMIT},
        "kargo": {"freight": {"commits": [{"tag": ref}]}},
        "create": {"ref": ref, "ref_type": "tag"},
        "cloud": {"push": {"changes": [{"new": {"name": ref}}]}},
    }[form]
    with pytest.raises(RefError):
        read(document)


@pytest.mark.parametrize("document", [{}, {"Ref": "v1"}, {"push": 1}, {"app": {}}, {"freight": 1}])
def test_an_object_that_nobody_knows_is_an_error(document: object) -> None:
    with pytest.raises(DecodeError) as caught:
        read(document)
    assert str(caught.value) == (
        "webhook body: the body names no ref "
        '(send {"ref": "v1.2.3"}, or the event of a supported system)'
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is not JSON in UTF-8"),
        (b"{", "the body is not JSON in UTF-8"),
        (b'{"ref": "v1"} x', "the body is not JSON in UTF-8"),
        (b"\xff\xfe", "the body is not JSON in UTF-8"),
        (b'\xef\xbb\xbf{"ref": "v1"}', "the body is not JSON in UTF-8"),
        ('{"ref": "v1"}'.encode("utf-16"), "the body is not JSON in UTF-8"),
        (b"[" * 100_000, "the body is nested too deeply"),
        (b'{"a":' * 100_000, "the body is nested too deeply"),
        (b'{"ref": "v1", "n": NaN}', "the body contains NaN, which is not JSON"),
        (b'{"n": Infinity}', "the body contains Infinity, which is not JSON"),
        (b'{"n": -Infinity}', "the body contains -Infinity, which is not JSON"),
        (b"null", "the body is not a JSON object"),
        (b"7", "the body is not a JSON object"),
        (b'"v1"', "the body is not a JSON object"),
        (b'["ref"]', "the body is not a JSON object"),
        (b"payload=%7B%7D", "the body is a form"),
        (b" " * (MAX_BODY + 1), "the body is larger than 1048576 bytes"),
    ],
)
def test_what_is_no_json_object_is_an_error(body: bytes, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        parse_payload({}, body)
    assert caught.value.message == message
    assert caught.value.where == "webhook body"
    assert caught.value.cure


def test_a_form_is_told_how_to_become_json() -> None:
    with pytest.raises(DecodeError) as caught:
        parse_payload({"Content-Type": "APPLICATION/X-WWW-FORM-URLENCODED"}, b"x=1")
    assert caught.value.message == "the body is a form"
    assert caught.value.cure == "set the content type of the webhook to application/json"


def test_a_body_may_have_the_full_size_and_strange_numbers() -> None:
    body = b'{"ref": "v1.4.0", "n": [' + b"9" * 100_000 + b", 1e999, -0, 1.5]}"
    assert parse_payload({}, body.ljust(MAX_BODY)) == tag_of(GENERIC)


def test_of_a_key_that_stands_twice_the_last_one_counts() -> None:
    assert parse_payload({}, b'{"ref": "main", "ref": "v1.4.0"}') == tag_of(GENERIC)
