"""What is read out of Secrets and Leases, whatever stands in them."""

from __future__ import annotations

from typing import Any

import pytest

from stoker.adapters.kube.lease import document_of, record_of
from stoker.adapters.kube.secrets import SecretMissing, value_of
from stoker.core.leadership import Record

WHERE = "Secret plant/git-token"


def test_the_value_of_a_key() -> None:
    assert value_of({"data": {"token": "cGxhbnRlZA=="}}, WHERE, "token") == b"planted"


@pytest.mark.parametrize("data", [None, {}, [], {"token": None}, {"token": ""}, {"other": "eA=="}])
def test_a_key_that_is_not_there_is_named(data: object) -> None:
    with pytest.raises(SecretMissing, match="'token'") as caught:
        value_of({"data": data}, WHERE, "token")
    assert caught.value.where == WHERE


def test_what_is_no_base64_is_not_repeated() -> None:
    with pytest.raises(SecretMissing) as caught:
        value_of({"data": {"token": "planted!"}}, WHERE, "token")
    assert "planted" not in str(caught.value)
    assert caught.value.__cause__ is None


NOW = "2026-01-02T03:04:05.000000Z"


def lease(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "lead", "resourceVersion": "7", "labels": {"a": "b"}, "uid": "u"}
    return {"metadata": metadata, "spec": spec}


def test_a_lease_says_who_holds_it() -> None:
    said = lease(holderIdentity="one", leaseDurationSeconds=15, leaseTransitions=3)
    assert record_of(said) == Record("one", 15.0, 3, "7")


@pytest.mark.parametrize(
    "document",
    [{}, {"spec": None, "metadata": None}, lease(leaseDurationSeconds="x", leaseTransitions=None)],
)
def test_a_lease_that_says_nothing_is_held_by_nobody(document: dict[str, Any]) -> None:
    assert record_of(document).holder == ""
    assert record_of(document).duration == 0.0


def test_a_renewal_keeps_when_it_was_acquired_and_whatever_others_wrote() -> None:
    before = lease(holderIdentity="one", acquireTime="then", leaseTransitions=3)
    renewed = document_of(Record("one", 15, 3, "7"), before, "lead", NOW)
    assert renewed["spec"]["acquireTime"] == "then"
    assert renewed["spec"]["renewTime"] == NOW
    assert renewed["metadata"] == {"name": "lead", "resourceVersion": "7", "labels": {"a": "b"}}
    assert record_of(renewed) == Record("one", 15.0, 3, "7")


def test_a_new_holder_acquires_it_now() -> None:
    before = lease(holderIdentity="one", acquireTime="then")
    taken = document_of(Record("two", 15, 4, "7"), before, "lead", NOW)
    assert taken["spec"]["acquireTime"] == NOW
    assert taken["spec"]["leaseTransitions"] == 4


def test_a_new_lease_names_no_version_and_a_released_one_no_holder() -> None:
    made = document_of(Record("one", 15, 0, ""), {}, "lead", NOW)
    assert made["metadata"] == {"name": "lead"}
    assert "holderIdentity" not in document_of(Record("", 1, 0, "7"), made, "lead", NOW)["spec"]
