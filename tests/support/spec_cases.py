"""Sections of a spec that the API server has to take or refuse, each with one thing changed."""

from __future__ import annotations

from typing import Any, Final

REPO: Final = "https://git.example/plant/files.git"
KEY: Final = {"name": "git", "key": "key"}
MAPPING: Final = {"source": "projects", "destination": "projects"}


def git(**given: Any) -> dict[str, Any]:
    """The sources of the files."""
    source = {"repo": REPO, "ref": "v1.0.0"} | given
    return {"git": {name: value for name, value in source.items() if value is not None}}


def profile(**given: Any) -> dict[str, Any]:
    """One profile."""
    return {"sync": {"profiles": {"default": {"mappings": [MAPPING]} | given}}}


def mapping(**given: Any) -> dict[str, Any]:
    """One mapping of one profile."""
    return profile(mappings=[MAPPING | given])


def source(path: str) -> dict[str, Any]:
    """A mapping from there."""
    return mapping(source=path)


APP: Final = {"appId": 1, "installationId": 2, "privateKeySecretRef": KEY}
SSH: Final = {"secretRef": KEY}
PLACE: Final = "spec.sync.profiles[default]"


def app(url: str) -> dict[str, Any]:
    """A GitHub App at this address."""
    return git(auth={"githubApp": APP | {"apiBaseURL": url}})


# --- What is taken ---

LEGAL: Final[dict[str, dict[str, Any]]] = {
    "semver": git(ref=None, semver=">=1.2.0 <2.0.0"),
    "full-ref": git(ref="refs/heads/feature/a_b-c.d@e"),
    "commit": git(ref="a" * 40),
    "scp": git(repo="git@git.example:plant/files.git", auth={"sshKey": SSH}),
    "ssh-with-port": git(repo="ssh://git@[::1]:2222/plant.git"),
    "user-without-password": git(repo="https://user@git.example:8443/a:b@c.git"),
    "token": git(auth={"token": {"secretRef": KEY}}),
    "no-auth": git(auth={}),
    "app": app("https://git.example/api/v3"),
    "secret-names": git(caSecretRef={"name": "a.b-c.1", "key": "..ca_A-1.crt"}),
    "interval-parts": {"polling": {"interval": "1h2m3.5s"}},
    "interval-fraction": {"polling": {"interval": "+.5h"}},
    "interval-micro": {"polling": {"interval": "9000000µs"}},
    "interval-least": {"polling": {"interval": "5s"}},
    "root": mapping(destination="."),
    "untidy-path": source("./a//b..c/...d/"),
    "template-path": source('sites/{{ .Vars.site }}/{{ if eq .PodName "a" }}x{{ end }}'),
    "overlay": profile(mappings=[MAPPING, MAPPING | {"source": "overlay"}]),
    "two-places": profile(mappings=[MAPPING, MAPPING | {"destination": "config/x"}]),
    "variables": profile(vars={"_a": "", "B9": "x" * 5000}),
    "patch-of-file": mapping(type="file", patches=[{"set": {"a.b": "{{ .PodName }}"}}]),
    "patch-of-dir": mapping(type="dir", patches=[{"file": "**/*.json", "set": {"a": "1"}}]),
    "patch-of-either": mapping(patches=[{"set": {"a.0.#(b==1).c": "1"}}]),
    "size": {"agent": {"repoSizeLimit": "1500M"}},
    "resources": {
        "agent": {"resources": {"limits": {"cpu": "200m", "memory": "1Gi", "example.com/x": 1}}}
    },
    "image": {
        "agent": {"image": {"repository": "host:5000/a/b", "tag": "v1", "pullPolicy": "Never"}}
    },
    "receiver": {"receiver": {"secretRef": KEY}},
    "profile-names": {
        "sync": {"profiles": {name: {"mappings": [MAPPING]} for name in ("Línea 1", "a.b/c")}}
    },
    "many-profiles": {
        "sync": {"profiles": {f"line-{i}": {"mappings": [MAPPING]} for i in range(128)}}
    },
    "many-mappings": profile(mappings=[MAPPING | {"source": f"p{i}"} for i in range(128)]),
    "long-path": source("/".join(["a" * 100] * 10)),
    "settings": profile(
        excludePatterns=["**/*.bak"],
        syncPeriod=3600,
        designerSessionPolicy="wait",
        designerSessionScope="gateway",
        dryRun=True,
        paused=False,
        prune="none",
        pruneLimitPercent=0,
        driftAction="restore",
        rollbackOnScanFailure=False,
    ),
}


