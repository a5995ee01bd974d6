"""What is answered to a GatewaySync that is made or changed."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from attrs import evolve

from stoker.adapters.codec.admission import AdmissionRequest
from stoker.adapters.codec.crd import SITE
from stoker.core.injection import Admission, Allowed, Denied
from stoker.entrypoints.webhook.admission.syncs import admit_sync
from support.specs import a_document

ENTRANCE = evolve(SITE, is_entrance=True)


def mapping(source: str, destination: str = "projects") -> dict[str, Any]:
    return {"source": source, "destination": destination}


def sync(*mappings: dict[str, Any], **spec: Any) -> dict[str, Any]:
    profiles = {"default": {"mappings": list(mappings) or [mapping("projects")]}}
    return a_document(sync={"profiles": profiles}, **spec)


def asked(
    document: dict[str, Any] | None, before: dict[str, Any] | None = None, **more: Any
) -> Admission:
    operation = "UPDATE" if before else "CREATE"
    request = AdmissionRequest(
        uid="u", operation=operation, kind="GatewaySync", object=document, old_object=before
    )
    return admit_sync(evolve(request, **more), ENTRANCE)


WRONG = sync(mapping("../x"), mapping("{{.Vars.siet}}", "db"), paused=False)


def test_one_that_is_right() -> None:
    assert asked(sync()) == Allowed()
    assert asked(None) == Allowed()


def test_everything_that_is_wrong_at_once_with_its_path() -> None:
    denied = asked(WRONG)
    assert isinstance(denied, Denied)
    assert [problem.path for problem in denied.problems] == [
        "spec.sync.profiles.default.mappings[0].source",
        "spec.sync.profiles.default.mappings[1].source",
        "spec.sync.profiles.default.mappings[1].destination",
    ]
    assert denied.message.startswith("the GatewaySync has 3 problem(s): spec.sync")


@pytest.mark.parametrize("content", [[], "x", 7, None, {"a": [{}]}])
@pytest.mark.parametrize("part", ["spec", "metadata"])
def test_any_type_anywhere_is_an_answer(part: str, content: object) -> None:
    assert isinstance(asked({**sync(), part: content}), Denied)
    assert isinstance(asked({**sync(), part: content}, {part: "before"}), Denied | Allowed)


def test_too_deep_is_an_answer() -> None:
    deep: dict[str, Any] = {}
    for _ in range(99):
        deep = {"x": deep}
    assert isinstance(asked({**sync(), "spec": deep}), Denied)


def test_what_is_unwise_is_a_warning() -> None:
    allowed = asked(sync(git={"repo": "https://git.example/x", "ref": "main"}))
    assert isinstance(allowed, Allowed)
    (warning,) = allowed.warnings
    assert warning.startswith('spec.git.ref: "main" is a branch')


def test_a_name_that_is_still_to_be_made_up() -> None:
    document = sync()
    document["metadata"] = {"generateName": "site-", "namespace": "x"}
    assert asked(document) == Allowed()
    document["metadata"] = {"generateName": "Site_", "namespace": "x"}
    assert isinstance(asked(document), Denied)


def test_a_change_is_not_held_responsible_for_what_was_wrong_before() -> None:
    paused = deepcopy(WRONG)
    paused["spec"]["paused"] = True
    allowed = asked(paused, WRONG)
    assert isinstance(allowed, Allowed)
    assert len(allowed.warnings) == 3
    assert all(warning.startswith("wrong already: spec.sync") for warning in allowed.warnings)


def test_a_change_that_makes_it_worse_is_refused_with_all_that_is_wrong() -> None:
    worse = deepcopy(WRONG)
    worse["spec"]["sync"]["profiles"]["default"]["mappings"].append(mapping("/x", "y"))
    denied = asked(worse, WRONG)
    assert isinstance(denied, Denied)
    assert len(denied.problems) == 4


def test_what_is_no_change_of_the_spec_passes() -> None:
    annotated = deepcopy(WRONG)
    annotated["metadata"]["annotations"] = {"stoker.io/requested-ref": "v1"}
    assert asked(annotated, WRONG) == Allowed()


def test_who_is_leaving_may_go() -> None:
    leaving = deepcopy(WRONG)
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    leaving["spec"]["paused"] = True
    assert asked(leaving, WRONG) == Allowed()


@pytest.mark.parametrize("more", [{"operation": "DELETE"}, {"subresource": "status"}])
def test_nothing_else_is_looked_at(more: dict[str, Any]) -> None:
    assert asked(WRONG, **more) == Allowed()
