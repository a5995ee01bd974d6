"""What every git process is told about the world: very little.

The environment is made from nothing, so that no variable, no configuration of a user or of the
machine and no program that either may name has a say. Of the environment of this process only
`PATH` and the proxies come along. Everything else is a setting in the environment, which git
takes for more important than what a repository's own configuration says.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from stoker.core.refs import DEFAULT_PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

Setting = tuple[str, str]

_QUIET: Final[tuple[Setting, ...]] = (
    # Nothing runs that a repository, a user or a server could name.
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.askPass", ""),
    ("credential.helper", ""),
    ("credential.interactive", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("submodule.recurse", "false"),
    # Nothing goes on in the background; repositories are tidied when that is asked for.
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("fetch.writeCommitGraph", "false"),
    # Packs reach the disk before git says so; single objects do not.
    ("fetch.unpackLimit", "1"),
    # A first answer may lead elsewhere, as when a repository was renamed. What is asked after
    # that goes there too, but a credential is looked up anew for the place that it is.
    ("http.followRedirects", "initial"),
    ("http.sslVerify", "true"),
    ("http.cookieFile", ""),
    ("transfer.bundleURI", "false"),
    ("transfer.advertiseSID", "false"),
    ("protocol.version", "2"),
)

_SMALL: Final[tuple[Setting, ...]] = (
    # Git takes a large machine for granted; here it shares a small container with the agent.
    ("pack.threads", "1"),
    ("pack.windowMemory", "16m"),
    ("pack.deltaCacheSize", "8m"),
    ("core.bigFileThreshold", "8m"),
    ("core.deltaBaseCacheLimit", "16m"),
    ("core.packedGitWindowSize", "8m"),
    ("core.packedGitLimit", "32m"),
)

_ENVIRONMENT: Final[Mapping[str, str]] = {
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
}

_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def search_path() -> str:
    """Where programs are looked for."""
    return os.environ.get("PATH") or os.defpath


def environment(
    home: Path,
    settings: Iterable[Setting] = (),
    extra: Mapping[str, str] | None = None,
    protocols: Collection[str] = DEFAULT_PROTOCOLS,
) -> dict[str, str]:
    """The whole environment of a git process; `settings` count for more than the usual ones."""
    told = (*_QUIET, *_SMALL, *settings)
    proxies = {
        name: value
        for plain in _PROXIES
        for name in (plain, plain.upper())
        if (value := os.environ.get(name))
    }
    return {
        "PATH": search_path(),
        "HOME": str(home),
        **proxies,
        **_ENVIRONMENT,
        "GIT_ALLOW_PROTOCOL": ":".join(protocols),
        "GIT_CONFIG_COUNT": str(len(told)),
        **{f"GIT_CONFIG_KEY_{number}": key for number, (key, _) in enumerate(told)},
        **{f"GIT_CONFIG_VALUE_{number}": value for number, (_, value) in enumerate(told)},
        **(extra or {}),
    }
