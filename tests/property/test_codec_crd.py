"""Law 18 for `GatewaySync`: what was encoded decodes to the same, and only errors of ours escape.

`DecodeError` and `InvalidDocument` are the only exceptions, whatever JSON, and whatever Python
value that is no JSON at all.
"""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from property.strategies.specs import (
    gateway_sync_documents,
    gateway_syncs,
    json_values,
    profiles,
    statuses,
    texts,
)
from stoker.adapters.codec.crd import (
    decode_gateway_sync,
    decode_profile,
    decode_status,
    encode_gateway_sync,
    encode_profile,
    encode_status,
)
from stoker.core.errors import DecodeError, InvalidDocument
from stoker.core.profile import GLOBS
from stoker.core.spec import GatewaySync, GatewaySyncStatus, SyncProfile

no_json = st.sampled_from((b"x", {1, 2}, date(2026, 1, 31), float("nan"), 10**400, object(), ()))
anything: st.SearchStrategy[Any] = (
    json_values
    | no_json
    | st.text(max_size=4)
    | st.dictionaries(st.integers() | texts | st.none(), json_values | no_json, max_size=3)
)


@given(sync=gateway_syncs, strict=st.booleans())
def test_a_resource_round_trips(sync: GatewaySync, *, strict: bool) -> None:
    """Broken by leaving out empty maps in `to_document`: `vars: {}` then comes back as nothing."""
    document = encode_gateway_sync(sync)
    assert decode_gateway_sync(document, strict=strict, site=GLOBS) == sync
    assert encode_gateway_sync(decode_gateway_sync(document, rules=False)) == document


@given(profile=profiles, strict=st.booleans())
def test_a_profile_round_trips(profile: SyncProfile, *, strict: bool) -> None:
    """Broken by writing the shared fields below `settings`."""
    assert decode_profile(encode_profile(profile), strict=strict, site=GLOBS) == profile


@given(statuses)
def test_a_status_round_trips(status: GatewaySyncStatus) -> None:
    """Broken by writing times without their seconds."""
    assert decode_status(encode_status(status)) == status


@given(document=anything, strict=st.booleans())
def test_only_our_errors_escape(document: Any, *, strict: bool) -> None:
    """Broken by asking only whether the document is None, not whether it is an object."""
    for decode in (decode_gateway_sync, decode_profile):
        try:
            decode(document, strict=strict)
        except (DecodeError, InvalidDocument) as error:
            assert str(error)
    try:
        decode_status(document)
    except (DecodeError, InvalidDocument) as error:
        assert str(error)


def _places(value: Any, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    below = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [place, *(found for key, item in below for found in _places(item, (*place, key)))]


def _problems(document: dict[str, Any], *, rules: bool) -> set[str]:
    try:
        decode_gateway_sync(document, rules=rules, site=GLOBS)
    except InvalidDocument as error:
        return {problem.path for problem in error.problems}
    except DecodeError:
        pass
    return set()


def _holds(outer: str, inner: str) -> bool:
    return outer == inner or inner.startswith((f"{outer}.", f"{outer}["))


@given(document=gateway_sync_documents, data=st.data())
def test_what_could_not_be_read_is_not_judged(
    document: dict[str, Any], data: st.DataObject
) -> None:
    """Whatever stands at one place, the rules speak of other places than those that are broken.

    Broken by judging stand-ins: a `git` that is no object then also has an illegal address.
    """
    spoilt = copy.deepcopy(document)
    place = data.draw(st.sampled_from(_places(document)[1:]))
    holder: Any = spoilt
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = data.draw(anything)
    unread = _problems(spoilt, rules=False)
    judged = _problems(spoilt, rules=True)
    assert unread <= judged
    for path in judged - unread:
        assert not any(_holds(path, other) or _holds(other, path) for other in unread)


@given(gateway_sync_documents, texts, st.data())
def test_unknown_fields_are_tolerated_or_named(
    document: dict[str, Any], name: str, data: st.DataObject
) -> None:
    """Broken by heeding `strict` for the outermost object alone."""
    profiles = document["spec"]["sync"]["profiles"]
    mappings = [mapping for profile in profiles.values() for mapping in profile["mappings"]]
    plain = decode_gateway_sync(document, rules=False)
    objects = [document["spec"], document["spec"]["git"], *profiles.values(), *mappings]
    data.draw(st.sampled_from(objects))[f"x{name}"] = 1
    assert decode_gateway_sync(document, rules=False) == plain
    with pytest.raises(InvalidDocument) as caught:
        decode_gateway_sync(document, strict=True, rules=False)
    (problem,) = caught.value.problems
    assert problem.message == "is not a field that is known here"
