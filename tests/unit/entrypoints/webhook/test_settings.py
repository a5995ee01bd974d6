"""What `stoker-webhook` is told, and what it says about what it does not understand."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from stoker import __version__
from stoker.core.errors import StokerError
from stoker.entrypoints import webhook
from stoker.entrypoints.webhook.settings import WebhookSettings, read_settings


def read(*arguments: str, **environ: str) -> WebhookSettings:
    return read_settings(["--namespace=stoker", *arguments], environ)


def test_defaults_are_those_of_the_contract() -> None:
    settings = read()
    assert settings.kubeconfig is None
    assert settings.service_account == Path("/var/run/secrets/kubernetes.io/serviceaccount")
    assert settings.namespaces == ()
    assert (settings.admission_address, settings.receiver_address) == (":9443", ":9444")
    assert (settings.metrics_address, settings.probe_address) == (":8443", ":8081")
    assert settings.admits
    assert settings.receives
    assert settings.drain == 5.0
    image = settings.injection.image
    assert (image.repository, image.tag, image.pull_policy) == ("stoker", __version__, None)
    assert settings.injection.allowed_protocols == ("https", "ssh")
    certificate, receiver = settings.certificate, settings.receiver
    assert (certificate.folder, certificate.namespace) == (None, "stoker")
    assert certificate.secret == "stoker-webhook-certificate"
    assert (certificate.life, certificate.authority_life) == (2160 * 3600, 87600 * 3600)
    assert not receiver.allow_unauthenticated
    assert (receiver.source_rate, receiver.source_burst) == (10.0, 50)
    assert (receiver.cr_rate, receiver.cr_burst) == (1.0, 20)
    assert receiver.trusted_proxies == ()
    assert receiver.body_seconds == 10.0


def test_what_a_chart_gives() -> None:
    settings = read(
        "--agent-image-repository=registry.local:5000/stoker",
        "--agent-image-tag=2.0",
        "--agent-image-pull-policy=Always",
        "--agent-allowed-repositories=a/b, c/d",
        "--allowed-protocols=https",
        "--own-labels=app.kubernetes.io/name=stoker,app.kubernetes.io/instance=r",
        "--certificate-names=a.b.svc,a.b.svc.cluster.local",
        "--trusted-proxies=10.0.0.0/8,2001:db8::/32",
        "--rate-limit-source=0.5",
        "--drain=0s",
    )
    injection = settings.injection
    assert injection.image.repository == "registry.local:5000/stoker"
    assert (injection.image.tag, injection.image.pull_policy) == ("2.0", "Always")
    assert injection.allowed_repositories == {"a/b", "c/d"}
    assert injection.allowed_protocols == ("https",)
    assert injection.own_namespace == "stoker"
    assert injection.own_labels == {
        "app.kubernetes.io/name": "stoker",
        "app.kubernetes.io/instance": "r",
    }
    assert settings.certificate.names == ("a.b.svc", "a.b.svc.cluster.local")
    networks = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
    assert settings.receiver.trusted_proxies == networks
    assert settings.receiver.source_rate == 0.5
    assert settings.drain == 0.0


def test_variables_count_and_options_count_for_more() -> None:
    assert read(STOKER_DRAIN="7s").drain == 7.0
    assert read("--drain=9s", STOKER_DRAIN="7s").drain == 9.0
    assert read(STOKER_ALLOW_UNAUTHENTICATED="true").receiver.allow_unauthenticated
    assert read(STOKER_OWN_LABELS="a=b").injection.own_labels == {"a": "b"}


def test_each_half_can_be_off_and_not_both() -> None:
    assert not read("--receiver-bind-address=0").receives
    assert not read("--admission-bind-address=0").admits
    with pytest.raises(StokerError, match="nothing to serve"):
        read("--admission-bind-address=0", "--receiver-bind-address=0")


def test_a_namespace_is_needed_by_who_keeps_a_secret_there() -> None:
    with pytest.raises(StokerError, match="use --certificate-dir"):
        read_settings([], {})
    assert read_settings(["--admission-bind-address=0"], {}).injection.own_namespace == ""
    assert read_settings(["--certificate-dir=/c"], {}).certificate.folder == Path("/c")
    with pytest.raises(StokerError, match="--namespace"):
        read_settings(["--certificate-dir=/c", "--own-labels=a=b"], {})


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("--own-labels=a", "'a' is not of the form name=value"),
        ("--own-labels==b", "'=b' is not of the form name=value"),
        ("--drain=-1s", "'-1s' is not longer than nothing"),
        ("--certificate-life=0s", "'0s' is not longer than nothing"),
        ("--agent-image-pull-policy=always", "'always' is none of Always, IfNotPresent, Never"),
        ("--rate-limit-source=0", "'0' is not a number of requests per second"),
        ("--rate-limit-cr=nan", "'nan' is not a number of requests per second"),
        ("--rate-limit-cr=fast", "'fast' is not a number of requests per second"),
        ("--rate-limit-cr-burst=0", "'0' is not a number from 1 to 1000"),
        ("--trusted-proxies=10.0.0.1/8", "10.0.0.1/8 has host bits set"),
        ("--trusted-proxies=here", "'here' does not appear to be an IPv4 or IPv6 network"),
    ],
)
def test_what_is_not_understood_is_named(argument: str, words: str) -> None:
    with pytest.raises(StokerError) as caught:
        read(argument)
    assert words in str(caught.value)
    assert "stoker-webhook --help" in str(caught.value)


def test_the_command_says_what_is_wrong_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert webhook.main(["--drain=soon"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("stoker-webhook: error: argument --drain: 'soon' is not a duration")
    assert said.count("\n") == 1
