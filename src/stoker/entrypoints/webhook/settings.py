"""What `stoker-webhook` is told: options, each of them also an environment variable."""

from __future__ import annotations

import argparse
import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker import __version__
from stoker.core import names as shared
from stoker.core.errors import StokerError
from stoker.core.injection import ImageSettings, InjectionSettings
from stoker.entrypoints.options import (
    Options,
    count,
    names,
    own_namespace,
    pairs,
    seconds,
    seconds_or_none,
)
from stoker.entrypoints.serving.addresses import OFF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Network = IPv4Network | IPv6Network

_POLICIES: Final = ("Always", "IfNotPresent", "Never")


@frozen(kw_only=True)
class CertificateOptions:
    """What admission is served with."""

    folder: Path | None
    """Where somebody else keeps `tls.crt` and `tls.key`; None: we make them."""
    namespace: str
    """Where our Secret is."""
    secret: str
    names: tuple[str, ...]
    life: float
    authority_life: float
    mutating: str
    validating: str


@frozen(kw_only=True)
class ReceiverOptions:
    """How requests for refs are judged."""

    certificates: Path | None
    """Where `tls.crt` and `tls.key` are; None: without TLS, behind something that has it."""
    hmac_file: Path | None
    token_file: Path | None
    allow_unauthenticated: bool
    source_rate: float
    source_burst: int
    cr_rate: float
    cr_burst: int
    trusted_proxies: tuple[Network, ...]
    body_seconds: float


@frozen(kw_only=True)
class WebhookSettings:
    """How the webhook works."""

    kubeconfig: Path | None
    service_account: Path
    """Where a pod has its token, and the authority of the API server."""
    namespaces: tuple[str, ...]
    """What is watched; nothing here means all namespaces."""
    admission_address: str
    receiver_address: str
    metrics_address: str
    metrics_certificates: Path | None
    probe_address: str
    drain: float
    """For how long it goes on answering after it was told to end, in seconds."""
    injection: InjectionSettings
    certificate: CertificateOptions
    receiver: ReceiverOptions
    log_level: str
    log_dev_mode: bool

    @property
    def admits(self) -> bool:
        """Whether it serves admission."""
        return self.admission_address != OFF

    @property
    def receives(self) -> bool:
        """Whether it serves the receiver."""
        return self.receiver_address != OFF


def read_settings(
    arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ
) -> WebhookSettings:
    """What the command line and the environment say; raises `StokerError` for what is wrong."""
    given = _options(environ).read(arguments)
    admits = given.admission_bind_address != OFF
    if not admits and given.receiver_bind_address == OFF:
        raise StokerError(
            "there is nothing to serve",
            where="--admission-bind-address",
            cure="give it or --receiver-bind-address an address",
        )
    namespace = _namespace(given, is_needed=admits and given.certificate_dir is None)
    return WebhookSettings(
        kubeconfig=given.kubeconfig,
        service_account=given.service_account_dir,
        namespaces=given.watch_namespaces,
        admission_address=given.admission_bind_address,
        receiver_address=given.receiver_bind_address,
        metrics_address=given.metrics_bind_address,
        metrics_certificates=given.metrics_cert_dir,
        probe_address=given.health_probe_bind_address,
        drain=given.drain,
        injection=_injection(given, namespace),
        certificate=_certificate(given, namespace),
        receiver=_receiver(given),
        log_level=given.log_level,
        log_dev_mode=given.log_dev_mode,
    )


# --- The options ---


def _options(environ: Mapping[str, str]) -> Options:
    options = Options(
        "stoker-webhook",
        "Answer the API server about pods and GatewaySyncs, and receive requests for refs.",
        environ,
    )
    options.add_cluster()
    account = "where the pod's account is"
    options.add("--service-account-dir", Path, shared.PATH_API_ACCESS, account)
    options.add("--namespace", str, "", "where this runs; else the pod's own namespace")
    options.add("--drain", seconds_or_none, "5s", "how long it goes on answering when told to end")
    _add_admission(options)
    _add_certificate(options)
    _add_receiver(options)
    options.add_about()
    options.add_logs()
    return options


