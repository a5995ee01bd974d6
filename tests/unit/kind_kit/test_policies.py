"""Rules for nftables: every port is asked about, and what is let through is what was answered.

Broken on purpose, and seen to fail: a range of ports without its end, pods that are over taken for
pods, an answer about one direction used for the other.
"""

from __future__ import annotations

from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st
from kit import policies
from kit.policies import Answer, Isolated, Port, Question, Seen

NODE: Final = "10.0.0.1"


def pod(name: str, address: str, **status: Any) -> dict[str, Any]:
    ports = [{"containerPort": 8080, "name": "http"}]
    return {
        "metadata": {"name": name, "namespace": "plant", "labels": {"app": name}},
        "spec": {"containers": [{"ports": ports}]},
        "status": {"podIP": address, "phase": "Running", **status},
    }


def seen(*pods: dict[str, Any], rules: tuple[dict[str, Any], ...] = ()) -> Seen:
    namespace = {"metadata": {"name": "plant", "labels": {"a": "b"}}}
    policy = {"spec": {"podSelector": {}, "ingress": list(rules)}}
    return Seen(pods, [namespace], [policy], NODE, ["10.0.0.254"])


A, B = pod("a", "10.0.0.10"), pod("b", "10.0.0.11")


# --- Ports ---


@given(
    st.lists(st.tuples(st.integers(1, 65_535), st.integers(0, 300))),
    st.lists(st.integers(1, 65_535), max_size=4),
)
def test_each_port_is_in_one_segment_and_nobody_speaks_of_a_part_of_it(
    ranges: list[tuple[int, int]], named: list[int]
) -> None:
    spoken = [(first, min(first + more, 65_535)) for first, more in ranges]
    rules = [{"ports": [{"port": a, "endPort": b} if b > a else {"port": a}]} for a, b in spoken]
    found = policies.segments(
        [{"spec": {"egress": rules}}], [Port(one, "TCP", "name") for one in named]
    )
    assert [first for first, _ in found] == [0, *(last + 1 for _, last in found[:-1])]
    assert found[-1][1] == 65_535
    for a, b in [*spoken, *((one, one) for one in named)]:
        assert all(last < a or first > b or a <= first <= last <= b for first, last in found)


def test_ports_by_name_cut_nothing() -> None:
    assert policies.segments([{"spec": {"ingress": [{"ports": [{"port": "http"}]}]}}], []) == [
        (0, 65_535)
    ]


# --- Peers and questions ---


def test_pods_that_have_no_address_of_their_own_are_none() -> None:
    over = pod("over", "10.0.0.12", phase="Succeeded")
    waiting = pod("waiting", "")
    host = pod("host", NODE)
    host["spec"]["hostNetwork"] = True
    peers = seen(A, over, waiting, host).peers()
    assert [(one.address, one.namespace) for one in peers] == [
        ("10.0.0.10", "plant"),
        (NODE, ""),
        ("10.0.0.254", ""),
    ]
    assert (peers[0].labels, peers[0].namespace_labels) == ({"app": "a"}, {"a": "b"})


def said(asked: list[Question], **words: Any) -> dict[Question, Answer]:
    return {one: Answer(**{"egress": "free", "ingress": "free", **words}) for one in asked}


def isolated(both: Seen, **words: Any) -> Isolated:
    asked = policies.who_is_isolated(both)
    to_a = [one for one in asked if one.target.address == "10.0.0.10"]
    return Isolated.of({**said(asked), **said(to_a, **words)})


def test_only_those_that_policies_are_about_are_asked_about() -> None:
    both = seen(A, B, rules=({"ports": [{"port": 443}]},))
    assert policies.who_reaches_whom(both, isolated(both)) == []
    asked = policies.who_reaches_whom(both, isolated(both, ingress="denied"))
    assert {one.target.address for one in asked} == {"10.0.0.10"}
    assert {one.source.address for one in asked} == {"10.0.0.11", NODE, "10.0.0.254"}
    of_b = [one for one in asked if one.source.address == "10.0.0.11" and one.protocol == "TCP"]
    assert [(one.first, one.last) for one in of_b] == [
        (0, 442),
        (443, 443),
        (444, 8079),
        (8080, 8080),
        (8081, 65_535),
    ]


def test_the_program_is_told_names_of_ports_and_who_is_who() -> None:
    both = seen(A, B)
    asked = policies.who_reaches_whom(both, isolated(both, ingress="denied"))
    told = policies.told(both, asked)
    named = [one for one in told["questions"] if one["name"]]
    assert {(one["port"], one["name"], one["protocol"]) for one in named} == {(8080, "http", "TCP")}
    assert {told["peers"][one["to"]]["address"] for one in named} == {"10.0.0.10"}
    outside = [one for one in told["peers"] if not one["namespace"]]
    assert {one["address"] for one in outside} == {NODE, "10.0.0.254"}


# --- Rules ---


def test_what_is_allowed_is_let_in_and_the_rest_dropped() -> None:
    both = seen(A, B)
    who = isolated(both, ingress="denied")
    asked = policies.who_reaches_whom(both, who)
    http = [one for one in asked if one.first == 8080 and one.source.address == "10.0.0.11"]
    answers = {**said(asked, ingress="denied"), **said(http, ingress="allowed", egress="denied")}
    text = policies.rules(NODE, who, answers)
    assert "elements = { 10.0.0.11 . tcp . 8080-8080, 10.0.0.11 . udp . 8080-8080 }" in text
    assert "ip daddr 10.0.0.10 jump to_10_0_0_10" in text
    assert "ip saddr { 10.0.0.10, 10.0.0.1 } return" in text, "itself, and the node"
    assert text.count("counter drop") == 1
    assert "ip saddr 10.0.0" not in text.replace("ip saddr {", "")


def test_where_no_policy_is_nothing_is_dropped() -> None:
    both = seen(A, B)
    assert "drop" not in policies.rules(NODE, isolated(both), {})
