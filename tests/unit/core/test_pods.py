"""What a pod says of itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from stoker.core import names
from stoker.core.errors import DecodeError, Problem, RefError
from stoker.core.pods import Pod, PodAnnotations, Unclaimed, derive_cr
from stoker.core.pods.annotations import quoted, split_patterns
from stoker.core.pods.json_shapes import members, objects, text, texts
from stoker.core.pods.ownership import listed
from stoker.core.refs import RefName


def problem(name: str, message: str, cure: str) -> Problem:
    return Problem(f"metadata.annotations[{name}]", message, cure)


# --- annotations ---


def test_no_annotation_asks_for_nothing() -> None:
    assert PodAnnotations.read({}) == PodAnnotations()
    nothing = PodAnnotations()
    assert (nothing.inject, nothing.injected, nothing.exclude_patterns) == (False, False, ())


def test_all_annotations() -> None:
    asked = PodAnnotations.read(
        {
            "stoker.io/inject": "true",
            "stoker.io/injected": "true",
            "stoker.io/cr-name": "prod",
            "stoker.io/profile": "blue",
            "stoker.io/gateway-name": "Line_1.gw-a",
            "stoker.io/ref-override": "release/2.0",
            "stoker.io/agent-image": "1.2.3",
            "stoker.io/sync-period": "60",
            "stoker.io/exclude-patterns": "**/*.bak, tmp/",
            "other.io/inject": "maybe",
        }
    )
    assert asked == PodAnnotations(
        inject=True,
        injected=True,
        cr_name="prod",
        profile="blue",
        gateway_name="Line_1.gw-a",
        ref_override=asked.ref_override,
        agent_image="1.2.3",
        sync_period=60,
        exclude_patterns=("**/*.bak", "tmp/"),
    )
    assert asked.ref_override == "release/2.0"


@pytest.mark.parametrize("name", sorted(names.POD_ANNOTATIONS))
@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_value_is_none(name: str, empty: str | None) -> None:
    assert PodAnnotations.read({name: empty}) == PodAnnotations()


@pytest.mark.parametrize("value", [True, 1, [], {}, 1.5])
def test_values_are_text(value: Any) -> None:
    asked = PodAnnotations.read({names.INJECT: value, names.PROFILE: value})
    assert asked.problems == (
        problem(names.INJECT, "the value is not text", "put it in quotes"),
        problem(names.PROFILE, "the value is not text", "put it in quotes"),
    )
    assert (asked.inject, asked.profile) == (False, None)


@pytest.mark.parametrize(("value", "inject"), [("true", True), ("false", False)])
def test_inject(value: str, *, inject: bool) -> None:
    asked = PodAnnotations.read({names.INJECT: value})
    assert (asked.inject, asked.problems) == (inject, ())


@pytest.mark.parametrize("value", ["True", "yes", "1", "enabled", " true", "true\n"])
def test_inject_is_a_switch(value: str) -> None:
    asked = PodAnnotations.read({names.INJECT: value})
    expected = problem(names.INJECT, f"{value!r} is not a switch", 'write "true" or "false"')
    assert (asked.inject, asked.problems) == (False, (expected,))
    assert asked.problem_with(names.INJECT) == expected
    assert asked.problem_with(names.PROFILE) is None


@pytest.mark.parametrize("value", ["True", "false", "1", True])
def test_injected_is_true_or_nothing(value: Any) -> None:
    assert PodAnnotations.read({names.INJECTED: value}) == PodAnnotations()


@pytest.mark.parametrize(("value", "seconds"), [("5", 5), ("0060", 60), ("3600", 3600)])
def test_sync_period(value: str, seconds: int) -> None:
    assert PodAnnotations.read({names.SYNC_PERIOD: value}).sync_period == seconds


@pytest.mark.parametrize(
    "value", ["4", "3601", "30s", "-30", "+30", "3e1", " 30", "30\n", "٣٠", "9" * 5000, "x"]
)
def test_sync_period_out_of_range(value: str) -> None:
    asked = PodAnnotations.read({names.SYNC_PERIOD: value})
    shown = repr(value) if len(value) < 61 else repr("9" * 60 + "…")
    assert asked.sync_period is None
    assert asked.problems == (
        problem(
            names.SYNC_PERIOD,
            f"{shown} is not a number of seconds",
            "write a whole number from 5 to 3600",
        ),
    )


@pytest.mark.parametrize("value", ["a", "Site-A_1.b", "..a", "-", "x" * 253])
def test_gateway_name(value: str) -> None:
    assert PodAnnotations.read({names.GATEWAY_NAME: value}).gateway_name == value


@pytest.mark.parametrize("value", ["a b", ".", "..", "a/b", "ä", "a\n", "$(X)", "x" * 254])
def test_gateway_name_refused(value: str) -> None:
    asked = PodAnnotations.read({names.GATEWAY_NAME: value})
    assert asked.gateway_name is None
    assert asked.problems == (
        problem(
            names.GATEWAY_NAME,
            f"{quoted(value)} cannot name a gateway",
            "use letters, digits, '-', '_' and '.', at most 253 of them",
        ),
    )


def test_ref_override_refused() -> None:
    with pytest.raises(RefError) as caught:
        RefName.parse("-upload-pack=x")
    asked = PodAnnotations.read({names.REF_OVERRIDE: "-upload-pack=x"})
    message = f"'-upload-pack=x': {caught.value.message}"
    assert asked.ref_override is None
    assert asked.problems == (problem(names.REF_OVERRIDE, message, caught.value.cure),)


@pytest.mark.parametrize(
    ("listed_text", "patterns"),
    [
        ("a", ("a",)),
        ("a,b", ("a", "b")),
        (" a , b ,", ("a", "b")),
        (",,", ()),
        ("{a,b}/**,c", ("{a,b}/**", "c")),
        ("{a,{b,c}},d", ("{a,{b,c}}", "d")),
        ("[a,b],c", ("[a,b]", "c")),
        ("[{],b", ("[{]", "b")),
        (r"[\],x],b", (r"[\],x]", "b")),
        (r"a\,b,c", (r"a\,b", "c")),
        (r"\{a,b", (r"\{a", "b")),
        (r"\[a,b", (r"\[a", "b")),
        ("}a,b", ("}a", "b")),
        ("}{a,b}", ("}{a,b}",)),
        ("{a,b", ("{a,b",)),
        ("a,[b,c", ("a", "[b,c")),
        ("a,[b,c\\", ("a", "[b,c\\")),
        ("a,\\\n,b", ("a", "\\", "b")),
    ],
)
def test_lists_of_patterns(listed_text: str, patterns: tuple[str, ...]) -> None:
    assert split_patterns(listed_text) == patterns


def test_a_list_of_patterns_is_bounded() -> None:
    most = ",".join("a" for _ in range(100))
    assert len(PodAnnotations.read({names.EXCLUDE_PATTERNS: most}).exclude_patterns) == 100
    asked = PodAnnotations.read({names.EXCLUDE_PATTERNS: most + ",a"})
    assert asked.exclude_patterns == ()
    assert asked.problems == (
        problem(
            names.EXCLUDE_PATTERNS,
            "it lists 101 patterns",
            "list at most 100, and put the others into the GatewaySync",
        ),
    )


def test_all_problems_at_once_in_a_fixed_order() -> None:
    asked = PodAnnotations.read(
        {names.SYNC_PERIOD: "x", names.INJECT: "x", names.GATEWAY_NAME: "/", names.PROFILE: "p"}
    )
    places = [each.path.partition("[")[2] for each in asked.problems]
    assert places == ["stoker.io/inject]", "stoker.io/gateway-name]", "stoker.io/sync-period]"]
    assert asked.profile == "p"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("x" * 60, f"'{'x' * 60}'"), ("x" * 61, f"'{'x' * 60}…'"), ("a\n\x1b", r"'a\n\x1b'")],
)
def test_quoted_text_stays_short_and_on_one_line(value: str, shown: str) -> None:
    assert quoted(value) == shown


# --- ownership ---


@pytest.mark.parametrize(
    ("crs", "named", "expected"),
    [
        (["prod"], None, "prod"),
        (["prod", "prod"], None, "prod"),
        (["prod", "test"], "test", "test"),
        (
            [],
            None,
            Unclaimed(
                "there is no GatewaySync in the namespace of the pod",
                "create one there, or remove the annotation stoker.io/inject",
            ),
        ),
        (
            ["b", "a"],
            None,
            Unclaimed(
                "there are 2 GatewaySyncs in the namespace of the pod",
                "set the annotation stoker.io/cr-name to one of: a, b",
            ),
        ),
        (
            [],
            "x",
            Unclaimed(
                "GatewaySync 'x' does not exist in the namespace of the pod",
                "create one there, or remove the annotation stoker.io/inject",
            ),
        ),
        (
            ["b", "a"],
            "x",
            Unclaimed(
                "GatewaySync 'x' does not exist in the namespace of the pod",
                "create it, or set the annotation stoker.io/cr-name to one of: a, b",
            ),
        ),
    ],
)
def test_derive_cr(crs: list[str], named: str | None, expected: str | Unclaimed) -> None:
    assert derive_cr(crs, named) == expected


def test_of_many_names_the_first_are_listed() -> None:
    ten = [f"n{number}" for number in range(10)]
    assert listed(ten[::-1]) == ", ".join(ten)
    assert listed([*ten, "n99"]) == ", ".join(ten) + ", …"


# --- the view ---


def test_a_pod() -> None:
    pod = Pod.of(
        {
            "metadata": {
                "name": "gw-0",
                "namespace": "plant",
                "uid": "u1",
                "labels": {"app.kubernetes.io/name": "ignition", "n": 5},
                "annotations": {"stoker.io/profile": "blue"},
                "creationTimestamp": "2026-01-31T12:00:00Z",
            },
            "spec": {
                "serviceAccountName": "gw",
                "initContainers": [{"name": "setup"}, {"name": "stoker-agent"}],
            },
            "status": {
                "phase": "Running",
                "conditions": [
                    {"type": "PodScheduled", "status": "False"},
                    {"type": "Ready", "status": "True"},
                ],
            },
        }
    )
    assert pod == Pod(
        name="gw-0",
        namespace="plant",
        uid="u1",
        labels={"app.kubernetes.io/name": "ignition"},
        annotations=PodAnnotations(profile="blue"),
        service_account_name="gw",
        phase="Running",
        ready=True,
        terminating=False,
        has_agent=True,
        created=datetime(2026, 1, 31, 12, tzinfo=UTC),
    )
    assert (pod.profile, pod.gateway_name, pod.finished) == ("blue", "ignition", False)


EMPTY = Pod(labels={}, annotations=PodAnnotations())


def test_an_empty_pod() -> None:
    assert Pod.of({}) == EMPTY
    assert (EMPTY.name, EMPTY.namespace, EMPTY.uid, EMPTY.phase) == ("", "", "", "")
    assert (EMPTY.service_account_name, EMPTY.created) == ("", None)
    assert (EMPTY.ready, EMPTY.terminating, EMPTY.has_agent) == (False, False, False)
    assert (EMPTY.profile, EMPTY.gateway_name, EMPTY.finished) == ("default", "", False)


@pytest.mark.parametrize("odd", [None, 5, "x", [], [1], {"a": 1}, True])
def test_what_is_of_a_wrong_type_is_absent(odd: Any) -> None:
    parts = ("name", "namespace", "uid", "labels", "annotations", "creationTimestamp")
    raw = {
        "metadata": dict.fromkeys(parts, 5 if odd == "x" else odd),
        "spec": {"serviceAccountName": [odd], "initContainers": odd, "containers": odd},
        "status": {"phase": [odd], "conditions": odd},
    }
    assert Pod.of(raw) == EMPTY
    assert Pod.of({"metadata": odd, "spec": odd, "status": odd}) == EMPTY


@pytest.mark.parametrize("raw", [None, 5, "x", [], True])
def test_a_pod_is_an_object(raw: Any) -> None:
    with pytest.raises(DecodeError) as caught:
        Pod.of(raw)
    assert str(caught.value) == "a pod is an object (give the pod's own JSON)"


@pytest.mark.parametrize(
    ("annotations", "labels", "name", "given"),
    [
        ({"stoker.io/gateway-name": "g"}, {"app.kubernetes.io/name": "l"}, "g", "g"),
        ({"stoker.io/gateway-name": "bad name"}, {"app.kubernetes.io/name": "l"}, "l", "l"),
        ({}, {"app.kubernetes.io/name": "l"}, "l", "l"),
        ({}, {"app.kubernetes.io/name": ""}, "p", ""),
        ({}, {}, "p", ""),
    ],
)
def test_what_the_gateway_is_called(
    annotations: dict[str, str], labels: dict[str, str], name: str, given: str
) -> None:
    pod = Pod.of({"metadata": {"name": "p", "annotations": annotations, "labels": labels}})
    assert (pod.gateway_name, pod.given_gateway_name) == (name, given)


@pytest.mark.parametrize(
    ("phase", "finished"),
    [("Succeeded", True), ("Failed", True), ("Running", False), ("Pending", False), ("", False)],
)
def test_finished(phase: str, *, finished: bool) -> None:
    assert Pod.of({"status": {"phase": phase}}).finished is finished


@pytest.mark.parametrize(
    ("kind", "name", "present"),
    [
        ("initContainers", "stoker-agent", True),
        ("containers", "stoker-agent", True),
        ("initContainers", "agent", False),
        ("ephemeralContainers", "stoker-agent", False),
    ],
)
def test_has_agent(kind: str, name: str, *, present: bool) -> None:
    assert Pod.of({"spec": {kind: [7, {"name": name}]}}).has_agent is present


def test_terminating() -> None:
    assert Pod.of({"metadata": {"deletionTimestamp": "2026-01-31T12:00:00Z"}}).terminating


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [
        ([{"type": "Ready", "status": "True"}], True),
        ([{"type": "Ready", "status": "False"}], False),
        ([{"type": "Ready", "status": True}], False),
        ([{"type": "Initialized", "status": "True"}], False),
        ([None, {"type": "Ready", "status": "True"}], True),
    ],
)
def test_ready(conditions: list[Any], *, ready: bool) -> None:
    assert Pod.of({"status": {"conditions": conditions}}).ready is ready


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31T12:00:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("yesterday", None),
        ("\ud800", None),
    ],
)
def test_created(written: str, moment: datetime | None) -> None:
    assert Pod.of({"metadata": {"creationTimestamp": written}}).created == moment


# --- shapes ---


def test_shapes() -> None:
    assert text("x") == "x"
    assert text(5) == ""
    assert members({"a": 1, 5: 2}) == {"a": 1}
    assert members([1]) == {}
    assert texts({"a": "x", "b": 1, 5: "y"}) == {"a": "x"}
    assert objects([{"a": 1}, 5, None, {"b": 2}]) == ({"a": 1}, {"b": 2})
    assert objects(({"a": 1},)) == ({"a": 1},)
    assert objects({"a": 1}) == ()
