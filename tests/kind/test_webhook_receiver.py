"""Requests of git servers and others, from the sender to what the controller makes of them.

The receiver is a process with the chart's rights, as the chart has it apart from admission. Pushes
are real ones; what GitHub would send is sent and signed as GitHub does it. The agents' part is in
`test_webhook_sidecar.py`.

Broken on purpose, and seen to fail: a CR's own secret is not looked at.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from kit import Space, eventually, manifests
from kit.admissions import pods_are_created
from kit.api import Api
from kit.control_plane import ControlPlane
from kit.controllers import Controllers
from kit.kubectl import tried
from kit.local_webhook import LocalWebhook
from kit.plants import Plant, Repository, gateway_sync
from kit.pods import Answer
from kit.senders import Flood, Sender, github_push, github_release
from kit.webhooks import Webhooks

from stoker.core import names
from support.command import STOKER
from support.git_servers import GitDaemon

KEY: Final = "the key of all"
OWN: Final = "the key of one"
AT_ONCE: Final = 5.0
"""Seconds; without a request the ref would be looked at in an hour."""


@dataclass(frozen=True)
class Bench:
    """A receiver, a controller, and a repository with two CRs that follow it."""

    webhooks: Webhooks
    receiver: LocalWebhook
    repository: Repository
    plant: Plant
    own: Plant

    @property
    def space(self) -> Space:
        return self.webhooks.space

    def sender(self, key: str = KEY) -> Sender:
        return Sender("127.0.0.1", self.receiver.port, key)

    def send(self, content: object, *, to: str = "plant", key: str = KEY) -> Answer:
        return self.sender(key).send(self.space.name, to, content)


@pytest.fixture(scope="module")
def bench(
    new_webhooks: Callable[..., Webhooks],
    shared_controllers: Controllers,
    git: GitDaemon,
    tmp_path_factory: pytest.TempPathFactory,
) -> Bench:
    shared_controllers.start(allowed_protocols="git,https")
    webhooks = new_webhooks()
    webhooks.start()
    key = tmp_path_factory.mktemp("receiver") / "hmac"
    key.write_text(f"{KEY}\n")
    # All senders are this machine.
    receiver = webhooks.receive(
        receiver_hmac_file=key, rate_limit_source=1000, rate_limit_cr=100, rate_limit_cr_burst=200
    )
    repository = Repository.create(git, f"{webhooks.space.name}")
    repository.commit()
    space, hourly = webhooks.space, {"interval": "1h"}
    own = {"secretRef": {"name": "receiver", "key": "key"}}
    space.apply(
        manifests.secret("receiver", {"key": OWN}),
        gateway_sync("plant", repository.url, polling=hourly),
        gateway_sync("own", repository.url, polling=hourly, receiver=own),
    )
    made = Bench(webhooks, receiver, repository, Plant(space, "plant"), Plant(space, "own"))
    for each in (made.plant, made.own):
        follows(each, repository.head())
    webhooks.is_asked()
    return made


def follows(plant: Plant, commit: str, ref: str = "main", within: float = 20.0) -> None:
    def there() -> bool:
        status = plant.status()
        assert (status["lastSyncCommit"], status["lastSyncRef"]) == (commit, ref), status
        return True

    eventually(there, what=f"{plant.name} is at {commit} of {ref}", within=within)


def requested(plant: Plant) -> dict[str, str]:
    found = plant.document()["metadata"].get("annotations", {})
    return {key: value for key, value in found.items() if key.startswith("stoker.io/requested")}


# --- What is asked for is done ---


def test_a_push_is_looked_at_at_once(bench: Bench) -> None:
    commit = bench.repository.commit('{"view": 1}')
    answer = bench.send(github_push("refs/heads/main", commit))
    assert (answer.status, answer.json["accepted"]) == (202, True), answer
    follows(bench.plant, commit, within=AT_ONCE)
    assert names.REQUESTED_REF not in requested(bench.plant), "a push changes no ref"
    assert bench.own.status()["lastSyncCommit"] != commit, "the other CR was not asked for"


def test_a_push_of_another_branch_is_ignored(bench: Bench) -> None:
    before = bench.plant.document()["metadata"]["resourceVersion"]
    answer = bench.send(github_push("refs/heads/of-no-interest", "1" * 40))
    assert (answer.status, answer.json["message"]) == (202, "ignored")
    assert bench.plant.document()["metadata"]["resourceVersion"] == before


def test_a_release_sets_the_ref_until_the_spec_has_it(bench: Bench) -> None:
    released = bench.repository.head()
    bench.repository.upstream.git("tag", "v1.2.3", released)
    answer = bench.send(github_release("v1.2.3"))
    assert (answer.status, answer.json) == (202, {"accepted": True, "ref": "v1.2.3"})
    follows(bench.plant, released, "v1.2.3", within=AT_ONCE)
    asked = requested(bench.plant)
    assert (asked[names.REQUESTED_REF], asked[names.REQUESTED_BY]) == ("v1.2.3", "github")
    again = bench.send(github_release("v1.2.3"))
    assert (again.status, again.json["message"]) == (202, "ref already set")
    newer = bench.repository.commit('{"view": 2}')
    bench.plant.look()
    follows(bench.plant, released, "v1.2.3")
    bench.plant.change(git={"ref": "v1.2.3"})
    eventually(
        lambda: names.REQUESTED_REF not in requested(bench.plant),
        what="the request is cleared, as the spec has caught up",
    )
    bench.plant.change(git={"ref": "main"})
    follows(bench.plant, newer)


def test_a_person_asks_as_a_git_server_does(bench: Bench, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(KEY)
    where = f"{bench.space.name}/plant"
    words = ["trigger", where, "--url", f"http://127.0.0.1:{bench.receiver.port}"]
    said = tried([*STOKER, *words, "--ref", "v1.2.3", "--secret-file", str(secret)])
    assert said.status == 0, said
    assert requested(bench.plant)[names.REQUESTED_REF] == "v1.2.3"
    bench.plant.annotate(requested_ref=None, requested_at=None, requested_by=None)
    follows(bench.plant, bench.repository.head())
    secret.write_text("a guess")
    said = tried([*STOKER, *words, "--ref", "v1.2.3", "--secret-file", str(secret)])
    assert said.status == 1, said
    assert "a guess" not in said.err + said.out
    assert names.REQUESTED_REF not in requested(bench.plant)


def test_from_push_to_annotation(bench: Bench) -> None:
    """Fifty milliseconds is the goal, on a machine that does nothing else."""
    took = []
    for number in range(20):
        body = github_push("refs/heads/main", f"{number:040x}")
        before = requested(bench.plant).get(names.REQUESTED_AT)
        began = time.monotonic()
        assert bench.send(body).status == 202
        took.append(time.monotonic() - began)
        assert requested(bench.plant)[names.REQUESTED_AT] != before, "it is there once answered"
    assert statistics.median(took) < 0.5, took


# --- Who may ask ---


def test_a_cr_with_a_secret_of_its_own_listens_to_that_alone(bench: Bench) -> None:
    commit = bench.repository.head()
    body = github_push("refs/heads/main", commit)
    assert bench.send(body, to="own").status == 401
    assert bench.send(body, to="own", key=OWN).status == 202
    follows(bench.own, commit, within=AT_ONCE)
    assert bench.send(body, key=OWN).status == 401, "its secret opens no other CR"


def test_a_secret_that_was_replaced_counts_at_once(bench: Bench) -> None:
    body = github_push("refs/heads/main", bench.repository.head())
    bench.space.apply(manifests.secret("receiver", {"key": "another one"}))
    try:

        def taken() -> bool:
            return bench.send(body, to="own", key="another one").status == 202

        eventually(taken, what="the new key is taken", within=5)
        assert bench.send(body, to="own", key=OWN).status == 401
    finally:
        bench.space.apply(manifests.secret("receiver", {"key": OWN}))
    eventually(lambda: bench.send(body, to="own", key=OWN).status == 202, what="the old one again")


def test_who_is_refused_leaves_nothing_and_learns_nothing(bench: Bench) -> None:
    before = bench.plant.document()["metadata"]["resourceVersion"]
    body = github_release("v6.6.6")
    answers = [
        bench.send(body, key="a guess"),
        bench.send(body, key=""),
        bench.send(body, key="a guess", to="nobody-s"),
        bench.sender("a guess").send("kube-system", "plant", body),
        bench.sender("").send(bench.space.name, "plant", body, {"Authorization": "Bearer guess"}),
        bench.sender("a guess").send(bench.space.name, "plant", b"{{{"),
    ]
    assert {one.status for one in answers} == {401}
    assert len({one.text for one in answers}) == 1
    assert bench.plant.document()["metadata"]["resourceVersion"] == before
    assert bench.send(body, to="nobody-s").status == 404, "who knows the key may know"


def test_what_says_nothing_legal_is_refused(bench: Bench) -> None:
    before = bench.plant.document()["metadata"]["resourceVersion"]
    for content in ({"ref": "a..b"}, {"ref": "-x"}, {}, b"no json", {"ref": ["v1"]}):
        assert bench.send(content).status == 400, content
    assert bench.send({"ref": "v1", "more": "x" * (1 << 20)}).status == 413
    assert bench.plant.document()["metadata"]["resourceVersion"] == before


# --- While others make noise ---


def test_a_flood_holds_up_neither_reconciling_nor_admission(bench: Bench, api: Api) -> None:
    """Half a thousand requests a second with wrong signatures; measured by `measure_webhook`."""
    path = f"/webhook/{bench.space.name}/plant"
    flood = Flood.begin(bench.sender(), path, rate=500, seconds=6)
    try:
        time.sleep(1)
        with pods_are_created(api, bench.space.name, rate=10, cr_name="plant") as made:
            commit = bench.repository.commit(json.dumps({"time": time.time_ns()}))
            bench.plant.look()
            follows(bench.plant, commit, within=AT_ONCE)
            made.will_be(20)
            assert flood.goes_on(), "it went on all the time"
    finally:
        counted = flood.end()
    assert not made.failed(), made.failed()[:3]
    assert statistics.median(one.seconds for one in made.done) < 0.5, made.done
    # Those that are not answered 401 were too many of one source.
    assert counted["401"] + counted["429"] >= 0.95 * counted["sent"], counted


# --- While nobody can write ---


def test_without_an_api_server_the_sender_is_told_to_come_again(
    bench: Bench, control_plane: ControlPlane
) -> None:
    body = github_push("refs/heads/main", bench.repository.head())
    release = github_release("v1.2.3")

    def written() -> dict[str, Any]:
        answer = bench.send(release)
        assert answer.status == 202, answer
        return requested(bench.plant)

    control_plane.kill_api_server()
    answer = bench.send(release)
    assert answer.status == 503, answer
    control_plane.back()
    found = eventually(written, what="the receiver writes again", within=30)
    assert found[names.REQUESTED_REF] == "v1.2.3"
    assert bench.send(body).status == 202
    bench.plant.annotate(requested_ref=None, requested_at=None, requested_by=None)


def test_the_key_file_may_be_replaced(bench: Bench) -> None:
    (option,) = [one for one in bench.receiver.arguments if "hmac" in one]
    file = Path(option.partition("=")[2])
    body = github_push("refs/heads/main", bench.repository.head())
    file.write_text("a new key")
    eventually(lambda: bench.send(body, key="a new key").status == 202, what="it counts", within=5)
    assert bench.send(body).status == 401
    file.write_text(KEY)
