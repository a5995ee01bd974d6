"""What a pod is given to reach the API server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.scripted_server import self_signed


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """TLS for a server, and the folder of a service account that believes it."""
    folder = tmp_path_factory.mktemp("account")
    tls, certificate = self_signed(folder)
    (folder / "token").write_text("planted")
    (folder / "ca.crt").write_bytes(certificate.read_bytes())
    return tls, folder
