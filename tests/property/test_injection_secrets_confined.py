"""The sidecar sees the Secrets that the CR names, one key of each, and no others."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from property.strategies.pods import gateway_syncs, pods
from stoker.core import names
from stoker.core.injection import inject
from stoker.core.spec.types import GatewaySync
from support.pods import SETTINGS, mounts_of, sidecar_of


@given(pods(), gateway_syncs())
def test_every_file_that_a_variable_names_is_below_a_mount(
    pod: dict[str, Any], cr: GatewaySync
) -> None:
    """Seen to fail when a variable names the Secret in place of its key."""
    after = inject(pod, cr, SETTINGS)
    spec, mounts = after["spec"], mounts_of(after)
    sources = {volume["name"]: volume for volume in spec["volumes"]}
    for entry in sidecar_of(after)["env"]:
        if not entry["name"].endswith("_FILE"):
            continue
        folder, _, name = entry["value"].rpartition("/")
        secret = sources[mounts[folder]["name"]]["secret"]
        assert [item["path"] for item in secret["items"]] == [name]
        assert mounts[folder]["readOnly"]


@given(pods(), gateway_syncs())
def test_secrets_come_from_the_cr_alone(pod: dict[str, Any], cr: GatewaySync) -> None:
    """Seen to fail when the Secret of the API key is taken from an annotation of the pod."""
    added = inject(pod, cr, SETTINGS)["spec"]["volumes"][len(pod["spec"]["volumes"] or ()) :]
    found = {volume["secret"]["secretName"] for volume in added if "secret" in volume}
    git = cr.spec.git
    allowed = {"gateway-key", names.github_token_secret(cr.metadata.name)}
    allowed |= {git.ca_secret_ref.name} if git.ca_secret_ref else set()
    allowed |= {git.auth.token.secret_ref.name} if git.auth.token else set()
    if git.auth.ssh_key:
        allowed.add(git.auth.ssh_key.secret_ref.name)
        hosts = git.auth.ssh_key.known_hosts
        allowed |= {hosts.secret_ref.name} if hosts else set()
    assert found <= allowed
