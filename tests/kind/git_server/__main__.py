"""A git server for tests in a cluster: repositories below /srv/git, over HTTPS and SSH.

It finds what it needs in the folder /etc/git-server (a mounted Secret), and serves SSH only if the
last two are there:

    tls.crt, tls.key    the certificate with its chain, and its key
    read-password       who knows it may fetch; without the file everybody may
    write-password      who knows it may push (and fetch); without the file nobody may
    ssh_host_key        sshd's private key
    authorized_keys     the public keys that may fetch and push as user `git`

A push to `NAME.git` that is not there makes it. It runs as any user that stands in /etc/passwd,
with a read-only root; /srv/git and /tmp have to be writable. When both servers listen it prints
one line of JSON with their ports, then one line for each request.
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from git_server.https import HttpsServer

if TYPE_CHECKING:
    from collections.abc import Iterator

_SSHD = """\
Port {port}
HostKey {folder}/ssh_host_key
AuthorizedKeysFile {settings}/authorized_keys
PidFile none
UsePAM no
StrictModes no
AuthenticationMethods publickey
AcceptEnv GIT_PROTOCOL
ForceCommand exec env PYTHONPATH={home} {python} -s -m git_server.ssh_command
"""


def main() -> int:
    """Serve until told to stop."""
    options = _parser().parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with _https(options.settings, options.https_port), _ssh(options.settings, options.ssh_port):
            ports = {"https": options.https_port, "ssh": options.ssh_port}
            sys.stdout.write(json.dumps(ports) + "\n")
            sys.stdout.flush()
            stop.wait()
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", type=Path, default=Path("/etc/git-server"))
    parser.add_argument("--https-port", type=int, default=8443)
    parser.add_argument("--ssh-port", type=int, default=2222)
    return parser


@contextmanager
def _https(settings: Path, port: int) -> Iterator[None]:
    for name in ("tls.crt", "tls.key"):
        (settings / name).read_bytes()  # says which one is missing, now and not at a request
    with HttpsServer(("", port), settings) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


@contextmanager
def _ssh(settings: Path, port: int) -> Iterator[None]:
    if not (settings / "ssh_host_key").exists():
        yield
        return
    with tempfile.TemporaryDirectory() as name:
        # sshd wants its key to be its own and nobody else's, which files of a Secret are not.
        folder = Path(name)
        key = folder / "ssh_host_key"
        key.touch(mode=0o600)
        key.write_bytes((settings / "ssh_host_key").read_bytes())
        configuration = _SSHD.format(
            port=port,
            folder=folder,
            settings=settings,
            python=sys.executable,
            home=Path(__file__).parents[1],
        )
        (folder / "sshd_config").write_text(configuration)
        words = ["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "sshd_config")]
        sshd = subprocess.Popen(words)  # noqa: S603 - no shell, and no word from outside
        try:
            _wait_for(sshd, port)
            yield
        finally:
            sshd.terminate()
            sshd.wait()


def _wait_for(sshd: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 10
    while sshd.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise OSError("sshd does not listen; see what it said above")


if __name__ == "__main__":
    sys.exit(main())
