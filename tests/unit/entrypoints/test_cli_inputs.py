"""From what the user told to a request, or to the one thing that is wrong."""

from __future__ import annotations

import pwd
from pathlib import Path
from typing import Any

import pytest
import yaml

from stoker.core.errors import StokerError
from stoker.core.refs import RefName, SemverRange
from stoker.entrypoints.cli.inputs import PROTOCOLS, GivenGateway, request_of
from stoker.entrypoints.cli.options import Given
from stoker.entrypoints.cli.request import GatewayPlace, SyncRequest
from support.specs import a_document

URL = "https://git.example/plant.git"
ENVIRON = {"XDG_CACHE_HOME": "/cache"}
PROFILE = {
    "mappings": [{"source": "a", "destination": "a"}],
    "vars": {"site": "north", "line": "a"},
}


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "profile.yaml"
    path.write_text(yaml.safe_dump(PROFILE))
    return path


@pytest.fixture
def sync(tmp_path: Path) -> Path:
    path = tmp_path / "sync.yaml"
    path.write_text(yaml.safe_dump(a_document()))
    return path


def request(profile: Path, **given: Any) -> SyncRequest:
    told = {"repo": URL, "ref": "main"} | given
    return request_of(Given(profile=profile, **told), environ=ENVIRON)


def refusal(profile: Path | None, **given: Any) -> str:
    with pytest.raises(StokerError) as raised:
        request_of(Given(profile=profile, **({"repo": URL, "ref": "main"} | given)))
    assert raised.value.cure
    return str(raised.value)


def test_the_least_that_must_be_said(profile: Path) -> None:
    made = request(profile)
    assert (made.url.text, made.revision, made.url.host) == (URL, RefName("main"), "git.example")
    assert (made.gateway_name, made.pod_name) == ("gateway", "gateway-0")
    assert (made.namespace, made.cr_name) == ("default", "local")
    assert made.data is None
    assert made.gateway is None
    assert made.labels == {}
    assert made.access.host == "git.example"
    assert made.access.protocols == PROTOCOLS
    assert made.access.token is None
    assert made.profile.name == "default"


def test_a_gateway_sync_says_where_and_what(sync: Path) -> None:
    made = request(sync, repo="", ref="")
    assert made.url.text == "https://git.example/plant/files.git"
    assert made.revision == RefName("v1.0.0")
    assert (made.namespace, made.cr_name) == ("line-a", "plant")


def test_the_command_line_is_over_the_file(sync: Path) -> None:
    made = request(sync, namespace="n", ref="v2")
    assert (made.url.text, made.revision, made.namespace) == (URL, RefName("v2"), "n")


def test_a_range_of_versions_is_taken_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "sync.yaml"
    path.write_text(yaml.safe_dump(a_document(git={"repo": URL, "semver": ">=1.0.0"})))
    assert request(path, repo="", ref="").revision == SemverRange.parse(">=1.0.0")


@pytest.mark.parametrize(
    ("given", "gateway", "pod", "ordinal"),
    [
        ({}, "gateway", "gateway-0", 0),
        ({"pod_name": "plant-3"}, "plant-3", "plant-3", 3),
        ({"gateway_name": "plant"}, "plant", "plant-0", 0),
        ({"gateway_name": "plant", "pod_name": "x-7"}, "plant", "x-7", 7),
        ({"label": ["app.kubernetes.io/name=named"]}, "named", "named-0", 0),
        ({"label": ["apps.kubernetes.io/pod-index=5"], "pod_name": "x-7"}, "x-7", "x-7", 5),
    ],
)
def test_names_follow_from_each_other(
    profile: Path, given: dict[str, Any], gateway: str, pod: str, ordinal: int
) -> None:
    context = request(profile, **given).context("c" * 40, "main")
    assert (context.gateway_name, context.pod_name, context.pod_ordinal) == (gateway, pod, ordinal)


def test_labels_and_variables(profile: Path) -> None:
    made = request(profile, label=["a=b=c", "d="], var=["line=b", "new=x y"])
    assert made.labels == {"a": "b=c", "d": ""}
    assert made.profile.vars == {"site": "north", "line": "b", "new": "x y"}


def test_the_same_pair_twice_is_once(profile: Path) -> None:
    assert request(profile, label=["a=b", "a=b"]).labels == {"a": "b"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"label": ["plain"]}, '--label: "plain" has no key and value (write --label KEY=VALUE)'),
        ({"label": ["=x"]}, '--label: "=x" has no key and value (write --label KEY=VALUE)'),
        ({"label": ["a=1", "a=2"]}, '--label: "a" is given twice (give each key once)'),
        ({"label": ["a=\udcff"]}, '--label: "a=\\udcff" is not valid UTF-8 (write it in UTF-8)'),
        ({"repo_dir": Path(__file__)}, f"{__file__}: is no directory (name a directory)"),
        ({"var": ["1a=x"]}, '--var: "1a" is not a legal name for a variable'),
        ({"gateway_name": "a\nb"}, '--gateway-name: "a\\nb" is no name (write plain text)'),
        ({"pod_name": "\x1b"}, '--pod-name: "\\u001b" is no name (write plain text)'),
        ({"namespace": "\udcff"}, '--namespace: "\\udcff" is no name (write plain text)'),
        ({"ref": "a..b"}, "a..b: the ref contains '..'"),
        ({"ref": "-x"}, "-x: the ref starts with '-'"),
        ({"repo": "ext::sh"}, "ext::sh: the repository address names a remote helper"),
        (
            {"repo": "http://h/x"},
            (
                "http://h/x: the repository address has the scheme 'http', which is not allowed "
                "(use one of: file, https, ssh)"
            ),
        ),
        (
            {"repo": "https://me:hunter2@h/x"},
            (
                "https://***@h/x: the repository address carries a password "
                "(put the secret into a file and name that with --token-file)"
            ),
        ),
        ({"repo": "/no/such"}, "/no/such: there is no such directory (name the folder of a"),
        ({"repo": "no-such"}, "no-such: there is no such directory (name the folder of a"),
        ({"repo": __file__}, f"{__file__}: there is no such directory (name the folder of a"),
        ({"repo": ""}, "no repository is given (name it with --repo URL, or name a GatewaySync"),
        ({"ref": ""}, "no ref is given (name a branch, a tag or a commit with --ref)"),
        ({"token_file": Path("/no/such")}, "/no/such: cannot read the token's file: No such"),
        ({"ssh_key_file": Path("/")}, "/: cannot read the SSH key: Is a directory (name a file)"),
        ({"known_hosts_file": Path("/no/such")}, "/no/such: cannot read the file of host keys"),
        ({"ca_file": Path("/no/such")}, "/no/such: cannot read the authority's certificate"),
    ],
)
def test_what_is_wrong_is_said_with_its_cure(
    profile: Path, given: dict[str, Any], told: str
) -> None:
    message = refusal(profile, **given)
    assert message.startswith(told)
    assert "hunter2" not in message


