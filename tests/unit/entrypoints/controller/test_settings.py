"""What `stoker-controller` is told, and what it says about what it does not understand."""

from __future__ import annotations

from pathlib import Path

import pytest

from stoker.core.errors import StokerError
from stoker.entrypoints.controller.settings import ControllerSettings, read_settings

ALONE = "--leader-elect=false"


def read(*arguments: str, **environ: str) -> ControllerSettings:
    return read_settings([ALONE, *arguments], environ)


def test_defaults_are_those_of_the_contract() -> None:
    settings = read()
    assert settings.namespaces == ()
    assert settings.metrics_address == ":8443"
    assert settings.probe_address == ":8081"
    assert settings.allowed_protocols == ("https", "ssh")
    assert settings.auto_bind_agent
    assert settings.election is None
    assert (settings.workers, settings.git_slots, settings.git_deadline) == (8, 16, 30.0)


def test_election_by_default_in_the_namespace_that_is_named() -> None:
    election = read_settings(["--leader-election-namespace", "stoker"], {}).election
    assert election is not None
    assert (election.namespace, election.name) == ("stoker", "stoker-controller")
    assert (election.lease, election.renew, election.retry) == (15.0, 10.0, 2.0)
    again = read_settings(["--leader-election-namespace", "stoker"], {}).election
    assert again is not None
    assert again.identity != election.identity


def test_one_shard_by_default_and_more_with_leases_only() -> None:
    assert read().shards == 1
    named = ["--leader-election-namespace", "stoker"]
    assert read_settings(named, {}).shards == 1
    assert read_settings([*named, "--shards", "4"], {}).shards == 4
    assert read_settings(named, {"STOKER_SHARDS": "64"}).shards == 64
    with pytest.raises(StokerError, match=r"--shards: 2 shards .* \(run with --leader-elect"):
        read("--shards", "2")


def test_variables_count_and_options_count_for_more() -> None:
    assert read(STOKER_GIT_SLOTS="3").git_slots == 3
    assert read("--git-slots", "5", STOKER_GIT_SLOTS="3").git_slots == 5
    assert read(STOKER_WATCH_NAMESPACES="a, b,,a").namespaces == ("a", "b")
    assert read(STOKER_KUBECONFIG="/k").kubeconfig == Path("/k")
    assert not read(STOKER_AUTO_BIND_AGENT="false").auto_bind_agent


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), True),
        (("--auto-bind-agent",), True),
        (("--auto-bind-agent=true",), True),
        (("--auto-bind-agent=false",), False),
        (("--no-auto-bind-agent",), False),
    ],
)
def test_switches(arguments: tuple[str, ...], expected: bool) -> None:  # noqa: FBT001 - a table
    assert read(*arguments).auto_bind_agent is expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--git-deadline", "30"), "--git-deadline: '30' is not a duration"),
        (("--git-deadline", "0s"), "'0s' is not longer than nothing"),
        (("--shards", "0"), "--shards: '0' is not a number from 1 to 64"),
        (("--shards", "65"), "--shards: '65' is not a number from 1 to 64"),
        (("--workers", "0"), "--workers: '0' is not a number from 1 to 1000"),
        (("--log-level", "loud"), "'loud' is none of debug, info"),
        (("--auto-bind-agent=perhaps",), "'perhaps' is neither true nor false"),
        (("--shoes",), "unrecognized arguments: --shoes"),
    ],
)
def test_what_is_not_understood_is_named(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(StokerError) as caught:
        read(*arguments)
    assert words in str(caught.value)
    assert "stoker-controller --help" in str(caught.value)


def test_a_variable_that_is_not_understood_is_named() -> None:
    with pytest.raises(StokerError, match="STOKER_LEADER_ELECT: 'soon' is neither"):
        read_settings([], {"STOKER_LEADER_ELECT": "soon"})
    with pytest.raises(StokerError, match="--workers: 'x'"):
        read(STOKER_WORKERS="x")


def test_a_lease_needs_a_namespace() -> None:
    with pytest.raises(StokerError, match="--leader-election-namespace"):
        read_settings([], {})


def test_the_times_of_a_lease_grow() -> None:
    with pytest.raises(StokerError, match="--lease-duration"):
        read_settings(["--leader-election-namespace", "x", "--lease-duration", "5s"], {})
