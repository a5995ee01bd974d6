"""What the definition of `GatewaySync` says beyond the types: rules in CEL, and upper bounds.

The API server evaluates these rules when a resource is written, so that a typing error is refused
at once and not reported later. They are the part of `core.spec.rules` that CEL can say; templates,
globs and names of other objects are left to `stoker validate` and to the controller. A rule here
must never refuse what those would take.

CEL rules have a budget, counted for the largest resource that the schema allows. That is what the
upper bounds are for: far above what anybody writes, and far below what would exhaust the budget.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen

from stoker.core.refs.names import MAX_REF_BYTES
from stoker.core.refs.semver import MAX_RANGE
from stoker.core.refs.urls import MAX_URL
from stoker.core.spec import (
    AgentImage,
    AgentSettings,
    FieldPatch,
    GatewayApi,
    GitAuth,
    GitHubAppAuth,
    GitSource,
    Polling,
    SecretKeyRef,
    SourceMapping,
    SyncProfile,
    SyncSection,
    SyncSettings,
)
from stoker.core.spec.durations import MAX_TEXT as MAX_DURATION
from stoker.core.spec.kubernetes import MAX_NAME
from stoker.core.spec.rules.git import MIN_INTERVAL

MAX_TEXT: Final = 65_536
"""Characters of a text in a list or a map: a pattern, a variable, a value to be set."""
MAX_PATH: Final = 1_024
"""Characters of a path and of the template of one."""
MAX_PROFILES: Final = 128
MAX_MAPPINGS: Final = 128
"""Of one profile; a path has its rules once for each mapping of each profile."""
MAX_PATCHES: Final = 64
"""Of one mapping."""
MAX_ENTRIES: Final = 1_024
"""Variables, patterns, and fields of one patch."""


@frozen
class Rule:
    """A CEL expression over `self`, and what is said when it is false."""

    expression: str
    message: str

    def document(self) -> dict[str, str]:
        """The rule as the API server reads it."""
        return {"rule": self.expression, "message": self.message}


@frozen
class More:
    """What the schema of a field has beyond its type."""

    most: int | None = None
    """The largest size of a text, a list or a map."""
    rules: tuple[Rule, ...] = ()
    words: Mapping[str, Any] = field(factory=dict)
    """Further words of the schema, as they are."""


NOTHING_MORE: Final = More()


def matches(pattern: str, subject: str = "self") -> str:
    """CEL for "the whole text has this form"."""
    # A JSON text without what is not ASCII is a CEL text as well.
    return f"{subject}.matches({json.dumps(f'^(?:{pattern})$')})"


def legal_keys(pattern: str) -> Rule:
    """A rule that holds each key of a map to a pattern."""
    return Rule(
        f"self.all(key, {matches(pattern, 'key')})",
        "a name may have letters, digits and '_', with no digit in front",
    )


_NUMBER: Final = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_DURATION: Final = matches(rf"[+]?(?:{_NUMBER}(?:ns|us|µs|μs|ms|s|m|h))+")
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"

_NAME: Final = More(
    most=MAX_NAME,
    rules=(
        Rule(
            matches(rf"{_LABEL}(?:\.{_LABEL})*"),
            "must be a name that Kubernetes takes: lower-case letters, digits, '-' and '.'",
        ),
    ),
)
_KEY: Final = More(
    most=MAX_NAME,
    rules=(
        Rule(
            f"{matches('[-._a-zA-Z0-9]+')} && self != '.' && self != '..'",
            "must be a key that a Secret can have: letters, digits, '-', '_' and '.'",
        ),
    ),
)
_PATH: Final = More(
    most=MAX_PATH,
    rules=(
        Rule("!self.startsWith('/')", "must be a relative path, without the leading '/'"),
        Rule(
            # Spelt out, because a single search is all that the budget has room for.
            "self != '..' && !self.startsWith('../') && !self.endsWith('/..')"
            " && !self.contains('/../')",
            "must not leave its root by '..'",
        ),
    ),
    # No backslash and no control character outside of templates; patterns cost no budget.
    words={"pattern": r"^[^\x00-\x1f\x7f-\x9f\\]*$|\{"},
)

OF_OBJECTS: Final[Mapping[type, tuple[Rule, ...]]] = {
    GitAuth: (
        Rule(
            "[has(self.token), has(self.sshKey), has(self.githubApp)].filter(x, x).size() <= 1",
            "at most one of token, sshKey and githubApp may be given",
        ),
    ),
    GitSource: (
        Rule(
            "has(self.ref) || has(self.semver)",
            "name a branch, a tag or a commit in ref, or a range of versions in semver",
        ),
        Rule("!(has(self.ref) && has(self.semver))", "exactly one of ref and semver may be given"),
    ),
    SourceMapping: (
        Rule(
            "!has(self.type) || self.type != 'dir' || !has(self.patches)"
            " || self.patches.all(patch, has(patch.file))",
            "the patches of a directory need a file: a glob relative to the destination",
        ),
    ),
}
"""Rules of whole objects."""

OF_FIELDS: Final[Mapping[tuple[type, str], More]] = {
    (SecretKeyRef, "name"): _NAME,
    (SecretKeyRef, "key"): _KEY,
    (GatewayApi, "secret_name"): _NAME,
    (GatewayApi, "secret_key"): _KEY,
    (GitSource, "repo"): More(
        most=MAX_URL,
        rules=(
            Rule(
                "!self.startsWith('-') && !self.matches('^[A-Za-z0-9+.-]*::')",
                "must be the address of a repository: https://, ssh:// or git@host:path",
            ),
            Rule(
                "!self.matches('^[A-Za-z][A-Za-z0-9+.-]*://[^/@]*:[^/]*@')",
                "must not carry a password; name a Secret in auth",
            ),
        ),
    ),
    (GitSource, "ref"): More(
        most=MAX_REF_BYTES,
        rules=(
            Rule(
                "!self.startsWith('-') && !self.contains('..')"
                r" && !self.matches('[\\x00-\\x20\\x7f-\\x9f~^:?*\\[\\\\]')",
                "must be the name of a branch, a tag or a commit",
            ),
        ),
    ),
    (GitSource, "semver"): More(most=MAX_RANGE),
    (GitHubAppAuth, "api_base_url"): More(
        most=MAX_URL,
        rules=(Rule("self.startsWith('https://')", "must be the https address of a GitHub API"),),
    ),
    (Polling, "interval"): More(
        most=MAX_DURATION,
        rules=(
            Rule(_DURATION, "must be a duration: a number and a unit, such as 60s or 5m"),
            Rule(
                f"!{_DURATION} || duration(self) >= duration('{MIN_INTERVAL}s')",
                f"must be at least {MIN_INTERVAL}s",
            ),
        ),
    ),
    (AgentImage, "repository"): More(
        most=MAX_URL,
        rules=(
            Rule(
                matches("[A-Za-z0-9][A-Za-z0-9._:/-]*"),
                "must be the repository of an image: host/path/name",
            ),
        ),
    ),
    (AgentImage, "tag"): More(
        rules=(Rule(matches("[A-Za-z0-9_][A-Za-z0-9_.-]*"), "must be the tag of an image"),),
        most=128,
    ),
    (AgentSettings, "repo_size_limit"): More(
        most=32,
        rules=(
            Rule(
                "isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",
                "must be a size such as 2Gi",
            ),
        ),
    ),
    (SyncSection, "profiles"): More(
        most=MAX_PROFILES,
        rules=(
            Rule(
                f"self.all(name, size(name) <= {MAX_NAME})",
                f"the name of a profile has at most {MAX_NAME} characters",
            ),
        ),
    ),
    (SyncProfile, "mappings"): More(
        most=MAX_MAPPINGS,
        # The server holds the keys of such a list unique; CEL's budget has no room for that.
        words={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["source", "destination"],
        },
    ),
    (SourceMapping, "source"): _PATH,
    (SourceMapping, "destination"): _PATH,
    (SourceMapping, "patches"): More(most=MAX_PATCHES),
    (FieldPatch, "file"): More(most=MAX_PATH),
    (FieldPatch, "set"): More(most=MAX_ENTRIES),
    (SyncSettings, "exclude_patterns"): More(most=MAX_ENTRIES),
    (SyncSettings, "vars"): More(most=MAX_ENTRIES),
}
"""Bounds and rules of single fields, by the type that declares the field and the attribute."""
