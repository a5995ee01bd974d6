"""The agent's sidecar in a gateway's pod: pod in, pod out.

`inject` adds a native sidecar to the JSON of a pod and changes nothing that was there; `admit`
decides whether a pod gets one. Everything that the sidecar names (Secrets, paths, the host that a
credential is for) comes from the CR and the controller's settings. A pod only picks among them:
it can name a profile, a ref, a tag, never a Secret.

- `settings`: what the controller is configured to inject
- `anatomy`: the parts of a pod that injection reads and extends
- `data_volume`: where the gateway's files are
- `image`: which agent image
- `attachments`: volumes that the sidecar brings, and the variables that point into them
- `sidecar`: the container
- `objections`: why a pod cannot have it
- `injecting`: the pod with its sidecar
- `advice`: what its author should know all the same
- `admission`: the webhook's answer
"""

from __future__ import annotations

from stoker.core.injection.admission import (
    Admission,
    Allowed,
    Denied,
    Injected,
    UnreadableSync,
    admit,
)
from stoker.core.injection.injecting import inject
from stoker.core.injection.settings import ImageSettings, InjectionSettings

__all__ = [
    "Admission",
    "Allowed",
    "Denied",
    "ImageSettings",
    "Injected",
    "InjectionSettings",
    "UnreadableSync",
    "admit",
    "inject",
]
