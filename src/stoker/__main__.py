"""`python -m stoker` is `stoker`."""

from __future__ import annotations

from stoker.entrypoints.programs import stoker

stoker()
