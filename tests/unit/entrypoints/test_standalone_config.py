"""What a standalone agent may be told, and what it says of everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stoker.adapters.git.errors import GitError
from stoker.core.errors import InvalidDocument, StokerError
from stoker.core.refs import RefName, SemverRange
from stoker.entrypoints.standalone import followed_by, pod_of, site_of
from stoker.entrypoints.standalone.config import (
    StandaloneConfig,
    decode_config,
    parse_listen,
    read_config,
)

SHIPPED = Path(__file__).parents[3] / "packaging" / "stoker-agent.yaml"
GONE = object()
APP = {"appId": 1, "installationId": 2, "privateKeyFile": "/etc/stoker/key.pem"}


def document(**changes: object) -> dict[str, Any]:
    """A valid one, changed at places such as `git__ref`."""
    made: dict[str, Any] = {
        "gateway": {"name": "line-4"},
        "git": {"repo": "https://git.example.com/plant.git", "ref": "main"},
        "dataDir": "/data",
        "repoDir": "/repo",
        "profile": {"mappings": [{"source": "projects", "destination": "projects"}]},
    }
    for place, value in changes.items():
        *above, last = place.split("__")
        holder = made
        for step in above:
            holder = holder[step]
        if value is GONE:
            del holder[last]
        else:
            holder[last] = value
    return made


def refused(**changes: object) -> InvalidDocument:
    with pytest.raises(InvalidDocument) as caught:
        decode_config(document(**changes), "agent.yaml")
    return caught.value


def written(folder: Path, text: str) -> Path:
    file = folder / "agent.yaml"
    file.write_text(text)
    return file


def test_the_shipped_one_is_valid() -> None:
    config = read_config(SHIPPED)
    assert config.gateway.name == "line-4"
    assert config.gateway.labels == {"area": "packaging"}
    assert config.git.poll_interval.seconds == 60
    assert config.resolved.vars == {"site": "north"}
    assert [each.source for each in config.resolved.mappings] == ["projects", "config/core"]
    site = site_of(config)
    assert site.identity.has_gateway
    assert site.access.host == "git.example.com"
    assert followed_by(config, site).tracked == RefName.parse("main")
    assert pod_of(config).labels == {"area": "packaging"}


def test_what_is_left_out() -> None:
    config = decode_config(document(), "agent.yaml")
    assert config.git.poll_interval.seconds == 60
    assert config.listen is None
    assert not config.gateway.verify_tls
    site = site_of(config)
    assert site.gateway is None
    assert not site.identity.has_gateway
    assert site.access.token is None


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"gateway": GONE}, "gateway"),
        ({"gateway": "line-4"}, "gateway"),
        ({"gateway__name": GONE}, "gateway.name"),
        ({"gateway__name": ""}, "gateway.name"),
        ({"gateway__name": 4}, "gateway.name"),
        ({"gateway__url": "line-4"}, "gateway.url"),
        ({"gateway__url": "ftp://line-4"}, "gateway.url"),
        ({"gateway__url": "http://user:word@line-4"}, "gateway.url"),
        ({"gateway__url": ""}, "gateway.url"),
        ({"gateway__apiKeyFile": ""}, "gateway.apiKeyFile"),
        ({"gateway__apiKeyFile": ["key"]}, "gateway.apiKeyFile"),
        ({"gateway__verifyTls": "yes"}, "gateway.verifyTls"),
        ({"gateway__caFile": 1}, "gateway.caFile"),
        ({"gateway__labels": {"area": 7}}, "gateway.labels.area"),
        ({"gateway__labels": ["area"]}, "gateway.labels"),
        ({"gateway__namespace": 1}, "gateway.namespace"),
        ({"git": GONE}, "git"),
        ({"git__repo": GONE}, "git.repo"),
        ({"git__repo": ""}, "git.repo"),
        ({"git__repo": "ext::sh -c id"}, "git.repo"),
        ({"git__repo": "http://git.example.com/plant.git"}, "git.repo"),
        ({"git__ref": ""}, "git.ref"),
        ({"git__ref": "a..b"}, "git.ref"),
        ({"git__ref": "--upload-pack=id"}, "git.ref"),
        ({"git__ref": GONE, "git__semver": "newest"}, "git.semver"),
        ({"git__ref": GONE}, "git"),
        ({"git__semver": ">=1.0.0"}, "git"),
        ({"git__pollInterval": "60"}, "git.pollInterval"),
        ({"git__pollInterval": 60}, "git.pollInterval"),
        ({"git__pollInterval": "0s"}, "git.pollInterval"),
        ({"git__pollInterval": "-5s"}, "git.pollInterval"),
        ({"git__tokenFile": ""}, "git.tokenFile"),
        ({"git__sshKeyFile": ""}, "git.sshKeyFile"),
        ({"git__knownHostsFile": 1}, "git.knownHostsFile"),
        ({"git__insecureSkipHostKeyCheck": "no"}, "git.insecureSkipHostKeyCheck"),
        ({"git__caFile": ""}, "git.caFile"),
        ({"git__tokenFile": "/token", "git__sshKeyFile": "/key"}, "git"),
        ({"git__tokenFile": "/token", "git__githubApp": APP}, "git"),
        ({"git__sshKeyFile": "/key", "git__githubApp": APP}, "git"),
        ({"git__githubApp": {**APP, "appId": 0}}, "git.githubApp.appId"),
        ({"git__githubApp": {**APP, "installationId": "2"}}, "git.githubApp.installationId"),
        ({"git__githubApp": {**APP, "privateKeyFile": ""}}, "git.githubApp.privateKeyFile"),
        ({"dataDir": GONE}, "dataDir"),
        ({"dataDir": ""}, "dataDir"),
        ({"repoDir": GONE}, "repoDir"),
        ({"repoDir": 1}, "repoDir"),
        ({"profile": GONE}, "profile"),
        ({"profile__mappings": []}, "profile.mappings"),
        ({"profile__mappings": [{"source": "../a", "destination": "b"}]},
         "profile.mappings[0].source"),
        ({"profile__syncPeriod": 4}, "profile.syncPeriod"),
        ({"profile__driftAction": "shout"}, "profile.driftAction"),
        ({"listen": "here"}, "listen"),
        ({"listen": "127.0.0.1:65536"}, "listen"),
        ({"listen": "127.0.0.1:-1"}, "listen"),
        ({"listen": "127.0.0.1"}, "listen"),
        ({"listen": 8082}, "listen"),
        ({"surprise": 1}, "surprise"),
        ({"git__tokenfile": "/token"}, "git.tokenfile"),
        ({"profile__mapings": []}, "profile.mapings"),
        ({"git__githubApp": {**APP, "key": "x"}}, "git.githubApp.key"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_and_has_a_cure(changes: dict[str, object], place: str) -> None:
    problems = refused(**changes).problems
    assert [problem.path for problem in problems] == [place]
    assert problems[0].message
    assert problems[0].cure


def test_an_unknown_field_is_told_what_it_may_have_meant() -> None:
    (problem,) = refused(git__tokenfile="/token").problems
    assert "tokenFile" in problem.cure


def test_everything_that_is_misread_is_told_at_once() -> None:
    error = refused(gateway__name=4, git__surprise=1, dataDir=GONE, profile__driftAction="shout")
    assert {problem.path for problem in error.problems} == {
        "gateway.name",
        "git.surprise",
        "dataDir",
        "profile.driftAction",
    }
    assert str(error).startswith("agent.yaml has 4 problem(s)")


def test_everything_that_breaks_a_rule_is_told_at_once() -> None:
    error = refused(
        gateway__url="line-4",
        git__repo="ext::sh",
        git__semver="newest",
        git__pollInterval="0s",
        git__tokenFile="/token",
        git__sshKeyFile="/key",
        listen="here",
    )
    assert [problem.path for problem in error.problems] == [
        "gateway.url",
        "git",
        "git",
        "git.repo",
        "git.semver",
        "git.pollInterval",
        "listen",
    ]


@pytest.mark.parametrize(
    "git", [{"tokenFile": "/token"}, {"sshKeyFile": "/key"}, {"githubApp": APP}, {}]
)
def test_one_way_to_authenticate_or_none(git: dict[str, object]) -> None:
    changes = {f"git__{name}": value for name, value in git.items()}
    config = decode_config(document(**changes), "agent.yaml")
    access = site_of(config).access
    assert (access.token is not None) == bool({"tokenFile", "githubApp"} & git.keys())
    assert (access.ssh_key_file is not None) == ("sshKeyFile" in git)


@pytest.mark.parametrize("git", [{"tokenFile": "/nowhere/token"}, {"githubApp": APP}])
def test_a_secret_that_cannot_be_read_is_an_error_with_its_path(git: dict[str, object]) -> None:
    changes = {f"git__{name}": value for name, value in git.items()}
    token = site_of(decode_config(document(**changes), "agent.yaml")).access.token
    assert token is not None
    with pytest.raises((GitError, StokerError)) as caught:
        token()
    assert caught.value.where in {"/nowhere/token", "/etc/stoker/key.pem"}


def test_a_range_of_versions_is_followed() -> None:
    config = decode_config(document(git__ref=GONE, git__semver=">=1.2.0 <2.0.0"), "agent.yaml")
    assert config.git.tracked == SemverRange.parse(">=1.2.0 <2.0.0")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8082", ("127.0.0.1", 8082)),
        (":8082", ("127.0.0.1", 8082)),
        ("8082", ("127.0.0.1", 8082)),
        ("[::1]:0", ("::1", 0)),
        ("0.0.0.0:65535", ("0.0.0.0", 65535)),  # noqa: S104 - an address as any other
    ],
)
def test_where_to_listen(text: str, address: tuple[str, int]) -> None:
    assert parse_listen(text) == address


VALID = SHIPPED.read_text()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has 0 documents"),
        ("# nothing but this\n", "has 0 documents"),
        (f"{VALID}\n---\n{VALID}", "has 2 documents"),
        ("- gateway\n- git\n", "the configuration is a list"),
        ("line-4\n", "the configuration is text"),
        ("7\n", "the configuration is a number"),
        ("[]\n", "the configuration is a list"),
        (f"{VALID}\n  bad indentation: [\n", "the configuration "),
        (f"{VALID}\ndataDir: /elsewhere\n", "is there twice"),
        (f"{VALID}\n---\n[", "the configuration "),
    ],
)
def test_a_text_that_is_no_configuration(tmp_path: Path, text: str, told: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(StokerError) as caught:
        read_config(file)
    assert told in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_text_that_is_not_yaml_names_the_line(tmp_path: Path) -> None:
    file = written(tmp_path, "gateway:\n  name: [\n")
    with pytest.raises(StokerError) as caught:
        read_config(file)
    assert caught.value.where.startswith(f"{file}:")


def test_an_empty_document_at_the_end_is_none(tmp_path: Path) -> None:
    assert isinstance(read_config(written(tmp_path, f"{VALID}\n---\n")), StandaloneConfig)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xfa"])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "agent.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(StokerError, match="cannot be read") as caught:
        read_config(file)
    assert caught.value.where == str(file)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(StokerError, match="cannot be read"):
        read_config(tmp_path)