def test_a_profile_is_needed() -> None:
    assert refusal(None) == "no profile is given (name its file with --profile FILE)"


def test_an_empty_token_is_none(profile: Path, tmp_path: Path) -> None:
    empty = tmp_path / "token"
    empty.touch()
    assert refusal(profile, token_file=empty) == (
        f"{empty}: the token's file is empty (name another file)"
    )


# --- The repository ---


def test_a_folder_becomes_an_address(
    profile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a b%c"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for text in (".", str(folder), "../a b%c"):
        url = request(profile, repo=text).url
        assert (url.text, url.scheme, url.host) == (folder.as_uri(), "file", "")


@pytest.mark.parametrize("text", ["https://h/x", "ssh://git@h/x", "git@h:x", "file:///srv/x.git"])
def test_an_address_stays_as_it_was_written(profile: Path, text: str) -> None:
    assert request(profile, repo=text).url.text == text


def test_the_cache_is_the_users_own(
    profile: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = request(profile).repo_dir, request(profile, repo=f"{URL}x").repo_dir
    assert first.parent == second.parent == Path("/cache/stoker")
    assert first != second
    assert request(profile, repo_dir=Path("/here")).repo_dir == Path("/here")
    monkeypatch.setenv("HOME", str(tmp_path))
    given = Given(profile=profile, repo=URL, ref="main")
    for environ in ({}, {"XDG_CACHE_HOME": ""}, {"XDG_CACHE_HOME": "relative"}):
        made = request_of(given, environ=environ)
        assert made.repo_dir == tmp_path / ".cache" / "stoker" / first.name


def test_who_has_no_home_names_a_folder(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: int) -> Any:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(StokerError) as raised:
        request_of(Given(profile=profile, repo=URL, ref="main"), environ={})
    assert str(raised.value) == (
        "there is no home directory to keep the repository in (name a folder with --repo-dir)"
    )


# --- Credentials ---


def test_a_credential_is_for_the_host_that_was_typed(profile: Path, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    access = request(profile, token_file=token).access
    assert access.host == "git.example"
    assert access.token is not None
    assert access.token() == "s3cret"
    assert request(profile, token_file=token, git_host="Other.Example").access.host == (
        "other.example"
    )


def test_a_file_cannot_choose_where_a_credential_goes(sync: Path, tmp_path: Path) -> None:
    """Failed when the host came from the file: a pull request could then read the CI's token."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    for option in ("token_file", "ssh_key_file"):
        assert refusal(sync, repo="", **{option: secret}) == (
            f"git.example: the repository's address comes from a file, and {secret} is not shown "
            "to just any host (to agree, give --git-host git.example)"
        )
        made = request(sync, repo="", git_host="git.example", **{option: secret})
        assert made.access.host == "git.example"


# --- The gateway ---


def test_a_gateway_with_its_key(profile: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("name:secret")
    gateway = GivenGateway(url="https://gw.example:8043", api_key_file=key, ca_file=key)
    made = request_of(
        Given(profile=profile, repo=URL, ref="main"),
        data=tmp_path,
        gateway=gateway,
        environ=ENVIRON,
    )
    assert made.gateway == GatewayPlace(
        url="https://gw.example:8043", api_key_file=key, ca_file=key
    )
    assert made.data == tmp_path


@pytest.mark.parametrize(
    ("gateway", "told"),
    [
        ({"url": "gw:8088"}, "gw://: the gateway's address has to begin with http:// or https://"),
        ({"url": "http://me:hunter2@gw"}, "http://gw: the gateway's address must not carry a user"),
        ({"url": "http://gw", "api_key_file": Path("/no/such")}, "/no/such: cannot read the API"),
        ({"url": "http://gw", "ca_file": Path("/no/such")}, "/no/such: cannot read the authority"),
        ({"ca_file": Path("/")}, "--gateway-ca-file: an authority is given, but no gateway"),
    ],
)
def test_what_is_wrong_with_a_gateway(profile: Path, gateway: dict[str, Any], told: str) -> None:
    with pytest.raises(StokerError) as raised:
        request_of(Given(profile=profile, repo=URL, ref="main"), gateway=GivenGateway(**gateway))
    assert str(raised.value).startswith(told)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [("missing", "cannot enter it: No such file or directory"), ("file", "is no directory")],
)
def test_the_data_directory_has_to_be_there(profile: Path, name: str, told: str) -> None:
    (profile.parent / "file").touch()
    given = Given(profile=profile, repo=URL, ref="main")
    with pytest.raises(StokerError, match=told):
        request_of(given, data=profile.parent / name)
