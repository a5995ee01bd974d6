"""What the pods' ServiceAccount may do: what the contract says, and nothing more.

Tried, not read: with the token that lies in the pod, from inside the pod, against the API server.
Each line is a request and the status that it is answered with. Whatever the Role says, a request
that is let in is let in.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from kit import Space, Spaces, manifests, requests_inside
from kit.requests_inside import LET_IN, REFUSED, Request
from kit.works import Injected, Works

from stoker.core import names
from support.standalone import project


@pytest.fixture(scope="module")
def works(new_works: Callable[..., Works], shared_space: Space) -> Works:
    made = new_works("site")
    other = new_works("other")
    made.push(project())
    other.push(project())
    shared_space.apply(manifests.secret("somebody-elses", {"password": "sesame"}))
    shared_space.apply(manifests.config_map("somebody-elses", {"a": "b"}))
    return made


@pytest.fixture(scope="module")
def agents(works: Works) -> list[Injected]:
    made = [works.start(name) for name in ("gw-0", "gw-1")]
    for agent in made:
        agent.ready().will_say("Synced", works.source.head())
    return made


def asked(agent: Injected, *requests: Request) -> list[int]:
    return requests_inside.asked(agent.pod, names.AGENT_CONTAINER, *requests)


def maps(space: Space, name: str = "") -> str:
    return f"/api/v1/namespaces/{space.name}/configmaps{'/' if name else ''}{name}"


def test_what_the_contract_says_is_let_in(works: Works, agents: list[Injected]) -> None:
    space, agent = works.space, agents[0]
    metadata = names.metadata_config_map("site")
    by_name = f"?fieldSelector=metadata.name%3D{metadata}"
    status = names.status_config_map("site", "gw-0")
    changes = names.changes_config_map("site", "gw-0")
    note = {"data": {"note": "tried"}}
    event = {
        "metadata": {"generateName": "site-"},
        "involvedObject": {
            "apiVersion": "stoker.io/v1alpha1",
            "kind": "GatewaySync",
            "name": "site",
            "namespace": space.name,
            "uid": works.document()["metadata"]["uid"],
        },
        "reason": "Tried",
        "message": "by a test",
        "type": "Normal",
    }
    requests = [
        ("GET", maps(space, metadata), None),
        ("GET", f"{maps(space)}{by_name}", None),
        ("GET", f"{maps(space)}{by_name}&watch=true&timeoutSeconds=1", None),
        ("GET", maps(space, status), None),
        ("PATCH", maps(space, status), note),
        ("GET", maps(space, changes), None),
        ("PATCH", maps(space, changes), note),
        ("POST", f"/api/v1/namespaces/{space.name}/events", event),
    ]
    answers = asked(agent, *requests)
    assert {*answers} <= LET_IN, list(zip(requests, answers, strict=True))


def test_everything_else_is_refused(
    works: Works, agents: list[Injected], spaces: Spaces, definition: object
) -> None:
    assert definition
    space, agent = works.space, agents[0]
    core = f"/api/v1/namespaces/{space.name}"
    rights = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{space.name}"
    ours = f"/apis/stoker.io/v1alpha1/namespaces/{space.name}/gatewaysyncs"
    metadata, status = names.metadata_config_map("site"), names.status_config_map("site", "gw-0")
    new = {"metadata": {"name": "made-by-an-agent"}}
    note = {"data": {"note": "tried"}}
    with spaces.new("elsewhere") as elsewhere:
        requests: list[Request] = [
            ("GET", maps(space), None),
            ("GET", f"{maps(space)}?watch=true&timeoutSeconds=1", None),
            ("GET", "/api/v1/configmaps", None),
            ("GET", maps(space, "somebody-elses"), None),
            ("PATCH", maps(space, "somebody-elses"), note),
            ("GET", maps(space, names.metadata_config_map("other")), None),
            ("PATCH", maps(space, metadata), note),
            ("PUT", maps(space, metadata), {**new, "data": {}}),
            ("DELETE", maps(space, metadata), None),
            ("DELETE", maps(space, status), None),
            ("DELETE", maps(space), None),
            ("POST", maps(space), new),
            ("GET", f"{core}/secrets", None),
            ("GET", f"{core}/secrets/git-token", None),
            ("GET", f"{core}/secrets/somebody-elses", None),
            ("POST", f"{core}/secrets", new),
            ("GET", f"{core}/pods", None),
            ("GET", f"{core}/pods/gw-0", None),
            ("PATCH", f"{core}/pods/gw-0", {"metadata": {"labels": {"a": "b"}}}),
            ("DELETE", f"{core}/pods/gw-1", None),
            ("POST", f"{core}/pods/gw-1/exec?command=id", None),
            ("GET", f"{core}/pods/gw-1/log", None),
            ("GET", f"{core}/events", None),
            ("POST", f"{core}/serviceaccounts/{'default'}/token", {"spec": {}}),
            ("GET", ours, None),
            ("GET", f"{ours}/site", None),
            ("PATCH", f"{ours}/site", {"spec": {"paused": True}}),
            ("PATCH", f"{ours}/site/status", {"status": {}}),
            ("GET", f"{rights}/roles", None),
            ("PATCH", f"{rights}/roles/{names.agent_role('site')}", {"rules": []}),
            ("GET", "/api/v1/nodes", None),
            ("GET", "/api/v1/namespaces", None),
            ("GET", maps(elsewhere), None),
            ("GET", f"/api/v1/namespaces/{elsewhere.name}/secrets", None),
            ("POST", f"/api/v1/namespaces/{elsewhere.name}/events", new),
            ("GET", "/api/v1/namespaces/kube-system/secrets", None),
        ]
        answers = asked(agent, *requests)
    wrong = [
        (one, answer) for one, answer in zip(requests, answers, strict=True) if answer != REFUSED
    ]
    assert wrong == []


def test_a_pod_of_another_account_may_do_nothing(works: Works) -> None:
    """Who has no agent in the namespace has no rights there either."""
    for verb, what in (
        ("get", "configmaps/stoker-metadata-site"),
        ("patch", "configmaps/stoker-status-site-gw-0"),
    ):
        words = ("auth", "can-i", verb, what, "--as")
        who = f"system:serviceaccount:{works.space.name}:default"
        try:
            said = works.space.kubectl(*words, who)
        except Exception as error:  # noqa: BLE001 - kubectl ends with 1 when the answer is no
            said = str(error)
        assert "no" in said
