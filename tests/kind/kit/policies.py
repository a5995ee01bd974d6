"""What the node has to let through so that its pods are isolated as NetworkPolicies say.

Pure: the API server's objects become questions about who may reach whom, and the answers become
rules for nftables. The answers are not given here (`kit.isolation` gets them).

Ports are asked about in segments: cut wherever a policy or a container names a port, so that one
port of a segment speaks for all of it. A pod that no policy is about has no rules. The node itself
is let in by all pods, as the kubelet's probes have to be; so is a pod by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from kit.kubectl import Document

TABLE: Final = "stoker_isolation"
_PROTOCOLS: Final = ("TCP", "UDP")
_PORTS: Final = 65_536
_OVER: Final = ("Succeeded", "Failed")

Word = Literal["free", "allowed", "denied"]


@dataclass(frozen=True)
class Port:
    """A port that a container names."""

    number: int
    protocol: str
    name: str


@dataclass(frozen=True)
class Peer:
    """A pod, or an address outside where there is no namespace."""

    address: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict, compare=False)
    namespace_labels: Mapping[str, str] = field(default_factory=dict, compare=False)
    ports: tuple[Port, ...] = field(default=(), compare=False)

    def name_of(self, number: int, protocol: str) -> str:
        """The name that a port has here."""
        named = [one.name for one in self.ports if (one.number, one.protocol) == (number, protocol)]
        return next(iter(named), "")


@dataclass(frozen=True)
class Question:
    """Whether `source` may reach these ports of `target`."""

    source: Peer
    target: Peer
    first: int
    last: int
    protocol: str


@dataclass(frozen=True)
class Answer:
    """What the policies about the source, and those about the target, say."""

    egress: Word
    ingress: Word


@dataclass(frozen=True)
class Seen:
    """What there is in a cluster; `outside` has the addresses of who is no pod."""

    pods: Sequence[Document]
    namespaces: Sequence[Document]
    policies: Sequence[Document]
    node: str
    outside: Sequence[str]

    def peers(self) -> list[Peer]:
        """Pods with an address of their own, and what is outside."""
        labels = {
            one["metadata"]["name"]: one["metadata"].get("labels", {}) for one in self.namespaces
        }
        found = [_peer(pod, labels) for pod in self.pods if _has_address(pod)]
        return [*found, *(Peer(one) for one in (self.node, *self.outside))]


def _has_address(pod: Document) -> bool:
    status = pod.get("status", {})
    here = status.get("podIP") and status.get("phase") not in _OVER
    return bool(here) and not pod["spec"].get("hostNetwork")


def _peer(pod: Document, namespaces: Mapping[str, Mapping[str, str]]) -> Peer:
    spec, metadata = pod["spec"], pod["metadata"]
    ports = tuple(
        Port(one["containerPort"], one.get("protocol", "TCP"), one.get("name", ""))
        for container in (*spec.get("initContainers", ()), *spec["containers"])
        for one in container.get("ports", ())
    )
    return Peer(
        pod["status"]["podIP"],
        metadata["namespace"],
        metadata.get("labels", {}),
        namespaces.get(metadata["namespace"], {}),
        ports,
    )


# --- Questions ---


def who_is_isolated(seen: Seen) -> list[Question]:
    """One question for each pod and direction: whether any policy is about it."""
    outside = Peer(seen.node)
    pods = [one for one in seen.peers() if one.namespace]
    both = [(one, outside) for one in pods] + [(outside, one) for one in pods]
    return [Question(source, target, 1, 1, "TCP") for source, target in both]


@dataclass(frozen=True)
class Isolated:
    """Pods that policies are about, by direction."""

    out: frozenset[Peer]
    into: frozenset[Peer]

    @classmethod
    def of(cls, said: Mapping[Question, Answer]) -> Isolated:
        """From the answers to `who_is_isolated`."""
        return cls(
            frozenset(one.source for one, word in said.items() if word.egress != "free"),
            frozenset(one.target for one, word in said.items() if word.ingress != "free"),
        )


def who_reaches_whom(seen: Seen, isolated: Isolated) -> list[Question]:
    """All that has to be known about them."""
    peers = seen.peers()
    return [
        Question(source, target, first, last, protocol)
        for source in peers
        for target in peers
        if source != target and (source in isolated.out or target in isolated.into)
        for protocol in _PROTOCOLS
        for first, last in segments(seen.policies, target.ports)
    ]


def segments(policies: Iterable[Document], ports: Iterable[Port]) -> list[tuple[int, int]]:
    """All ports, cut so that nobody speaks of a part of a segment."""
    cuts = {0, _PORTS}
    for first, last in _named(policies):
        cuts |= {first, last + 1}
    for one in ports:
        cuts |= {one.number, one.number + 1}
    return [(first, following - 1) for first, following in pairwise(sorted(cuts))]


def _named(policies: Iterable[Document]) -> Iterator[tuple[int, int]]:
    for policy in policies:
        for direction in ("ingress", "egress"):
            for rule in policy["spec"].get(direction) or ():
                for one in rule.get("ports") or ():
                    if isinstance(one.get("port"), int):
                        yield one["port"], one.get("endPort", one["port"])


# --- Rules ---


def rules(node: str, isolated: Isolated, said: Mapping[Question, Answer]) -> str:
    """What nftables is told; it takes the place of what it was told before."""
    out = sorted(one.address for one in isolated.out)
    into = sorted(one.address for one in isolated.into)
    let_out: dict[str, list[str]] = {address: [] for address in out}
    let_in: dict[str, list[str]] = {address: [] for address in into}
    for one, word in said.items():
        source, target = one.source.address, one.target.address
        if source in let_out and word.egress != "denied":
            let_out[source].append(_element(target, one))
        if target in let_in and source != node and word.ingress != "denied":
            let_in[target].append(_element(source, one))
    chains = [
        *(_chain("from", address, "daddr", [address], let) for address, let in let_out.items()),
        *(_chain("to", address, "saddr", [address, node], let) for address, let in let_in.items()),
    ]
    outgoing = [f"ip saddr {address} jump {_name('from', address)}" for address in out]
    incoming = [f"ip daddr {address} jump {_name('to', address)}" for address in into]
    # What the node itself sends goes through neither hook.
    hooks = [_hook("forward", [*outgoing, *incoming]), _hook("input", outgoing)]
    body = "\n".join([*chains, *hooks])
    return f"table inet {TABLE}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n{body}\n}}\n"


def _name(way: str, address: str) -> str:
    return f"{way}_{address.replace('.', '_')}"


def _element(address: str, one: Question) -> str:
    return f"{address} . {one.protocol.lower()} . {one.first}-{one.last}"


def _chain(way: str, address: str, end: str, always: Sequence[str], let: Sequence[str]) -> str:
    name = _name(way, address)
    elements = f"\n  elements = {{ {', '.join(let)} }}" if let else ""
    return f"""\
 set let_{name} {{
  type ipv4_addr . inet_proto . inet_service
  flags interval{elements}
 }}
 chain {name} {{
  ip {end} {{ {", ".join(always)} }} return
  ip {end} . meta l4proto . th dport @let_{name} return
  counter drop
 }}"""


def _hook(name: str, jumps: Sequence[str]) -> str:
    lines = "".join(f"\n  {one}" for one in ("ct state established,related accept", *jumps))
    return (
        f" chain {name} {{\n  type filter hook {name} priority filter; policy accept;{lines}\n }}"
    )


def told(seen: Seen, asked: Sequence[Question]) -> dict[str, Any]:
    """The questions for the program that answers them."""
    peers = {one.address: one for question in asked for one in (question.source, question.target)}
    number = {address: index for index, address in enumerate(peers)}
    return {
        "policies": list(seen.policies),
        "peers": [
            {
                "address": one.address,
                "namespace": one.namespace,
                "namespaceLabels": dict(one.namespace_labels),
                "labels": dict(one.labels),
            }
            for one in peers.values()
        ],
        "questions": [
            {
                "from": number[one.source.address],
                "to": number[one.target.address],
                "port": one.first,
                "name": one.target.name_of(one.first, one.protocol),
                "protocol": one.protocol,
            }
            for one in asked
        ],
    }
