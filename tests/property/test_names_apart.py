"""Names of owned objects: legal for Kubernetes, and apart for different owners."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from stoker.core import names

LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
OBJECT_NAME = re.compile(rf"{LABEL}(\.{LABEL})*")
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?")
long_names = st.builds(
    lambda stem, times, tail: (stem * times + tail)[:253].strip("-."),
    st.sampled_from(["a", "b-", "a-b", "x9.", "c.d-e"]),
    st.integers(1, 253),
    st.sampled_from(["z", "-z", "y"]),
).filter(lambda name: OBJECT_NAME.fullmatch(name) is not None)


@given(long_names, long_names)
def test_names_are_legal(cr: str, pod: str) -> None:
    """Seen to fail when the cut leaves a '.' before the digest's '-'."""
    for name in (
        names.metadata_config_map(cr),
        names.status_config_map(cr, pod),
        names.changes_config_map(cr, pod),
        names.github_token_secret(cr),
        names.agent_role(cr),
    ):
        assert len(name) <= 253
        assert OBJECT_NAME.fullmatch(name)
    value = names.cr_label_value(cr)
    assert len(value) <= 63
    assert LABEL_VALUE.fullmatch(value)


@given(st.lists(long_names, min_size=2, max_size=2, unique=True))
def test_names_of_different_crs_differ(crs: list[str]) -> None:
    """Seen to fail when a long name is cut without a digest."""
    one, other = crs
    assert names.metadata_config_map(one) != names.metadata_config_map(other)
    assert names.agent_role(one) != names.agent_role(other)
    assert names.cr_label_value(one) != names.cr_label_value(other)


@given(long_names, st.lists(long_names, min_size=2, max_size=2, unique=True))
def test_names_of_different_pods_differ(cr: str, pods: list[str]) -> None:
    """Seen to fail when the digest is that of the CR alone."""
    one, other = pods
    assert names.status_config_map(cr, one) != names.status_config_map(cr, other)
