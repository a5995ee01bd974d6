"""Hypothesis profiles.

`fast` for every commit, `thorough` by hand and at night, `mutation` for `tools/mutation.py`.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "fast",
    max_examples=100,
    deadline=None,
    derandomize=True,  # a commit's verdict must not depend on luck; `thorough` looks further
)
settings.register_profile(
    "thorough",
    max_examples=5_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "mutation", max_examples=30, deadline=None, derandomize=True, database=None,
    phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))
