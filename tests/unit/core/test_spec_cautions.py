"""What is legal and unwise: where, and what is said."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from stoker.core.errors import GlobError, Problem
from stoker.core.spec import (
    FieldPatch,
    GatewaySyncSpec,
    GitAuth,
    GitHubAppAuth,
    GitSource,
    KnownHosts,
    SecretKeyRef,
    SshKeyAuth,
    TokenAuth,
)
from stoker.core.spec.rules import Site, warnings
from stoker.core.spec.rules.names import CONTEXT as NAMES
from stoker.core.template import TemplateContext, TemplateEngine
from support.specs import REPO, a_mapping, a_profile, a_spec, with_mappings, with_profiles

KEY = SecretKeyRef("git", "token")
SSH = "git@git.example:plant/files.git"
TOKEN = GitAuth(token=TokenAuth(KEY))
APP = GitAuth(github_app=GitHubAppAuth(app_id=1, installation_id=1, private_key_secret_ref=KEY))
VERIFIED = GitAuth(ssh_key=SshKeyAuth(KEY, KnownHosts(KEY)))
JINJA = TemplateEngine.JINJA2
BLUE = "spec.sync.profiles.default"


def refuse_brackets(pattern: str) -> None:
    if "[" in pattern:
        raise GlobError("the class is not closed", where=pattern, cure="close it")


SITE = Site(allowed_protocols=("https", "ssh", "http", "git"), check_glob=refuse_brackets)


def git(repo: str = REPO, auth: GitAuth | None = None, **given: Any) -> GatewaySyncSpec:
    source = GitSource(repo=repo, ref="v1", auth=auth or GitAuth())
    return a_spec(git=evolve(source, **given))


def ssh(known_hosts: KnownHosts | None, *, skip: bool) -> GatewaySyncSpec:
    return git(SSH, GitAuth(ssh_key=SshKeyAuth(KEY, known_hosts, skip)))


def gateway(port: int, *, tls: bool) -> GatewaySyncSpec:
    return a_spec(gateway=evolve(a_spec().gateway, port=port, tls=tls))


def patched(file: str) -> GatewaySyncSpec:
    return with_mappings(a_mapping(patches=(FieldPatch({"a": "b"}, file),)))


@pytest.mark.parametrize(
    "spec",
    [
        a_spec(),
        git(),
        git(auth=TOKEN, ca_secret_ref=KEY),
        git(auth=APP),
        git(SSH, VERIFIED),
        git(ref="refs/tags/main"),
        git(ref="mainline"),
        git(ref=None, semver=">=1.0.0"),
        git("not an address", VERIFIED),
        gateway(8043, tls=True),
        gateway(8088, tls=False),
        gateway(9000, tls=True),
        gateway(9000, tls=False),
        with_mappings(prune_limit_percent=99, exclude_patterns=("**/x", "a./b", "")),
        patched("**/*.json"),
        with_mappings(a_mapping("{{.GatewayName}}/{{.Labels.site}}/{{$.Vars.a}}"), vars={"a": ""}),
        with_profiles({"x": a_profile(a_mapping("{{.Vars.a}}"))}, vars={"a": "1"}),
        with_mappings(a_mapping("{{with .Labels}}{{.anything}}{{end}}")),
        with_mappings(a_mapping("{{.Nonsense")),
        with_mappings(a_mapping("{{ Nonsense", template_engine=JINJA)),
        with_mappings(
            a_mapping("{{ Vars.a }}{{ range(2) }}{{ Ref }}", template_engine=JINJA), vars={"a": ""}
        ),
        with_mappings(a_mapping("{{.Vars}}")),
    ],
)
def test_nothing_to_say(spec: GatewaySyncSpec) -> None:
    assert warnings(spec, SITE) == ()


BRANCH = "is a branch: every push to it goes to the gateways"
TAG = "name a tag for gateways in production"
HOSTS = "put the server's host keys into a Secret and name it in knownHosts"
CONTEXT = (
    "the names are: GatewayName, PodName, PodOrdinal, Namespace, Ref, Commit, CRName, Labels, Vars"
)


@pytest.mark.parametrize(
    ("spec", "path", "message", "cure"),
    [
        *(
            (git(ref=ref), "spec.git.ref", f'"{ref}" {BRANCH}', TAG)
            for ref in ("main", "master", "develop", "trunk", "HEAD", "refs/heads/v1")
        ),
        (
            git(auth=VERIFIED),
            "spec.git.auth.sshKey",
            "is not used for a repository with https://",
            "write the address as git@host:path, or use a token",
        ),
        *(
            (
                git(SSH, auth),
                "spec.git.auth",
                "is not used for a repository with ssh",
                "write the address as https://host/path, or use an SSH key",
            )
            for auth in (TOKEN, APP)
        ),
        (
            git(SSH),
            "spec.git.auth",
            "is missing, and SSH servers ask for a key",
            "name a Secret in sshKey, or write the address as https://host/path",
        ),
        *(
            (
                git(f"{scheme}://git.example/x"),
                "spec.git.repo",
                f"{scheme}:// is not encrypted: anyone on the way can change the files",
                "use https or ssh",
            )
            for scheme in ("http", "git")
        ),
        (
            git(SSH, VERIFIED, ca_secret_ref=KEY),
            "spec.git.caSecretRef",
            "is not used for a repository with ssh",
            "remove it",
        ),
        (
            ssh(KnownHosts(KEY), skip=True),
            "spec.git.auth.sshKey.insecureSkipHostKeyCheck",
            "contradicts knownHosts, which is then ignored",
            "remove insecureSkipHostKeyCheck, and the host keys are checked",
        ),
        (
            ssh(None, skip=True),
            "spec.git.auth.sshKey.insecureSkipHostKeyCheck",
            "anyone on the way to the server can answer in its place",
            HOSTS,
        ),
        (
            ssh(None, skip=False),
            "spec.git.auth.sshKey",
            "has no knownHosts, so every connection is refused",
            HOSTS,
        ),
        (
            gateway(8088, tls=True),
            "spec.gateway.port",
            "8088 is the port without TLS on most gateways",
            "use 8043, or set tls to false",
        ),
        (
            gateway(8043, tls=False),
            "spec.gateway.port",
            "8043 is the port with TLS on most gateways",
            "use 8088, or set tls to true",
        ),
        *(
            (
                spec,
                path,
                "100 switches the guard off: one bad commit can delete every managed file",
                "set it for the one sync that needs it, then put it back",
            )
            for spec, path in (
                (with_mappings(prune_limit_percent=100), f"{BLUE}.pruneLimitPercent"),
                (
                    with_profiles({"default": a_profile()}, prune_limit_percent=100),
                    "spec.sync.defaults.pruneLimitPercent",
                ),
            )
        ),
        (
            with_mappings(exclude_patterns=("ok", "[a")),
            f"{BLUE}.excludePatterns[1]",
            "is ignored: the class is not closed",
            "close it",
        ),
        (
            with_profiles({"default": a_profile()}, exclude_patterns=("/a",)),
            "spec.sync.defaults.excludePatterns[0]",
            '"/a" matches nothing, because paths are relative',
            "write it without the leading / or ./",
        ),
        (
            patched("./x.json"),
            f"{BLUE}.mappings[0].patches[0].file",
            '"./x.json" matches nothing, because paths are relative',
            "write it without the leading / or ./",
        ),
        (
            with_mappings(a_mapping("{{.GatwayName}}")),
            f"{BLUE}.mappings[0].source",
            'uses the name "GatwayName", which is not defined',
            "did you mean GatewayName?",
        ),
        (
            with_mappings(a_mapping(), a_mapping("x", "{{.Xyz}}")),
            f"{BLUE}.mappings[1].destination",
            'uses the name "Xyz", which is not defined',
            CONTEXT,
        ),
        (
            with_mappings(
                a_mapping(patches=(FieldPatch({"a": "{{.Vars.siet}}"}, "x"),)), vars={"site": "1"}
            ),
            f"{BLUE}.mappings[0].patches[0].set.a",
            'uses the variable "siet", which is not defined',
            "did you mean site?",
        ),
        (
            with_mappings(a_mapping("{{.Vars.area.x}}")),
            f"{BLUE}.mappings[0].source",
            'uses the variable "area", which is not defined',
            "define it in vars",
        ),
    ],
)
def test_one_thing_to_say(spec: GatewaySyncSpec, path: str, message: str, cure: str) -> None:
    assert warnings(spec, SITE) == (Problem(path, message, cure),)


def test_patterns_of_patches_are_for_the_rules() -> None:
    assert warnings(patched("[x"), SITE) == ()


def test_all_at_once_in_the_order_of_the_document() -> None:
    spec = evolve(
        git(SSH, ref="main"),
        sync=with_profiles(
            {"default": a_profile(a_mapping("{{.X}}"), prune_limit_percent=100)},
            exclude_patterns=("/a",),
        ).sync,
    )
    assert [problem.path for problem in warnings(spec)] == [
        "spec.git.auth",
        "spec.git.ref",
        f"{BLUE}.mappings[0].source",
        f"{BLUE}.pruneLimitPercent",
        "spec.sync.defaults.excludePatterns[0]",
    ]


def test_the_names_are_those_that_templates_are_given() -> None:
    context = TemplateContext(
        gateway_name="",
        pod_name="",
        pod_ordinal=0,
        namespace="",
        ref="",
        commit="",
        cr_name="",
        labels={},
        vars={},
    )
    assert tuple(context.named()) == NAMES
