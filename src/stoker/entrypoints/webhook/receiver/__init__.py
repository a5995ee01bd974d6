"""Webhooks of Git servers and delivery tools, written into the annotations of GatewaySyncs.

`POST /webhook/{namespace}/{name}`, and nothing else. It faces the internet: what it does before a
sender has proven to know the secret is little, bounded, and the same for whatever is asked for.

- `settings`: what it is told
- `application`: the way of a request, step by step
- `allowances`, `bodies`, `sending`: who may ask how often, how much is read, what is answered
- `gate`, `global_secret`, `own_secrets`: who is let in
- `desk`: what becomes of a request
- `telling`: the log
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Route

from stoker.adapters.clock import utc_now
from stoker.adapters.kube.secrets import secret_value
from stoker.adapters.logs import structured as logs
from stoker.core.payload import NO_SUCH_PATH
from stoker.entrypoints.webhook.receiver.allowances import Allowances
from stoker.entrypoints.webhook.receiver.application import Application, Meter
from stoker.entrypoints.webhook.receiver.bodies import Bodies
from stoker.entrypoints.webhook.receiver.desk import CALL, Desk, Known
from stoker.entrypoints.webhook.receiver.gate import Gate
from stoker.entrypoints.webhook.receiver.global_secret import GlobalSecret
from stoker.entrypoints.webhook.receiver.own_secrets import OwnSecrets
from stoker.entrypoints.webhook.receiver.sending import Sending
from stoker.entrypoints.webhook.receiver.settings import ReceiverSettings
from stoker.entrypoints.webhook.receiver.telling import Telling

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.types import Receive, Scope, Send

    from stoker.adapters.kube.client import Client
    from stoker.core.spec import SecretKeyRef

__all__ = ["Known", "Meter", "ReceiverSettings", "receiver"]


def receiver(
    known: Known,
    client: Client,
    meter: Meter,
    settings: ReceiverSettings,
    now: Callable[[], datetime] = utc_now,
) -> Starlette:
    """The receiver, for one event loop; raises `StokerError` for a secret that cannot be used.

    It is told of changes by `known`, so it has to be made before `known` starts.
    """
    telling = Telling()
    pool = ThreadPoolExecutor(settings.threads, thread_name_prefix="receiver")
    own = OwnSecrets(
        partial(_read, client.within(CALL)),
        # Of their own, so that secrets which cannot be read keep no request waiting.
        ThreadPoolExecutor(6, thread_name_prefix="secrets"),
        lambda namespace, error: telling.complain(
            "the secret of a GatewaySync cannot be read", error, namespace=namespace
        ),
        settings.secret_seconds,
    )
    known.on_change = own.changed
    everyones = GlobalSecret(
        settings.hmac_file,
        settings.token_file,
        _learn,
        lambda error: telling.complain("the old secret of the receiver stays in force", error),
    )
    return _application(
        Application(
            desk=Desk(known, client, pool, now),
            gate=Gate(everyones, own, settings.allow_unauthenticated, settings.refusal_seconds),
            bodies=Bodies(settings.body_seconds),
            origins=Allowances(settings.source_rate),
            crs=Allowances(settings.cr_rate),
            trusted=settings.trusted_proxies,
            write_seconds=settings.write_seconds,
            meter=meter,
            now=now,
            telling=telling,
        )
    )


def _application(answering: Application) -> Starlette:
    sending = Sending()

    async def elsewhere(_: Scope, receive: Receive, send: Send) -> None:
        await sending.cut_off(NO_SUCH_PATH, receive, send, expects=True)

    app = Starlette(routes=[Route("/webhook/{namespace}/{name}", answering)])
    app.router.redirect_slashes = False
    app.router.default = elsewhere
    return app


def _read(client: Client, namespace: str, ref: SecretKeyRef) -> bytes:
    value = secret_value(client, namespace, ref)
    _learn(value)
    return value


def _learn(value: bytes) -> None:
    logs.hide(value.decode(errors="replace"))
