"""One `ls-remote` for everybody who wants to know the same, counted where it arrives.

Seen to fail with one group for all namespaces, with a group for each CR, with the credential left
out of who shares, with the token read once and kept, with questions that ask for one CR's refs
alone, with all refs asked for, with more than one slot for a host that is new, without the share of
new hosts, and with git left running at the end.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from integration.asking.scene import (
    CA,
    Relay,
    Scene,
    app,
    mute_servers,
    question,
    resolve,
    ssh,
    token,
)
from stoker.adapters.git.errors import (
    AuthenticationFailed,
    GitError,
    GitTimeout,
    HostKeyRefused,
    ServerRefused,
    TlsFailed,
)
from stoker.core.errors import Permanent, Retryable, StokerError, UrlError
from stoker.core.reconcile import Resolve
from stoker.core.refs import Advertisement, Resolution
from stoker.core.spec import GitAuth, SecretKeyRef
from stoker.entrypoints.controller.asking import Asker, Limits
from support.git_servers import GitDaemon, HttpsGit, Refuse, SshGit, children, eventually
from support.scripted_server import RESET, ScriptedServer
from support.served import TOKEN, Served

WINDOW = 1.5


def connections(server: HttpsGit) -> int:
    """How many times somebody asked for refs."""
    return sum(one.method == "POST" for one in server.seen)


def passwords(server: HttpsGit) -> set[str]:
    return {one.password.partition(":")[2] for one in server.seen if one.authorization}


def test_a_thousand_crs_of_one_repository_are_one_connection_each_window(
    scene: Scene, asker: Asker, plain: HttpsGit, served: Served
) -> None:
    wanted = resolve(plain.url("site.git"), max_age=WINDOW)
    for window in range(1, 3):
        begun = time.monotonic()
        for number in range(1000):
            asker.ask((f"ns{number % 7}", f"cr{number}"), wanted)
        assert time.monotonic() - begun < 1, "asking is cheap"
        assert scene.heard.wait(1000 * window)
        assert connections(plain) == window
        time.sleep(WINDOW)
    assert len({key for key, _, _ in scene.heard.settled}) == 1000
    assert len(scene.heard.settled) == 2000
    for _, asked, outcome in scene.heard.settled:
        assert isinstance(outcome, Advertisement)
        found = asked.settle(outcome)
        assert isinstance(found, Resolution)
        assert found.commit == served.last
    assert scene.heard.observed == [("ls-remote", "ok")] * 2
    assert scene.secrets.reads == []


def test_fifty_refs_of_one_repository_are_one_connection(
    scene: Scene, asker: Asker, plain: HttpsGit, served: Served
) -> None:
    for number in range(50):
        served.upstream.branch(f"line{number}", served.first if number % 2 else served.last)
    asks = {
        ("one", f"cr{number}"): resolve(plain.url("site.git"), f"line{number % 50}", max_age=WINDOW)
        for number in range(200)
    }
    counts = []
    for window in range(1, 4):
        for key, wanted in asks.items():
            asker.ask(key, wanted)
        assert scene.heard.wait(200 * window)
        counts.append(connections(plain))
        time.sleep(WINDOW)
    assert counts[0] <= 2
    assert [after - before for before, after in pairwise(counts)] == [1, 1]
    for (_, name), _, outcome in scene.heard.settled:
        number = int(name[2:]) % 50
        commit = served.first if number % 2 else served.last
        assert outcome == Advertisement({f"refs/heads/line{number}": commit})


def test_each_credential_has_a_connection_of_its_own(
    scene: Scene, asker: Asker, https: HttpsGit, served: Served
) -> None:
    wanted = resolve(https.url("site.git"), auth=token(), ca=CA, max_age=30)
    scene.secrets.put("one", SecretKeyRef("git", "token"), TOKEN)
    scene.secrets.put("two", SecretKeyRef("git", "token"), "not-the-token")
    for number in range(20):
        asker.ask(("one", f"cr{number}"), wanted)
        asker.ask(("two", f"cr{number}"), wanted)
    assert scene.heard.wait(40)
    assert passwords(https) == {TOKEN, "not-the-token"}
    for (namespace, _), _, outcome in scene.heard.settled:
        if namespace == "one":
            assert isinstance(outcome, Advertisement)
            assert outcome.commit_of("refs/heads/main") == served.last
        else:
            assert isinstance(outcome, AuthenticationFailed)
    assert sorted(scene.heard.observed) == [("ls-remote", "error"), ("ls-remote", "ok")]


def test_the_same_token_in_two_namespaces_is_one_connection(
    scene: Scene, asker: Asker, https: HttpsGit
) -> None:
    wanted = resolve(https.url("site.git"), auth=token(), ca=CA, max_age=30)
    for namespace in ("one", "two"):
        scene.secrets.put(namespace, SecretKeyRef("git", "token"), TOKEN)
        for number in range(20):
            asker.ask((namespace, f"cr{number}"), wanted)
    assert scene.heard.wait(40)
    assert connections(https) == 1
    # Once for each namespace, however many CRs it has.
    assert len(scene.secrets.reads) == 4


def test_a_token_of_a_github_app_is_read_from_the_secret_of_each_cr(
    scene: Scene, asker: Asker, https: HttpsGit
) -> None:
    auth = GitAuth(github_app=app("https://api.github.com").auth)
    for name in ("a", "b"):
        ref = SecretKeyRef(f"stoker-github-token-{name}", "token")
        scene.secrets.put("one", ref, TOKEN)
    for name in ("a", "b", "c"):
        asker.ask(("one", name), resolve(https.url("site.git"), auth=auth, ca=CA, max_age=30))
    assert scene.heard.wait(3)
    assert connections(https) == 1
    outcomes = {name: outcome for (_, name), _, outcome in scene.heard.settled}
    missing = outcomes.pop("c")
    assert isinstance(missing, StokerError)
    assert missing.where == "spec.git.auth.githubApp"
    assert "next exchange" in missing.cure
    assert all(isinstance(one, Advertisement) for one in outcomes.values())


def test_a_rotated_token_is_used_at_the_next_question(
    scene: Scene, asker: Asker, https: HttpsGit
) -> None:
    ref = scene.secrets.put("one", SecretKeyRef("git", "token"), "old")
    wanted = resolve(https.url("site.git"), auth=token(), ca=CA)
    asker.ask(("one", "cr"), wanted)
    assert isinstance(scene.heard.outcome(), AuthenticationFailed)
    scene.secrets.put("one", ref, f"{TOKEN}\n")
    asker.ask(("one", "cr"), wanted)
    assert isinstance(scene.heard.outcome(), Advertisement)


def test_a_missing_secret_is_the_affair_of_its_own_namespace(
    scene: Scene, asker: Asker, https: HttpsGit
) -> None:
    scene.secrets.put("one", SecretKeyRef("git", "token"), TOKEN)
    wanted = resolve(https.url("site.git"), auth=token(), ca=CA, max_age=30)
    for number, namespace in enumerate(("two", "one", "two")):
        asker.ask((namespace, f"cr{number}"), wanted)
    assert scene.heard.wait(3)
    outcomes = {namespace: outcome for (namespace, _), _, outcome in scene.heard.settled}
    assert isinstance(outcomes["one"], Advertisement)
    missing = outcomes["two"]
    assert isinstance(missing, StokerError)
    assert missing.where == "spec.git.auth.token.secretRef"
    assert "'git'" in missing.message
    assert "'token'" in missing.message
    assert "create Secret 'git'" in missing.cure


def test_ssh_with_keys_that_stand_in_secrets_alone(
    scene: Scene, asker: Asker, sshd: SshGit, served: Served, tmp_path: Path
) -> None:
    scene.secrets.put("one", SecretKeyRef("ssh", "key"), sshd.user_key.read_bytes())
    known = SecretKeyRef("ssh", "known_hosts")
    scene.secrets.put("one", known, sshd.known_hosts(tmp_path / "known").read_bytes())
    wanted = resolve(sshd.url(served.path), auth=ssh())
    asker.ask(("one", "cr"), wanted)
    found = scene.heard.outcome()
    assert isinstance(found, Advertisement)
    assert found.commit_of("refs/heads/main") == served.last
    sshd.new_host_key()
    asker.ask(("one", "cr"), wanted)
    assert isinstance(scene.heard.outcome(), HostKeyRefused)
    # Known hosts rotate as keys do.
    scene.secrets.put("one", known, sshd.known_hosts(tmp_path / "known").read_bytes())
    asker.ask(("one", "cr"), wanted)
    assert isinstance(scene.heard.outcome(), Advertisement)
    asker.ask(("one", "cr"), resolve(sshd.url(served.path), auth=ssh(known=False)))
    refused = scene.heard.outcome()
    assert isinstance(refused, HostKeyRefused)
    assert refused.kind == "unset"


def test_an_authority_that_is_none(scene: Scene, asker: Asker, https: HttpsGit) -> None:
    scene.secrets.put("one", CA, b"no certificate")
    asker.ask(("one", "cr"), resolve(https.url("site.git"), ca=CA))
    error = scene.heard.outcome()
    assert isinstance(error, TlsFailed)
    assert error.where == "spec.git.caSecretRef"


def test_a_token_of_two_lines(scene: Scene, asker: Asker, https: HttpsGit) -> None:
    scene.secrets.put("one", SecretKeyRef("git", "token"), b"planted\nlines")
    asker.ask(("one", "cr"), resolve(https.url("site.git"), auth=token(), ca=CA))
    error = scene.heard.outcome()
    assert isinstance(error, AuthenticationFailed)
    assert "planted" not in repr(error)


def test_a_key_that_is_none_is_named_by_its_field(
    scene: Scene, asker: Asker, sshd: SshGit, served: Served
) -> None:
    scene.secrets.put("one", SecretKeyRef("ssh", "key"), "planted text")
    scene.secrets.put("one", SecretKeyRef("ssh", "known_hosts"), "")
    asker.ask(("one", "cr"), resolve(sshd.url(served.path), auth=ssh()))
    error = scene.heard.outcome()
    assert isinstance(error, AuthenticationFailed)
    assert error.where == "spec.git.auth.sshKey.secretRef"
    assert "planted" not in repr(error)


def test_servers_that_hang_take_no_slot_of_those_that_answer(scene: Scene, served: Served) -> None:
    """By order: the deadline of those that hang is far away when all the others are done."""
    limits = Limits(deadline=60.0, stall=60.0)
    with ExitStack() as stack:
        asker = stack.enter_context(scene.asker(limits=limits))
        mute = stack.enter_context(mute_servers(30))
        good = [stack.enter_context(HttpsGit(root=served.root, tls=None)) for _ in range(20)]
        for number, host in enumerate([*mute[:10]] * 4):
            asker.ask(("mute", f"cr{number}"), resolve(f"http://{host}/{number}.git", max_age=30))
        for round_ in range(1, 3):
            for number, server in enumerate(good):
                asker.ask(("good", f"cr{number}"), resolve(server.url("site.git")))
            assert scene.heard.wait(20 * round_, patience=20)
            # Those that answer are known by now, and cannot be pushed aside by any number.
            for number, host in enumerate(mute[10:]):
                asker.ask(("mute", f"more{number}"), resolve(f"http://{host}/a.git", max_age=30))
        assert {namespace for (namespace, _), _, _ in scene.heard.settled} == {"good"}
        assert all(isinstance(one, Advertisement) for _, _, one in scene.heard.settled)
        below = children(os.getpid())
        assert below, "those that hang are being asked"
        begun = time.monotonic()
        asker.close()
        assert time.monotonic() - begun < 2
        assert children(os.getpid()) == []


def test_a_server_that_hangs_runs_into_the_deadline(scene: Scene) -> None:
    limits = Limits(deadline=0.8, stall=0.8)
    with scene.asker(limits=limits) as asker, mute_servers(1) as (host,):
        asker.ask(("one", "cr"), resolve(f"http://{host}/a.git"))
        assert isinstance(scene.heard.outcome(), GitTimeout)
    assert scene.heard.observed == [("ls-remote", "timeout")]
    assert children(os.getpid()) == []


def test_a_server_that_wants_to_be_left_alone(scene: Scene, asker: Asker, plain: HttpsGit) -> None:
    plain.fault = Refuse(429, {"Retry-After": "77"})
    asker.ask(("one", "cr"), resolve(plain.url("site.git")))
    error = scene.heard.outcome()
    assert isinstance(error, ServerRefused)
    assert error.disposition == Retryable(77.0)


def test_a_server_that_resets(scene: Scene, asker: Asker) -> None:
    with ScriptedServer(lambda _: [RESET]) as server:
        asker.ask(("one", "cr"), resolve(f"{server.url}/a.git"))
        error = scene.heard.outcome()
    assert isinstance(error, GitError)
    assert error.disposition == Retryable()
    assert scene.heard.observed == [("ls-remote", "error")]


@pytest.mark.parametrize(
    ("repo", "said"),
    [
        ("ext::sh -c id", "remote helper"),
        ("file:///etc", "not allowed"),
        ("-uhost", "starts with '-'"),
        ("https://a:b@h/p", "password"),
    ],
)
def test_an_address_that_git_must_not_see(scene: Scene, asker: Asker, repo: str, said: str) -> None:
    asker.ask(("one", "cr"), resolve(repo))
    error = scene.heard.outcome()
    assert isinstance(error, UrlError)
    assert said in error.message


def test_a_commit_is_its_own_answer(scene: Scene, asker: Asker, plain: HttpsGit) -> None:
    asker.ask(("one", "cr"), resolve(plain.url("site.git"), "1" * 40))
    assert scene.heard.outcome() == Advertisement()
    assert plain.seen == []


@pytest.mark.parametrize("ref", ["main", "v1.0.0", ">=1.0.0"])
def test_five_thousand_pull_requests_are_not_advertised(
    scene: Scene, asker: Asker, daemon: GitDaemon, served: Served, ref: str
) -> None:
    """What the server really said, listened to on the way."""
    lines = "".join(f"create refs/pull/{n}/head {served.first}\n" for n in range(5000))
    served.upstream.git("update-ref", "--stdin", stdin=lines.encode())
    with Relay(daemon.port).running() as relay:
        wanted = resolve(f"git://{relay.host}/site.git", ref)
        asker.ask(("one", "cr"), wanted)
        found = scene.heard.outcome()
        assert isinstance(found, Advertisement)
        assert isinstance(wanted.question.settle(found), Resolution)
        assert relay.connections == 1
        assert b"refs/heads/main" in relay.said or b"refs/tags/" in relay.said
        assert b"refs/pull/" not in relay.said
        assert len(relay.said) < 2000


def test_nobody_is_told_who_was_forgotten(scene: Scene, plain: HttpsGit) -> None:
    hold = threading.Event()
    heard = scene.heard.settle

    def slow(*told: object) -> None:
        heard(*told)  # type: ignore[arg-type]
        hold.wait(10)

    with scene.asker(settled=slow) as slower:
        for number in range(5):
            slower.ask(("one", f"cr{number}"), resolve(plain.url("site.git"), max_age=30))
        assert scene.heard.wait(1)
        for number in range(1, 5):
            slower.forget(("one", f"cr{number}"))
        hold.set()
        slower.ask(("one", "last"), resolve(plain.url("site.git"), max_age=30))
        assert scene.heard.wait(2)
    assert [name for (_, name), _, _ in scene.heard.settled] == ["cr0", "last"]


def test_a_hearer_that_fails_harms_nobody(scene: Scene, plain: HttpsGit) -> None:
    scene.heard.fault = ValueError("told")
    with scene.asker() as asker:
        for number in range(3):
            asker.ask(("one", f"cr{number}"), resolve(plain.url("site.git"), max_age=30))
        assert scene.heard.wait(3)
        assert eventually(lambda: len(scene.heard.complaints) == 3)


def test_a_fault_of_our_own_is_an_answer(scene: Scene, https: HttpsGit) -> None:
    scene.secrets.fault = KeyError(f"a text with {TOKEN}")
    with scene.asker() as asker:
        asker.ask(("one", "cr"), resolve(https.url("site.git"), auth=token(), ca=CA))
        error = scene.heard.outcome()
        assert isinstance(error, StokerError)
        assert "KeyError" in error.message
        assert TOKEN not in repr(error)
        assert len(scene.heard.complaints) == 1
        scene.secrets.fault = None
        scene.secrets.put("one", SecretKeyRef("git", "token"), TOKEN)
        asker.ask(("one", "cr"), resolve(https.url("site.git"), auth=token(), ca=CA))
        assert isinstance(scene.heard.outcome(), Advertisement)


def test_nobody_asks_after_the_end(scene: Scene, plain: HttpsGit) -> None:
    with scene.asker() as asker:
        asker.close()
        asker.ask(("one", "cr"), Resolve(question(plain.url("site.git")), 0.0))
        asker.close()
        assert not scene.heard.wait(1, patience=0.2)
    assert plain.seen == []


def test_a_missing_secret_can_come_or_not_as_its_error_says(
    scene: Scene, asker: Asker, https: HttpsGit
) -> None:
    asker.ask(("one", "cr"), resolve(https.url("site.git"), auth=token(), ca=CA))
    error = scene.heard.outcome()
    assert isinstance(error, StokerError)
    assert error.disposition == Permanent()
