"""Discovery: order and repetition of pods mean nothing, and a pod has at most one CR."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from property.strategies.pods import odd_pods, words
from stoker.core import names
from stoker.core.discovery import discover, pod_ordinal
from stoker.core.errors import StokerError
from stoker.core.pods import Pod

CRS = ("prod", "test")
LIMITS = (-(2**63), 2**63, 10**19, -(10**19))
STEPS = (-1, 0, 1)
pod_annotations: st.SearchStrategy[dict[str, str]] = st.fixed_dictionaries(
    {
        names.INJECT: st.sampled_from(["true"] * 5 + ["false", "x"]),
        names.CR_NAME: st.sampled_from(["prod"] * 5 + ["test", "gone", ""]),
    },
    optional={
        names.GATEWAY_NAME: st.sampled_from(["a", "b"]),
        names.PROFILE: st.sampled_from(["a", "b"]),
        names.SYNC_PERIOD: st.sampled_from(["5", "60"]),
    },
)
raw_pods: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries(
            {
                "name": st.sampled_from(["gw-0", "gw-1"]),
                "namespace": st.sampled_from(["plant"] * 5 + ["other"]),
                "uid": st.sampled_from(["u1", "u2"]),
                "annotations": pod_annotations,
            },
            optional={
                "labels": st.dictionaries(words, words, max_size=2),
                "creationTimestamp": st.datetimes().map(str),
            },
        )
    },
    optional={
        "spec": st.fixed_dictionaries(
            {}, optional={"initContainers": st.just([{"name": names.AGENT_CONTAINER}])}
        ),
        "status": st.fixed_dictionaries(
            {"phase": st.sampled_from(["Running", "Pending", "Pending", "Failed"])}
        ),
    },
)


def found(pods: list[Any], cr: str = "prod", crs: tuple[str, ...] = CRS) -> tuple[Any, ...]:
    return discover(map(Pod.of, pods), namespace="plant", cr_name=cr, namespace_crs=crs)


@given(st.lists(raw_pods, min_size=2, max_size=8), st.data())
def test_order_and_repetition_mean_nothing(pods: list[Any], data: st.DataObject) -> None:
    """Seen to fail when of two views of one pod the later in the list counts."""
    shuffled = data.draw(st.permutations([*pods, *pods[:2]]))
    assert found(shuffled) == found(pods)


@given(st.lists(raw_pods, min_size=2, max_size=8))
def test_each_pod_once_in_order(pods: list[Any]) -> None:
    """Seen to fail when all views of a pod are kept, and when nothing is sorted."""
    gateways = found(pods)
    identities = [(gateway.pod_name, gateway.pod_uid) for gateway in gateways]
    order = [(gateway.name, gateway.pod_name, gateway.pod_uid) for gateway in gateways]
    assert len(set(identities)) == len(identities)
    assert order == sorted(order)


@given(st.lists(raw_pods, max_size=6, unique_by=lambda pod: str(pod["metadata"]["name"])))
def test_no_pod_belongs_to_two_crs(pods: list[Any]) -> None:
    """Seen to fail when a pod that names no CR belongs to each of several."""
    of = {cr: {gateway.pod_name for gateway in found(pods, cr)} for cr in CRS}
    assert not of["prod"] & of["test"]


@given(st.lists(raw_pods, max_size=4), raw_pods)
def test_another_pod_changes_nothing_for_the_others(pods: list[Any], more: Any) -> None:
    """Seen to fail when only the first replica of a gateway's name is kept."""
    name = more["metadata"]["name"]
    others = {gateway for gateway in map(str, found(pods)) if f"pod_name='{name}'" not in gateway}
    after = set(map(str, found([*pods, more])))
    assert others <= after


@given(st.lists(odd_pods(), max_size=3))
def test_pods_of_any_shape(pods: list[Any]) -> None:
    """Seen to fail when a pod's labels are not checked to be an object."""
    for pod in pods:
        try:
            view = Pod.of(pod)
        except StokerError:
            assert not isinstance(pod, dict)
            continue
        for gateway in discover([view], namespace="plant", cr_name="prod", namespace_crs=["prod"]):
            assert gateway.ordinal == pod_ordinal(gateway.pod_name, gateway.labels)


@given(
    st.integers(-(2**64), 2**64)
    | st.sampled_from([limit + step for limit in LIMITS for step in STEPS]),
    st.sampled_from(["", "+", "0", "000", " ", "_"]),
    st.sampled_from(["", "gw-", "a-b-", "7", "-", "x"]),
)
def test_ordinals_are_64_bit_numbers(number: int, prefix: str, stem: str) -> None:
    """Seen to fail with a limit of 19 digits instead of 64 bits, and with Python's own `int`."""
    text = prefix + str(number)
    fits = -(2**63) <= number < 2**63
    legal = prefix == "" or (prefix not in {" ", "_"} and number >= 0)
    expected = number if fits and legal else 4
    assert pod_ordinal("gw-4", {names.POD_INDEX_LABEL: text}) == expected
    ordinal = pod_ordinal(stem + text, {})
    assert -(2**63) <= ordinal < 2**63
