"""Probes and metrics over real connections: who is answered what, and who is not waited for.

Broken on purpose, and seen to fail: the deadline of a connection taken out, no bound on how many
reviews go on, a file pair not looked at any more, sockets left open after a failed start.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from integration.serving.running import Serving, asked, trusting
from stoker.adapters.certs import KeyPair, self_signed
from stoker.adapters.clock import utc_now
from stoker.core.errors import StokerError
from stoker.entrypoints.serving import Limits, ServedCertificate, Verdict

Start = Callable[..., Serving]
DAY = timedelta(days=1)


# --- Probes ---


def test_probes_tell_how_it_is(serving: Start) -> None:
    running = serving()
    assert running.probe("/healthz") == (200, "ok\n")
    assert running.probe("/readyz") == (200, "ok\n")
    running.health.not_ready = "the list of pods is missing"
    assert running.probe("/healthz")[0] == 200
    assert running.probe("/readyz") == (503, "the list of pods is missing\n")
    running.health.trouble = "a watch hangs"
    assert running.probe("/healthz") == (503, "a watch hangs\n")
    assert running.probe("/metrics")[0] == 404


@pytest.mark.parametrize("address", [":0", "[::]:0", "127.0.0.1:0", "0.0.0.0:0", "localhost:0"])
def test_addresses_of_this_machine(address: str, serving: Start) -> None:
    running = serving(probe_address=address, metrics_address="0")
    assert running.probe("/healthz")[0] == 200
    assert running.servers.ports.keys() == {"probes"}


@pytest.mark.parametrize("address", [":0", "[::]:0", "[::1]:0"])
def test_addresses_of_the_newer_family(address: str, serving: Start) -> None:
    running = serving(probe_address=address, metrics_address="0")
    connection = http.client.HTTPConnection("::1", running.probe_port, timeout=5)
    assert asked(connection, "/healthz")[0] == 200


def test_both_can_be_off(serving: Start) -> None:
    running = serving(probe_address="0", metrics_address="0")
    assert running.servers.ports == {}
    assert "serving" not in [one.name for one in threading.enumerate()]


@pytest.mark.parametrize("address", ["", "8443", "host:port", ":70000", "[::1:8443", "::1:84"])
def test_what_is_no_address_is_refused(address: str, serving: Start) -> None:
    with pytest.raises(StokerError, match="write :8443"):
        serving(metrics_address=address)


def test_a_port_that_is_taken_is_named_and_nothing_is_left_open(serving: Start) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        socket.create_server(("127.0.0.1", 0)) as free,
    ):
        taken, probes = other.getsockname()[1], free.getsockname()[1]
        free.close()
        with pytest.raises(StokerError, match=f"port {taken} for metrics: Address already in use"):
            serving(metrics_address=f"127.0.0.1:{taken}", probe_address=f"127.0.0.1:{probes}")
        socket.create_server(("127.0.0.1", probes)).close()


# --- Metrics ---


def test_who_may_read_them(serving: Start) -> None:
    running = serving()
    running.reviewer.known |= {"away": Verdict.UNAVAILABLE, "stranger": Verdict.FORBIDDEN}
    status, told = running.scrape("Bearer good")
    assert status == 200
    assert "stoker_answer 42.0" in told
    assert running.scrape("Bearer stranger") == (403, "Forbidden\n")
    assert running.scrape("Bearer away") == (503, "Service Unavailable\n")
    assert running.scrape("bearer other") == (401, "Unauthorized\n")


@pytest.mark.parametrize(
    "header", ["", "good", "Basic good", "Bearer", "Bearer ", "Bearer go od", "Bearer g\xe9"]
)
def test_what_is_no_token_is_never_reviewed(header: str, serving: Start) -> None:
    running = serving()
    assert running.scrape(header) == (401, "Unauthorized\n")
    assert running.reviewer.asked == []


def test_nothing_else_is_there(serving: Start) -> None:
    running = serving()
    for path in ("/", "/healthz", "/metrics/", "/docs", "/metrics/../metrics"):
        assert running.scrape("Bearer good", path)[0] in {307, 404}
    assert running.reviewer.asked == []


def test_what_prometheus_needs_to_know_is_in_the_headers(serving: Start) -> None:
    connection = serving().scraping()
    connection.request("GET", "/metrics", headers={"Authorization": "Bearer good"})
    answer = connection.getresponse()
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "Server" not in answer.headers
    answer.read()
    # The connection is kept for the next scrape.
    connection.request("GET", "/metrics", headers={"Authorization": "Bearer x"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    connection.close()


def test_a_review_that_takes_long_keeps_nobody_else(serving: Start) -> None:
    running = serving()
    go = threading.Event()
    running.reviewer.wait = lambda: go.wait(5)
    told: list[tuple[int, str]] = []
    waiting = [
        threading.Thread(target=lambda: told.append(running.scrape("Bearer good")))
        for _ in range(12)
    ]
    for thread in waiting:
        thread.start()
    while len(running.reviewer.asked) < 4:
        time.sleep(0.01)
    assert running.probe("/healthz")[0] == 200
    time.sleep(0.1)
    assert len(running.reviewer.asked) == 4
    go.set()
    for thread in waiting:
        thread.join()
    assert [status for status, _ in told] == [200] * 12


# --- Slow, huge and many ---


def end_of(connection: socket.socket) -> bool:
    """Whether the other side has ended it, one way or the other."""
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


def send_for_ever(connection: socket.socket) -> None:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        connection.sendall(b"x" * 100_000)


def test_a_client_that_says_nothing_is_cut(serving: Start) -> None:
    running = serving(Limits(answer=0.3))
    with socket.create_connection(("127.0.0.1", running.probe_port)) as silent:
        silent.settimeout(5)
        began = time.monotonic()
        silent.sendall(b"GET /healthz HTTP/1.1\r\nHost:")
        assert end_of(silent)
        assert time.monotonic() - began < 2
    assert running.probe("/healthz")[0] == 200


def test_a_body_without_end_is_cut(serving: Start) -> None:
    running = serving(Limits(answer=0.3))
    with socket.create_connection(("127.0.0.1", running.probe_port)) as greedy:
        greedy.settimeout(5)
        head = b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n"
        greedy.sendall(head)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            send_for_ever(greedy)
    assert running.probe("/healthz")[0] == 200


def test_a_request_without_end_is_refused(serving: Start) -> None:
    running = serving()
    with socket.create_connection(("127.0.0.1", running.probe_port)) as huge:
        huge.settimeout(5)
        huge.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: ")
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            send_for_ever(huge)
    assert running.probe("/healthz")[0] == 200


def test_many_connections_keep_no_probe_away(serving: Start) -> None:
    running = serving()
    address = ("127.0.0.1", running.probe_port)
    idle = [socket.create_connection(address) for _ in range(300)]
    try:
        assert running.probe("/healthz")[0] == 200
    finally:
        for one in idle:
            one.close()


# --- The end ---


def test_it_stops_in_time_whatever_goes_on(serving: Start) -> None:
    running = serving()
    go = threading.Event()
    running.reviewer.wait = lambda: go.wait(10)
    idle = socket.create_connection(("127.0.0.1", running.probe_port))
    connection = running.scraping()
    connection.request("GET", "/metrics", headers={"Authorization": "Bearer good"})
    began = time.monotonic()
    running.servers.stop()
    assert time.monotonic() - began < 2.2
    go.set()
    for port in (running.probe_port, running.metrics_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)
    idle.close()
    connection.close()


def test_it_can_stop_before_it_started_and_twice(serving: Start) -> None:
    running = serving()
    running.servers.stop()
    running.servers.stop()


# --- Certificates ---


def shown(port: int, context: ssl.SSLContext | None = None) -> x509.Certificate:
    raw = socket.create_connection(("127.0.0.1", port), timeout=5)
    with (context or trusting()).wrap_socket(raw, server_hostname="localhost") as connection:
        der = connection.getpeercert(binary_form=True)
        assert der is not None
        return x509.load_der_x509_certificate(der)


def write(folder: Path, pair: KeyPair) -> Path:
    """Both files at once, as the kubelet does it: the folder behind a link is another one."""
    version = folder / f"..{time.monotonic_ns()}"
    version.mkdir()
    (version / "tls.crt").write_bytes(pair.certificate)
    (version / "tls.key").write_bytes(pair.key)
    (folder / "..new").symlink_to(version.name)
    (folder / "..new").rename(folder / "..data")
    for name in ("tls.crt", "tls.key"):
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    return folder


def a_pair(life: timedelta = DAY) -> KeyPair:
    return self_signed(["localhost", "127.0.0.1"], life, utc_now())


def test_a_certificate_of_its_own_names_this_machine(serving: Start) -> None:
    made = shown(serving().metrics_port)
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", socket.gethostname()} <= {*names.get_values_for_type(x509.DNSName)}
    assert made.not_valid_after_utc - utc_now() > 29 * DAY


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_of_tls_are_refused(serving: Start) -> None:
    old = trusting()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    port = serving().metrics_port
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shown(port, old)
    newer = trusting()
    newer.maximum_version = ssl.TLSVersion.TLSv1_2
    assert shown(port, newer).serial_number


def test_files_are_served_and_read_anew_without_dropping_anybody(
    serving: Start, tmp_path: Path
) -> None:
    first, second = a_pair(), a_pair()
    running = serving(look=0.05, metrics_certificates=write(tmp_path, first))
    port = running.metrics_port
    assert shown(port) == x509.load_pem_x509_certificate(first.certificate)
    kept = running.scraping()
    kept.request("GET", "/metrics", headers={"Authorization": "Bearer good"})
    assert kept.getresponse().read()
    write(tmp_path, second)
    new = x509.load_pem_x509_certificate(second.certificate)
    until = time.monotonic() + 5
    while shown(port) != new:
        assert time.monotonic() < until
    before = kept.sock
    kept.request("GET", "/metrics", headers={"Authorization": "Bearer good"})
    assert kept.getresponse().read()
    assert kept.sock is before
    kept.close()


@pytest.mark.parametrize("broken", ["mixed", "empty", "gone"])
def test_a_broken_new_pair_is_complained_about_once_and_the_old_one_stays(
    broken: str, serving: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    old = a_pair()
    running = serving(look=0.02, metrics_certificates=write(tmp_path, old))
    if broken == "gone":
        (tmp_path / "..data").unlink()
    else:
        other = a_pair()
        content = other.certificate if broken == "mixed" else b""
        write(tmp_path, KeyPair(content, old.key, old.not_before, old.not_after))
    time.sleep(0.3)
    port = running.metrics_port
    assert shown(port) == x509.load_pem_x509_certificate(old.certificate)
    assert capfd.readouterr().err.count("the old certificate of the metrics stays") == 1
    good = a_pair()
    if broken == "gone":
        (tmp_path / "tls.crt").unlink()
        (tmp_path / "tls.key").unlink()
    write(tmp_path, good)
    until = time.monotonic() + 5
    while shown(port) != x509.load_pem_x509_certificate(good.certificate):
        assert time.monotonic() < until


def test_files_that_are_missing_at_the_start_are_an_error(serving: Start, tmp_path: Path) -> None:
    with pytest.raises(StokerError, match="mount a Secret"):
        serving(metrics_certificates=tmp_path)


def test_a_certificate_that_has_expired_is_served_and_told(
    serving: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    old = self_signed(["localhost"], DAY, utc_now() - 2 * DAY)
    running = serving(metrics_certificates=write(tmp_path, old))
    assert shown(running.metrics_port).not_valid_after_utc < utc_now()
    assert "the certificate of the metrics has expired" in capfd.readouterr().err


def test_a_key_that_tls_does_not_take_is_an_error(serving: Start, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)  # noqa: S505 - too weak is what it is to be
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    weak = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(utc_now() - DAY)
        .not_valid_after(utc_now() + DAY)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pair = KeyPair(weak.public_bytes(Encoding.PEM), pem, utc_now(), utc_now())
    with pytest.raises(StokerError, match="TLS does not take it: EE_KEY_TOO_SMALL"):
        serving(metrics_certificates=write(tmp_path, pair))


def test_a_certificate_of_its_own_is_renewed_before_its_end() -> None:
    moment = utc_now()
    served = ServedCertificate(None, lambda: moment, life=30 * DAY)
    first = served._pair  # noqa: SLF001 - the next test of a connection shows that it is served
    served.look()
    assert served._pair is first  # noqa: SLF001 - as above
    moment += 19 * DAY
    served.look()
    assert served._pair is first  # noqa: SLF001 - as above
    moment += 2 * DAY
    served.look()
    assert served._pair.not_after > first.not_after  # noqa: SLF001 - as above


def test_no_key_comes_to_a_disk(
    serving: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - no path is wanted
    running = serving(probe_address="0")
    assert shown(running.metrics_port).serial_number
    assert list(tmp_path.iterdir()) == []
    running.servers.stop()
    assert len(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208 - as above
