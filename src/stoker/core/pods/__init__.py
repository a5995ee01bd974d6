"""What a pod says of itself, read from JSON of any shape.

The webhook, the controller and the agent all look at pods, and must agree on what they see. So
what a pod's annotations mean (`PodAnnotations`), which CR a pod belongs to (`derive_cr`), and what
its gateway is called (`Pod.gateway_name`) is decided here and nowhere else.
"""

from __future__ import annotations

from stoker.core.pods.annotations import PodAnnotations
from stoker.core.pods.ownership import Unclaimed, derive_cr
from stoker.core.pods.view import Pod

__all__ = ["Pod", "PodAnnotations", "Unclaimed", "derive_cr"]
