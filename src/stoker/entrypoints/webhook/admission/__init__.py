"""Answers to the API server about what is about to be written.

- `bodies`: a review as bytes, within bounds
- `application`: HTTP around a judgement, so that every review gets an answer
- `pods`: pods that ask for the agent
- `syncs`: GatewaySyncs
"""

from __future__ import annotations

from stoker.entrypoints.webhook.admission.application import (
    MUTATE_PODS,
    VALIDATE_SYNCS,
    Judge,
    admission,
)
from stoker.entrypoints.webhook.admission.pods import PodJudge

__all__ = ["MUTATE_PODS", "VALIDATE_SYNCS", "Judge", "PodJudge", "admission"]
