"""Requests to the API server from inside a pod, with the token that lies there.

Rights are tried, not read: whatever a Role says, a request that is let in is let in.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kit.pods import Pod

_SCRIPT: Final = """
import json, os, ssl, sys, urllib.error, urllib.request
folder = "/var/run/secrets/kubernetes.io/serviceaccount"
host = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
context = ssl.create_default_context(cafile=f"{folder}/ca.crt")
token = open(f"{folder}/token").read()
answers = []
for method, path, body, kind in json.load(sys.stdin):
    request = urllib.request.Request(
        "https://%s:%s%s" % (*host, path), method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": kind},
    )
    try:
        with urllib.request.urlopen(request, timeout=20, context=context) as answer:
            answers.append(answer.status)
    except urllib.error.HTTPError as error:
        answers.append(error.code)
    except TimeoutError:
        answers.append(0)
print(json.dumps(answers))
"""
_MERGE: Final = "application/merge-patch+json"
_JSON: Final = "application/json"

LET_IN: Final = {200, 201}
REFUSED: Final = 403

Request = tuple[str, str, Any]
"""Method, path and body."""


def asked(pod: Pod, container: str, *requests: Request) -> list[int]:
    """The statuses that a container's requests are answered with."""
    given = [(*one, _MERGE if one[0] == "PATCH" else _JSON) for one in requests]
    found: list[int] = json.loads(
        pod.exec(container, "python", "-c", _SCRIPT, stdin=json.dumps(given))
    )
    return found
