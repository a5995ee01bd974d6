"""Bodies of webhooks: any bytes, any JSON, and JSON that looks like that of a known system."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

COMMIT = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["v1.2.3", "refs/heads/main", "refs/tags/v1", "-x", "a..b", "", "\ud800"])
    | st.sampled_from([COMMIT, "0" * 40, "push", "tag_push", "release", "create", "tag", "branch"])
    | st.sampled_from(["published", "deleted", "repo:refs_changed", "pr:opened"])
)
KEYS = [
    "ref", "after", "before", "release", "tag_name", "action", "draft", "object_kind",
    "event_name", "tag", "checkout_sha", "commit", "commits", "id", "push", "changes", "new", "old",
    "name", "type", "target", "hash", "eventKey", "refId", "toHash", "app", "metadata",
    "annotations", "git.ref", "freight", "ref_type", "sha", "zen", "sender", "actor", "repository",
    "compare_url", "full_name", "head_commit",
]  # fmt: skip
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)
documents = st.dictionaries(st.sampled_from(KEYS), json_values, max_size=6)


def _wrapped(path: list[str | int], value: Any) -> Any:
    """`value` at the end of `path`, in an otherwise empty document."""
    for step in reversed(path):
        value = [value] if isinstance(step, int) else {step: value}
    return value


PATHS: list[list[str | int]] = [
    ["ref"],
    ["release", "tag_name"],
    ["app", "metadata", "annotations", "git.ref"],
    ["freight", "commits", 0, "tag"],
    ["push", "changes", 0, "new", "name"],
    ["push", "changes", 0, "old", "name"],
    ["changes", 0, "ref", "id"],
]
known_documents = st.builds(
    lambda path, value, more: {**more, **_wrapped(path, value)},
    st.sampled_from(PATHS),
    json_values,
    documents,
)

bodies = (
    st.binary(max_size=40)
    | json_values.map(json.dumps).map(str.encode)
    | documents.map(json.dumps).map(str.encode)
    | known_documents.map(json.dumps).map(str.encode)
)

header_names = st.sampled_from(
    ["X-GitHub-Event", "X-Gitlab-Event", "X-Gitea-Event", "X-Event-Key", "Content-Type", "Host"]
)
headers = st.dictionaries(header_names, st.text(max_size=8), max_size=3)
