"""Law 18 for the metadata ConfigMap: it round-trips, and only `DecodeError` escapes.

It is also canonical: the same metadata is always the same text.
"""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from property.strategies.specs import json_values, metadatas, texts
from stoker.adapters.codec.metadata import decode_metadata, encode_metadata
from stoker.core.errors import DecodeError
from stoker.core.profile import Metadata

KEYS = ("commit", "ref", "gitURL", "paused", "authType", "gatewayPort", "gatewayTLS", "profiles")


@given(metadatas)
def test_it_round_trips(metadata: Metadata) -> None:
    """Broken by writing `paused` for `gatewayTLS`."""
    data = encode_metadata(metadata)
    assert set(data) == set(KEYS)
    assert all(isinstance(value, str) for value in data.values())
    assert decode_metadata(data) == metadata


@given(metadatas)
def test_the_same_metadata_is_the_same_text(metadata: Metadata) -> None:
    """Broken by not sorting the keys in `canonical`."""
    profiles = dict(reversed([*metadata.profiles.items()]))
    reversed_vars = {
        name: evolve(profile, vars=dict(reversed([*profile.vars.items()])))
        for name, profile in profiles.items()
    }
    assert encode_metadata(evolve(metadata, profiles=reversed_vars)) == encode_metadata(metadata)


@given(metadatas, st.dictionaries(texts, json_values, max_size=3))
def test_keys_that_nobody_knows_change_nothing(metadata: Metadata, more: dict[str, Any]) -> None:
    """Broken by reading the profiles strictly."""
    data: dict[str, Any] = encode_metadata(metadata)
    later = {f"x{key}": json.loads(json.dumps(value)) for key, value in more.items()}
    profiles = json.loads(data["profiles"])
    for profile in profiles.values():
        profile["xLater"] = 1
        for mapping in profile["mappings"]:
            mapping["xLater"] = {"a": []}
    data["profiles"] = json.dumps(profiles)
    assert decode_metadata({**_finite(later), **data}) == metadata


def _finite(later: dict[str, Any]) -> dict[str, Any]:
    return {key: "x" if "NaN" in str(value) else str(value) for key, value in later.items()}


@given(
    json_values
    | st.dictionaries(
        st.sampled_from(KEYS),
        json_values | texts | json_values.map(json.dumps) | st.text(max_size=5),
    )
)
def test_only_decode_errors_escape(data: Any) -> None:
    """Broken by making a number of `gatewayPort` without a look at the text first."""
    try:
        decode_metadata(data)
    except DecodeError as error:
        assert str(error)


@given(json_values.map(lambda one: json.dumps({"x": one})))
def test_profiles_of_any_form_are_read_or_refused(text: str) -> None:
    """Broken by taking every profile for an object."""
    try:
        assert set(decode_metadata({"profiles": text}).profiles) == {"x"}
    except DecodeError as error:
        assert str(error).startswith("profiles: ")
