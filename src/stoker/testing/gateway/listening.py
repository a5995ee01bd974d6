"""The ports of one gateway: the plain one, that with TLS, and that for the fake's controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.testing.gateway.errors import FakeGatewayError, cannot
from stoker.testing.gateway.ports import Door, Handle, Port

if TYPE_CHECKING:
    from stoker.testing.gateway.settings import Settings


class Ports:
    """All of them, shut at first; the gateway's own open and shut as its start has it."""

    def __init__(self, settings: Settings, handle: Handle) -> None:
        """Take the numbers; raises `FakeGatewayError` where one cannot be had."""
        self._ports: dict[str, Port] = {}
        try:
            for name, door in _doors(settings).items():
                self._ports[name] = Port(door, handle)
        except OSError as error:
            self.close()
            raise cannot("listen", f"{settings.host}:{settings.port}", error) from error

    @property
    def of_the_gateway(self) -> tuple[Port, ...]:
        """Those that are not the fake's own."""
        return tuple(port for name, port in self._ports.items() if name != "control")

    def at(self, name: str) -> Port:
        """One of them; raises `FakeGatewayError` where the settings have none such."""
        if name not in self._ports:
            raise FakeGatewayError(f"there is no {name} port", cure="give it one in the settings")
        return self._ports[name]

    def open_control(self) -> None:
        """Open the port that does not wait for the gateway's start."""
        if "control" in self._ports:
            self._ports["control"].open()

    def close(self) -> None:
        """Give all of them back."""
        for port in self._ports.values():
            port.close()


def _doors(settings: Settings) -> dict[str, Door]:
    doors = {"plain": Door(settings.host, settings.port)}
    if settings.tls_port is not None:
        # Here, since nearly all do without TLS.
        from stoker.testing.gateway.certificate import wrapping  # noqa: PLC0415

        doors["secure"] = Door(settings.host, settings.tls_port, wrapping())
    if settings.control_port is not None:
        doors["control"] = Door(settings.host, settings.control_port, control=True)
    return doors
