"""Credentials of git servers: read from Secrets, used at their host, and seen nowhere else.

The git server and GitHub's API are real HTTPS servers on this machine, signed by an authority of
the test's own. Every test ends with a look for the secrets in all that the controller has written.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from kit import Space, eventually, manifests
from kit.controllers import Controllers
from kit.kubectl import Document
from kit.local_controller import LocalController
from kit.plants import Plant, Repository, account, gateway_sync

from stoker.adapters.clock import utc_now
from stoker.testing.repositories import Upstream
from support.git_servers import Authority, HttpsGit
from support.scripted_server import Asked, ScriptedServer, Step, reply

TOKEN = "glpat-planted-Secret-4711"
APP_TOKEN = "ghs_planted0815secret"


class GitHub:
    """GitHub's API: a token for whoever asks with a statement, and how often that was."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.refuse = False

    def script(self, asked: Asked) -> list[Step]:
        self.asked.append(asked)
        if self.refuse:
            return reply(401, {"message": "Bad credentials"})
        ends = (utc_now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return reply(201, {"token": APP_TOKEN, "expires_at": ends})


@pytest.fixture
def ca(tmp_path: Path) -> tuple[Authority, Path]:
    authority = Authority.create()
    return authority, authority.write(tmp_path / "ca.pem")


@pytest.fixture
def git(tmp_path: Path, ca: tuple[Authority, Path]) -> Iterator[HttpsGit]:
    (tmp_path / "repositories").mkdir()
    tls = ca[0].context(tmp_path)
    with HttpsGit(root=tmp_path / "repositories", tls=tls, token=TOKEN) as server:
        yield server


@pytest.fixture
def repository(git: HttpsGit) -> Repository:
    made = Repository(Upstream.create(git.root / "plant.git"), git.url("plant.git"))
    made.commit()
    return made


@pytest.fixture
def github(tmp_path: Path, ca: tuple[Authority, Path]) -> Iterator[tuple[GitHub, str]]:
    api = GitHub()
    with ScriptedServer(api.script, ca[0].context(tmp_path)) as server:
        yield api, f"https://127.0.0.1:{server.port}"


@pytest.fixture
def controller(
    local_controllers: Controllers, ca: tuple[Authority, Path], monkeypatch: pytest.MonkeyPatch
) -> LocalController:
    # GitHub's API is asked with what the machine trusts; a git server has its own field for it.
    monkeypatch.setenv("SSL_CERT_FILE", str(ca[1]))
    return local_controllers.start()


def with_secrets(space: Space, ca: tuple[Authority, Path], pem: str = "") -> None:
    space.apply(
        account(),
        manifests.secret("git-ca", {"ca.crt": ca[1].read_text()}),
        manifests.secret("git-token", {"token": TOKEN}),
        manifests.secret("app", {"pem": pem}),
    )


def a_site(repository: Repository, auth: Document) -> Document:
    ca = {"name": "git-ca", "key": "ca.crt"}
    return gateway_sync("site", repository.url, git={"auth": auth, "caSecretRef": ca})


def by_token(name: str = "git-token") -> Document:
    return {"token": {"secretRef": {"name": name, "key": "token"}}}


def by_app(address: str) -> Document:
    key = {"name": "app", "key": "pem"}
    app = {"appId": 7, "installationId": 42, "privateKeySecretRef": key, "apiBaseURL": address}
    return {"githubApp": app}


def assert_unseen(space: Space, controller: LocalController, *secrets: str) -> None:
    """None of them stands in anything that the controller wrote, Secrets apart."""
    kinds = "gatewaysyncs,configmaps,events,roles,rolebindings,leases"
    written = space.kubectl("get", kinds, "--output", "yaml")
    told = controller.log.read_text()
    scraped = controller.scrape().text
    for secret in secrets:
        coded = base64.b64encode(secret.encode()).decode()
        for form in (secret, coded):
            for what, text in (("objects", written), ("log", told), ("metrics", scraped)):
                assert form not in text, what


def test_a_token_and_a_private_authority(
    space: Space, ca: Any, repository: Repository, controller: LocalController
) -> None:
    with_secrets(space, ca)
    space.apply(a_site(repository, by_token()))
    plant = Plant(space, "site")
    plant.says("RefResolved", "True", text=repository.head())
    assert plant.metadata()["authType"] == "token"
    assert_unseen(space, controller, TOKEN)


def test_a_secret_that_is_missing_or_wrong_is_named(
    space: Space, ca: Any, repository: Repository, controller: LocalController
) -> None:
    with_secrets(space, ca)
    space.apply(manifests.secret("wrong", {"token": "glpat-another-Secret-1234"}))
    space.apply(a_site(repository, by_token("nowhere")))
    plant = Plant(space, "site")
    told = plant.says("RefResolved", "False", "RefResolutionFailed", text="nowhere")
    assert "spec.git.auth.token.secretRef" in told["message"]
    plant.change(git={"auth": by_token("wrong")})
    plant.says("RefResolved", "False", "RefResolutionFailed", text=repository.url)
    assert_unseen(space, controller, TOKEN, "glpat-another-Secret-1234")
    # Whoever puts it right is not kept waiting for the end of a backoff.
    plant.change(git={"auth": by_token()})
    plant.says("RefResolved", "True", within=10)


def test_a_github_app_from_key_to_commit(  # noqa: PLR0913, PLR0917 - two servers
    space: Space,
    ca: Any,
    github: tuple[GitHub, str],
    git: HttpsGit,
    repository: Repository,
    controller: LocalController,
) -> None:
    api, address = github
    git.token = APP_TOKEN
    pem = private_key()
    with_secrets(space, ca, pem)
    space.apply(a_site(repository, by_app(address)))
    plant = Plant(space, "site")
    plant.says("RefResolved", "True", text=repository.head())
    assert plant.metadata()["authType"] == "githubApp"
    secret = space.kubectl.json("get", "secret", "stoker-github-token-site")
    assert base64.b64decode(secret["data"]["token"]).decode() == APP_TOKEN
    assert secret["metadata"]["annotations"]["stoker.io/secret-type"] == "github-app-token"
    assert secret["metadata"]["ownerReferences"][0]["name"] == "site"
    assert [asked.path for asked in api.asked] == ["/app/installations/42/access_tokens"]
    ends = controller.metric("stoker_controller_github_app_token_expiry_timestamp_seconds")
    assert ends > utc_now().timestamp() + 3000
    assert_unseen(space, controller, APP_TOKEN, pem.splitlines()[5])

    # One that is deleted by hand comes again; two exchanges are half a minute apart at least.
    space.kubectl("delete", "secret", "stoker-github-token-site")
    eventually(
        lambda: plant.has("secret", "stoker-github-token-site"), what="it is back", within=75
    )

    # Another way of authentication has no use for it.
    git.token = TOKEN
    plant.change(git={"auth": {**by_token(), "githubApp": None}})
    eventually(lambda: plant.metadata()["authType"] == "token", what="the agents are told")
    eventually(lambda: not plant.has("secret", "stoker-github-token-site"), what="it is gone")
    plant.says("RefResolved", "True")


def test_an_app_that_is_refused(
    space: Space,
    ca: Any,
    github: tuple[GitHub, str],
    repository: Repository,
    controller: LocalController,
) -> None:
    api, address = github
    api.refuse = True
    with_secrets(space, ca, private_key())
    space.apply(a_site(repository, by_app(address)))
    plant = Plant(space, "site")
    told = plant.says("RefResolved", "False", "GitHubAppExchangeFailed", text="401")
    assert "appId" in told["message"]
    assert "next try at" in told["message"]
    plant.says("Stalled", "True", "GitHubAppExchangeFailed")
    assert len(api.asked) == 1
    assert_unseen(space, controller, api.asked[0].headers["authorization"].split()[1])


def private_key() -> str:
    return (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        .decode()
    )