# --- What is refused: the place and the words that name it ---

AT_MOST_ONE: Final = "at most one of token, sshKey and githubApp may be given"
DOTS: Final = "must not leave its root by '..'"
DURATION: Final = "must be a duration"

ILLEGAL: Final[dict[str, tuple[dict[str, Any], str, str]]] = {
    "token-and-ssh": (
        git(auth={"token": {"secretRef": KEY}, "sshKey": SSH}),
        "spec.git.auth",
        AT_MOST_ONE,
    ),
    "ssh-and-app": (git(auth={"sshKey": SSH, "githubApp": APP}), "spec.git.auth", AT_MOST_ONE),
    "token-and-app": (
        git(auth={"token": {"secretRef": KEY}, "githubApp": APP}),
        "spec.git.auth",
        AT_MOST_ONE,
    ),
    "no-ref": (git(ref=None), "spec.git", "name a branch, a tag or a commit in ref, or a range"),
    "ref-and-semver": (git(semver="1.x"), "spec.git", "exactly one of ref and semver"),
    "ref-option": (git(ref="--upload-pack=x"), "spec.git.ref", "the name of a branch"),
    "ref-expression": (git(ref="main~3"), "spec.git.ref", "the name of a branch"),
    "ref-range": (git(ref="a..b"), "spec.git.ref", "the name of a branch"),
    "ref-backslash": (git(ref="a\\b"), "spec.git.ref", "the name of a branch"),
    "ref-blank": (git(ref="a b"), "spec.git.ref", "the name of a branch"),
    "ref-control": (git(ref="a\x7fb"), "spec.git.ref", "the name of a branch"),
    "password": (git(repo="https://u:pw@git.example/a"), "spec.git.repo", "carry a password"),
    "option": (git(repo="-oProxyCommand=x"), "spec.git.repo", "the address of a repository"),
    "helper": (git(repo="ext::sh -c x"), "spec.git.repo", "the address of a repository"),
    "empty-repo": (git(repo=""), "spec.git.repo", "at least 1 char"),
    "plain-api": (app("http://api.example"), "spec.git.auth.githubApp.apiBaseURL", "https address"),
    "secret-name": (
        git(caSecretRef={"name": "Not_A_Name", "key": "a"}),
        "spec.git.caSecretRef.name",
        "a name that Kubernetes takes",
    ),
    "secret-key": (
        git(caSecretRef={"name": "a", "key": ".."}),
        "spec.git.caSecretRef.key",
        "a key that a Secret can have",
    ),
    "api-secret": (
        {"gateway": {"api": {"secretName": "a/b"}}},
        "spec.gateway.api.secretName",
        "a name that Kubernetes takes",
    ),
    "api-key": (
        {"gateway": {"api": {"secretName": "a", "secretKey": "a/b"}}},
        "spec.gateway.api.secretKey",
        "a key that a Secret can have",
    ),
    "no-gateway": ({"gateway": {}}, "spec.gateway.api", "Required value"),
    "port": (
        {"gateway": {"port": 0, "api": {"secretName": "a"}}},
        "spec.gateway.port",
        "greater than or equal to 1",
    ),
    "interval-text": ({"polling": {"interval": "often"}}, "spec.polling.interval", DURATION),
    "interval-unit": ({"polling": {"interval": "60"}}, "spec.polling.interval", DURATION),
    "interval-day": ({"polling": {"interval": "1d"}}, "spec.polling.interval", DURATION),
    "interval-short": (
        {"polling": {"interval": "4s999ms"}},
        "spec.polling.interval",
        "at least 5s",
    ),
    "interval-negative": ({"polling": {"interval": "-60s"}}, "spec.polling.interval", DURATION),
    "no-profile": ({"sync": {"profiles": {}}}, "spec.sync.profiles", "at least 1 prop"),
    "profile-name": (
        {"sync": {"profiles": {"a" * 254: {"mappings": [MAPPING]}}}},
        "spec.sync.profiles",
        "at most 253 characters",
    ),
    "no-mapping": (profile(mappings=[]), "spec.sync.profiles.default.mappings", "at least 1 item"),
    "variable": (profile(vars={"9a": "x"}), f"{PLACE}.vars", "a name may have letters"),
    "variable-dash": (profile(vars={"a-b": "x"}), f"{PLACE}.vars", "a name may have letters"),
    "variable-of-defaults": (
        {"sync": {"defaults": {"vars": {"": "x"}}, **profile()["sync"]}},
        "spec.sync.defaults.vars",
        "a name may have letters",
    ),
    "up": (source(".."), f"{PLACE}.mappings[0].source", DOTS),
    "up-first": (source("../a"), f"{PLACE}.mappings[0].source", DOTS),
    "up-last": (source("a/.."), f"{PLACE}.mappings[0].source", DOTS),
    "up-within": (mapping(destination="a/../b"), f"{PLACE}.mappings[0].destination", DOTS),
    "absolute": (source("/etc"), f"{PLACE}.mappings[0].source", "must be a relative path"),
    "absolute-destination": (
        mapping(destination="/etc"),
        f"{PLACE}.mappings[0].destination",
        "must be a relative path",
    ),
    "control": (
        mapping(destination="a\nb"),
        "spec.sync.profiles.default.mappings[0].destination",
        "should match",
    ),
    "backslash": (
        source("a\\b"),
        "spec.sync.profiles.default.mappings[0].source",
        "should match",
    ),
    "duplicate": (profile(mappings=[MAPPING, MAPPING]), f"{PLACE}.mappings[1]", "Duplicate value"),
    "patch-of-dir": (
        mapping(type="dir", patches=[{"set": {"a": "1"}}]),
        f"{PLACE}.mappings[0]",
        "the patches of a directory need a file",
    ),
    "empty-patch": (
        mapping(patches=[{"file": "a", "set": {}}]),
        "spec.sync.profiles.default.mappings[0].patches[0].set",
        "at least 1 prop",
    ),
    "prune": (
        profile(prune="all"),
        "spec.sync.profiles.default.prune",
        'supported values: "mirror", "owned", "none"',
    ),
    "engine": (
        mapping(templateEngine="erb"),
        "spec.sync.profiles.default.mappings[0].templateEngine",
        'supported values: "go", "jinja2"',
    ),
    "period": (
        profile(syncPeriod=3601),
        "spec.sync.profiles.default.syncPeriod",
        "less than or equal to 3600",
    ),
    "percent": (
        profile(pruneLimitPercent=-1),
        "spec.sync.profiles.default.pruneLimitPercent",
        "greater than or equal to 0",
    ),
    "number-as-variable": (
        profile(vars={"a": 1}),
        "spec.sync.profiles.default.vars.a",
        "must be of type string",
    ),
    "size": ({"agent": {"repoSizeLimit": "much"}}, "spec.agent.repoSizeLimit", "such as 2Gi"),
    "no-size": ({"agent": {"repoSizeLimit": "0"}}, "spec.agent.repoSizeLimit", "such as 2Gi"),
    "image": (
        {"agent": {"image": {"repository": "a b"}}},
        "spec.agent.image.repository",
        "the repository of an image",
    ),
    "tag": ({"agent": {"image": {"tag": "a:b"}}}, "spec.agent.image.tag", "the tag of an image"),
}
