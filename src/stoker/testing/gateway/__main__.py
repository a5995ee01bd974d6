"""`python -m stoker.testing.gateway --data DIR`: a fake gateway in a process of its own."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from stoker.core.errors import StokerError
from stoker.testing.gateway import switches
from stoker.testing.gateway.errors import FakeGatewayError, cannot
from stoker.testing.gateway.fake import FakeGateway
from stoker.testing.gateway.settings import Settings, Token

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a gateway until it is told to stop."""
    options = _parser().parse_args(arguments)
    try:
        gateway = FakeGateway(options.data, _settings(options))
    except StokerError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with gateway:
        sys.stdout.write(json.dumps(_addresses(gateway)) + "\n")
        sys.stdout.flush()
        stop.wait()
    return 0


def _addresses(gateway: FakeGateway) -> dict[str, str]:
    found = {"url": gateway.url}
    if gateway.settings.tls_port is not None:
        found["secure_url"] = gateway.secure_url
    if gateway.settings.control_port is not None:
        found["control_url"] = gateway.control_url
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m stoker.testing.gateway",
        description="A fake Ignition gateway, which loads the tree in a data directory. It prints "
        "its addresses as one JSON object, and shows what it has loaded on its page.",
    )
    parser.add_argument("--data", type=Path, required=True, help="the data directory")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8088, help="0 is any free port")
    parser.add_argument(
        "--tls-port", type=int, help="a port for TLS, with a certificate of its own"
    )
    parser.add_argument("--control-port", type=int, help="a further port for /_fake/")
    parser.add_argument("--token", help="name:secret of the API token")
    parser.add_argument("--token-file", type=Path, help="a file that holds name:secret")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast its own time passes")
    parser.add_argument("--lifelike", action="store_true", help="start as slowly as a real one")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="switches",
        help="any other switch of Settings; a value is JSON, or text",
    )  # fmt: skip
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    make = Settings.lifelike if options.lifelike else Settings
    settings = make().but(
        host=options.host,
        port=options.port,
        tls_port=options.tls_port,
        control_port=options.control_port,
        speed=options.speed,
    )
    settings = settings.but(**switches.settings(dict(map(_switch, options.switches))))
    token = options.token
    if options.token_file is not None:
        try:
            token = options.token_file.read_text().strip()
        except OSError as error:
            raise cannot("read", str(options.token_file), error) from error
    if token is None:
        return settings
    name, _, secret = token.partition(":")
    return settings.but(tokens=(Token(name=name, secret=secret),))


def _switch(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals:
        raise FakeGatewayError("a switch is set as NAME=VALUE", where=text)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


if __name__ == "__main__":
    sys.exit(main())