def _add_admission(options: Options) -> None:
    add = options.add
    add("--admission-bind-address", str, ":9443", "address of admission, over TLS; 0: none")
    add("--own-labels", pairs, {}, "labels (k=v,...) of our own pods, which get no agent")
    add("--agent-image-repository", str, "stoker", "repository of the agent's image")
    add("--agent-image-tag", str, __version__, "tag of the agent's image, or its sha256:... digest")
    add("--agent-image-pull-policy", _policy, "", f"one of {', '.join(_POLICIES)}")
    repositories = "repositories, with commas between, that a pod may choose beside it"
    add("--agent-allowed-repositories", names, (), repositories)


def _add_certificate(options: Options) -> None:
    add = options.add
    folder = "a folder with tls.crt and tls.key for admission; else they are made"
    add("--certificate-dir", Path, None, folder)
    add("--certificate-secret", str, "stoker-webhook-certificate", "the Secret that they are in")
    add("--certificate-names", names, (), "DNS names, with commas between, that they are for")
    add("--certificate-life", seconds, "2160h", "how long a certificate is good")
    add("--authority-life", seconds, "87600h", "how long the authority behind it is good")
    mutating = "the MutatingWebhookConfiguration that is to trust it"
    add("--mutating-configuration", str, "", mutating)
    validating = "the ValidatingWebhookConfiguration that is to trust it"
    add("--validating-configuration", str, "", validating)


def _add_receiver(options: Options) -> None:
    add = options.add
    add("--receiver-bind-address", str, ":9444", "address of the receiver; 0: none")
    tls = "a folder with tls.crt and tls.key for the receiver; else it serves without TLS"
    add("--receiver-cert-dir", Path, None, tls)
    add("--receiver-hmac-file", Path, None, "the HMAC key for CRs that have none of their own")
    add("--receiver-token-file", Path, None, "the bearer token for CRs that have none of their own")
    switch = "take requests where no secret is configured"
    options.add_switch("--allow-unauthenticated", switch, default=False)
    add("--rate-limit-source", _rate, "10", "requests per second of one address")
    add("--rate-limit-source-burst", count, "50", "how many of them at once")
    add("--rate-limit-cr", _rate, "1", "requests per second for one CR")
    add("--rate-limit-cr-burst", count, "20", "how many of them at once")
    proxies = "networks, with commas between, whose X-Forwarded-For counts"
    add("--trusted-proxies", _networks, (), proxies)
    add("--receiver-body-timeout", seconds, "10s", "how long a body may take to come")


# --- What they come to ---


def _namespace(given: argparse.Namespace, *, is_needed: bool) -> str:
    if given.namespace:
        return str(given.namespace)
    try:
        return own_namespace("this process", "--namespace", "use --certificate-dir")
    except StokerError:
        if is_needed or given.own_labels:
            raise
        return ""


def _injection(given: argparse.Namespace, namespace: str) -> InjectionSettings:
    return InjectionSettings(
        image=ImageSettings(
            given.agent_image_repository,
            given.agent_image_tag,
            given.agent_image_pull_policy or None,
        ),
        allowed_repositories=frozenset(given.agent_allowed_repositories),
        allowed_protocols=given.allowed_protocols,
        own_namespace=namespace,
        own_labels=given.own_labels,
    )


def _certificate(given: argparse.Namespace, namespace: str) -> CertificateOptions:
    return CertificateOptions(
        folder=given.certificate_dir,
        namespace=namespace,
        secret=given.certificate_secret,
        names=given.certificate_names,
        life=given.certificate_life,
        authority_life=given.authority_life,
        mutating=given.mutating_configuration,
        validating=given.validating_configuration,
    )


def _receiver(given: argparse.Namespace) -> ReceiverOptions:
    return ReceiverOptions(
        certificates=given.receiver_cert_dir,
        hmac_file=given.receiver_hmac_file,
        token_file=given.receiver_token_file,
        allow_unauthenticated=given.allow_unauthenticated,
        source_rate=given.rate_limit_source,
        source_burst=given.rate_limit_source_burst,
        cr_rate=given.rate_limit_cr,
        cr_burst=given.rate_limit_cr_burst,
        trusted_proxies=given.trusted_proxies,
        body_seconds=given.receiver_body_timeout,
    )


# --- What stands behind an option ---


def _policy(text: str) -> str:
    if text and text not in _POLICIES:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(_POLICIES)}")
    return text


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 1_000_000:  # noqa: PLR2004 - beyond it no limit is left, and nan is neither
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of requests per second")
    return rate


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(map(ip_network, names(text)))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}, such as 10.0.0.0/8") from error
