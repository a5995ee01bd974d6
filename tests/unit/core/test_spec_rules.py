"""Every rule of the contract's first chapter: what breaks it, where, and what is said."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from stoker.core.errors import GlobError, PathError, Problem
from stoker.core.paths import RelPath
from stoker.core.spec import (
    AgentImage,
    AgentSettings,
    Duration,
    FieldPatch,
    GatewayAccess,
    GatewayApi,
    GatewaySync,
    GatewaySyncSpec,
    GitAuth,
    GitHubAppAuth,
    GitSource,
    KnownHosts,
    MappingType,
    ObjectMeta,
    Polling,
    ReceiverSettings,
    SecretKeyRef,
    SourceMapping,
    SshKeyAuth,
    TokenAuth,
)
from stoker.core.spec.rules import Site, check_bounds, check_object, check_spec
from stoker.core.template import TemplateEngine
from support.specs import REPO, a_mapping, a_profile, a_spec, with_mappings, with_profiles

KEY = SecretKeyRef("git", "token")


def git(**given: Any) -> GatewaySyncSpec:
    return a_spec(git=evolve(a_spec().git, **given))


def app(**given: Any) -> GatewaySyncSpec:
    auth = GitHubAppAuth(app_id=1, installation_id=1, private_key_secret_ref=KEY)
    return git(auth=GitAuth(github_app=evolve(auth, **given)))


def gateway(**given: Any) -> GatewaySyncSpec:
    return a_spec(gateway=evolve(a_spec().gateway, **given))


def agent(**given: Any) -> GatewaySyncSpec:
    return a_spec(agent=AgentSettings(**given))


def image(**given: Any) -> GatewaySyncSpec:
    return agent(image=AgentImage(**given))


def polling(text: str) -> GatewaySyncSpec:
    return a_spec(polling=Polling(interval=Duration.parse(text)))


def patched(path: str, value: str, **given: Any) -> GatewaySyncSpec:
    file = FieldPatch(set={path: value}, file="*.json")
    return with_mappings(a_mapping(patches=(file,), **given))


def requests(amounts: object, limits: object = None) -> GatewaySyncSpec:
    return agent(resources={"requests": amounts, "limits": limits})


@pytest.mark.parametrize(
    "spec",
    [
        a_spec(),
        git(repo="git@git.example:plant/files.git"),
        git(repo="ssh://git@git.example:22/plant/files.git"),
        git(ref=None, semver=">=1.2.0 <2.0.0"),
        git(ref="a" * 40),
        git(auth=GitAuth(token=TokenAuth(KEY))),
        git(auth=GitAuth(ssh_key=SshKeyAuth(KEY, KnownHosts(KEY)))),
        git(ca_secret_ref=KEY),
        app(),
        app(api_base_url="https://git.plant.example:8443/api/v3"),
        app(api_base_url="https://git.plant.example/"),
        polling("5s"),
        polling("1000h"),
        gateway(port=1),
        gateway(port=65535),
        image(repository="registry:5000/agent", tag="v1"),
        agent(repo_size_limit="1"),
        agent(resources={}),
        agent(resources={"claims": [{"name": "x"}]}),
        requests({"cpu": "1", "memory": "64Mi"}, {"cpu": "1000m"}),
        requests({"cpu": 1}, {"cpu": 1.5}),
        requests({"cpu": 0}),
        a_spec(receiver=ReceiverSettings(KEY)),
        with_profiles({"default": a_profile()}, sync_period=5, prune_limit_percent=0),
        with_profiles({"x": a_profile(sync_period=3600)}, prune_limit_percent=100),
        with_profiles({"Área 7": a_profile(), "p" * 253: a_profile()}, vars={"_A9": ""}),
        with_mappings(a_mapping(destination=".")),
        with_mappings(a_mapping("./a//b/")),
        with_mappings(a_mapping(), a_mapping("other"), a_mapping(destination="other")),
        with_mappings(a_mapping("{{.GatewayName}}/x", "{{if .Vars.a}}a{{else}}b{{end}}/c")),
        with_mappings(a_mapping("a..{{.Ref}}", "{{.Ref}}..b")),
        with_mappings(a_mapping("a\n{{- .Ref -}}\n/b")),
        with_mappings(a_mapping("{{ GatewayName }}", template_engine=TemplateEngine.JINJA2)),
        with_mappings(a_mapping("{% if x %}a{% endif %}/b", template_engine=TemplateEngine.JINJA2)),
        with_mappings(a_mapping("a/{# why #}b", template_engine=TemplateEngine.JINJA2)),
        with_mappings(a_mapping("a/{% raw")),
        patched("a.b", "{{.GatewayName}}"),
        patched("a.b", "{% not a Go template"),
        patched("a.b", ""),
        with_mappings(a_mapping(patches=(FieldPatch({"a": "b"}),))),
        with_mappings(a_mapping(type=MappingType.FILE, patches=(FieldPatch({"a": "b"}),))),
    ],
)
def test_nothing_is_wrong(spec: GatewaySyncSpec) -> None:
    assert check_spec(spec) == ()


URL = "write https://host/path, ssh://host/path or git@host:path"
BLUE = "spec.sync.profiles.default"
RANGE = "choose a number in this range"
NAME = (
    "is not a name that Kubernetes takes",
    (
        "write lower-case letters, digits, '-' and '.', with a letter or digit at the ends of each"
        " part"
    ),
)
SECRET = ("is not a key that a Secret can have", "write letters, digits, '-', '_' and '.'")
QUANTITY = (
    "is not a Kubernetes quantity",
    "write a number and a unit, such as 2Gi or 250m",
)
API = (
    "is not the https address of a GitHub API",
    "write https://api.github.com, or https://HOST/api/v3 for your own server",
)
EMPTY = ("is empty", "write a value, or remove the field")
NO_ENTRY = ("is empty", "add at least one entry")
VARIABLE = "use letters, digits and '_', with no digit in front"
PROFILE = "use 1 to 253 printable characters, with no blank at the ends"


@pytest.mark.parametrize(
    ("spec", "path", "message", "cure"),
    [
        (git(repo=""), "spec.git.repo", *EMPTY),
        (git(repo="nonsense"), "spec.git.repo", "the repository address is of no known form", URL),
        (
            git(repo="file:///srv/x"),
            "spec.git.repo",
            "the repository address has the scheme 'file', which is not allowed",
            "use one of: https, ssh; or have git.allowedProtocols changed",
        ),
        (
            git(repo="https://user:hunter2@git.example/x"),
            "spec.git.repo",
            "the repository address carries a password",
            "put the secret into spec.git.auth",
        ),
        (git(ref=""), "spec.git.ref", *EMPTY),
        (
            git(ref="a..b"),
            "spec.git.ref",
            "the ref contains '..'",
            "write the plain name of a branch, a tag or a commit",
        ),
        (git(ref=None, semver=""), "spec.git.semver", *EMPTY),
        (
            git(ref=None, semver="newest"),
            "spec.git.semver",
            "the version range is not understood at 'newest'",
            "write a range such as '>=1.2.0 <2.0.0'",
        ),
        (
            git(ref=None),
            "spec.git",
            "has neither ref nor semver",
            "name a branch, a tag or a commit in ref, or a range of versions in semver",
        ),
        (
            git(semver="1.x"),
            "spec.git.semver",
            "is given together with ref",
            "keep one of ref and semver",
        ),
        (
            git(auth=GitAuth(token=TokenAuth(KEY), ssh_key=SshKeyAuth(KEY))),
            "spec.git.auth",
            "has more than one method: token and sshKey",
            "keep one of them",
        ),
        (
            git(auth=GitAuth(token=TokenAuth(SecretKeyRef("Git", "x")))),
            "spec.git.auth.token.secretRef.name",
            *NAME,
        ),
        (
            git(auth=GitAuth(token=TokenAuth(SecretKeyRef("", "x")))),
            "spec.git.auth.token.secretRef.name",
            *EMPTY,
        ),
        (
            git(auth=GitAuth(ssh_key=SshKeyAuth(KEY, KnownHosts(SecretKeyRef("git", "a/b"))))),
            "spec.git.auth.sshKey.knownHosts.secretRef.key",
            *SECRET,
        ),
        (git(ca_secret_ref=SecretKeyRef("git", "a b")), "spec.git.caSecretRef.key", *SECRET),
        (app(app_id=0), "spec.git.auth.githubApp.appId", "is 0, but must be at least 1", RANGE),
        (
            app(installation_id=-1),
            "spec.git.auth.githubApp.installationId",
            "is -1, but must be at least 1",
            RANGE,
        ),
        (app(api_base_url=""), "spec.git.auth.githubApp.apiBaseURL", *EMPTY),
        *(
            (app(api_base_url=text), "spec.git.auth.githubApp.apiBaseURL", *API)
            for text in (
                "http://api.github.com",
                "https://",
                "https://user@git.example",
                "https://git.example?x",
                "https://git.example#x",
                "https://-x",
                "https://git.example:port",
                "https://git.example/a b",
                "https://git.example\n",
                "api.github.com",
            )
        ),
        (
            polling("4.999999999s"),
            "spec.polling.interval",
            "is 4.999999999s, but must be at least 5s",
            "choose a longer interval; a webhook makes syncs start at once",
        ),
        (
            polling("-60s"),
            "spec.polling.interval",
            "is -60s, but must be at least 5s",
            "choose a longer interval; a webhook makes syncs start at once",
        ),
        (gateway(port=0), "spec.gateway.port", "is 0, but must be from 1 to 65535", RANGE),
        (gateway(port=65536), "spec.gateway.port", "is 65536, but must be from 1 to 65535", RANGE),
        (gateway(api=GatewayApi("A")), "spec.gateway.api.secretName", *NAME),
        (gateway(api=GatewayApi("a", "b/c")), "spec.gateway.api.secretKey", *SECRET),
        (gateway(api=GatewayApi("a", "")), "spec.gateway.api.secretKey", *EMPTY),
        (with_profiles({}), "spec.sync.profiles", *NO_ENTRY),
        (
            a_spec(
                sync=evolve(a_spec().sync, profiles={"default": evolve(a_profile(), mappings=())})
            ),
            f"{BLUE}.mappings",
            *NO_ENTRY,
        ),
        *(
            (
                with_profiles({name: a_profile()}),
                path,
                f"{quoted} is not a legal name for a profile",
                PROFILE,
            )
            for name, path, quoted in (
                ("", 'spec.sync.profiles[""]', '""'),
                (" a", 'spec.sync.profiles[" a"]', '" a"'),
                ("a\t", 'spec.sync.profiles["a\\t"]', '"a\\t"'),
                ("a\x00b", 'spec.sync.profiles["a\\u0000b"]', '"a\\u0000b"'),
            )
        ),
        (
            with_profiles({"default": a_profile()}, vars={"a-b": "x"}),
            "spec.sync.defaults.vars.a-b",
            '"a-b" is not a legal name for a variable',
            VARIABLE,
        ),
        (
            with_mappings(vars={"9a": "x"}),
            f"{BLUE}.vars.9a",
            '"9a" is not a legal name for a variable',
            VARIABLE,
        ),
        (
            with_mappings(vars={"": "x"}),
            f'{BLUE}.vars[""]',
            '"" is not a legal name for a variable',
            VARIABLE,
        ),
        (
            with_mappings(sync_period=4),
            f"{BLUE}.syncPeriod",
            "is 4, but must be from 5 to 3600",
            RANGE,
        ),
        (
            with_profiles({"default": a_profile()}, sync_period=3601),
            "spec.sync.defaults.syncPeriod",
            "is 3601, but must be from 5 to 3600",
            RANGE,
        ),
        (
            with_mappings(prune_limit_percent=-1),
            f"{BLUE}.pruneLimitPercent",
            "is -1, but must be from 0 to 100",
            RANGE,
        ),
        (
            with_mappings(prune_limit_percent=101),
            f"{BLUE}.pruneLimitPercent",
            "is 101, but must be from 0 to 100",
            RANGE,
        ),
        (with_mappings(a_mapping(source="")), f"{BLUE}.mappings[0].source", *EMPTY),
        (
            with_mappings(a_mapping(source="/etc")),
            f"{BLUE}.mappings[0].source",
            "the path is absolute",
            "write it relative, without the leading '/'",
        ),
        (
            with_mappings(a_mapping(), a_mapping(destination="a/../b")),
            f"{BLUE}.mappings[1].destination",
            "the path leaves its root by '..'",
            "write the path without '..'",
        ),
        (
            with_mappings(a_mapping("/{{.Ref}}")),
            f"{BLUE}.mappings[0].source",
            "the path is absolute",
            "write it relative, without the leading '/'",
        ),
        *(
            (
                with_mappings(a_mapping(destination=text, template_engine=engine)),
                f"{BLUE}.mappings[0].destination",
                "the path leaves its root by '..'",
                "write the path without '..'",
            )
            for text, engine in (
                ("../{{.Ref}}", TemplateEngine.GO),
                ("{{.Ref}}/..", TemplateEngine.GO),
                ("{{.Ref}}/a/../{{.Commit}}/../b", TemplateEngine.GO),
                ("{{ Ref }}/../b", TemplateEngine.JINJA2),
                ("a/../{% if Ref %}{% endif %}", TemplateEngine.JINJA2),
                ("{# x #}/../b", TemplateEngine.JINJA2),
            )
        ),
        (
            with_mappings(a_mapping("{{.Ref}}\\x")),
            f"{BLUE}.mappings[0].source",
            "the path contains a backslash",
            "separate names by '/'",
        ),
        (
            with_mappings(a_mapping(), a_mapping("./projects/", "projects//")),
            f"{BLUE}.mappings[1]",
            f"has the same source and destination as {BLUE}.mappings[0]",
            "remove one of the two",
        ),
        (
            with_mappings(a_mapping("{{.Ref}}"), a_mapping(), a_mapping("{{.Ref}}")),
            f"{BLUE}.mappings[2]",
            f"has the same source and destination as {BLUE}.mappings[0]",
            "remove one of the two",
        ),
        (
            with_mappings(a_mapping(type=MappingType.DIR, patches=(FieldPatch({"a": "b"}),))),
            f"{BLUE}.mappings[0].patches[0]",
            "has no file, and a directory is not a file to patch",
            "name the files by a glob relative to the destination, such as **/config.json",
        ),
        (
            with_mappings(a_mapping(patches=(FieldPatch({}, "x"),))),
            f"{BLUE}.mappings[0].patches[0].set",
            *NO_ENTRY,
        ),
        (
            with_mappings(a_mapping(patches=(FieldPatch({"a": "b"}, ""),))),
            f"{BLUE}.mappings[0].patches[0].file",
            *EMPTY,
        ),
        (
            patched("", "x"),
            f'{BLUE}.mappings[0].patches[0].set[""]',
            "is an empty path",
            "name the field to set",
        ),
        (image(repository=""), "spec.agent.image.repository", *EMPTY),
        (
            image(repository="agent:1"),
            "spec.agent.image.repository",
            "is not the repository of an image",
            "write it as host/path/name; the tag has a field of its own",
        ),
        (
            image(tag="a b"),
            "spec.agent.image.tag",
            "is not the tag of an image",
            "write up to 128 letters, digits, '_', '.' and '-'",
        ),
        (agent(repo_size_limit=""), "spec.agent.repoSizeLimit", *EMPTY),
        (agent(repo_size_limit="2GB"), "spec.agent.repoSizeLimit", *QUANTITY),
        *(
            (
                agent(repo_size_limit=text),
                "spec.agent.repoSizeLimit",
                "leaves no room for a repository",
                "write a size such as 2Gi",
            )
            for text in ("0", "-1Gi")
        ),
        (
            agent(resources={"limit": {}}),
            "spec.agent.resources.limit",
            '"limit" is not a field of resources',
            "did you mean limits?",
        ),
        (
            agent(resources={"x": {}}),
            "spec.agent.resources.x",
            '"x" is not a field of resources',
            "write requests and limits",
        ),
        (
            requests("1"),
            "spec.agent.resources.requests",
            "must be an object",
            "write it as cpu: 50m and memory: 64Mi",
        ),
        (requests({"cpu": "1 core"}), "spec.agent.resources.requests.cpu", *QUANTITY),
        (requests({"cpu": float("nan")}), "spec.agent.resources.requests.cpu", *QUANTITY),
        *(
            (
                requests({"cpu": amount}),
                "spec.agent.resources.requests.cpu",
                "is not an amount",
                "write a number and a unit, such as 64Mi",
            )
            for amount in (True, None, ["1"])
        ),
        *(
            (
                requests({"cpu": amount}),
                "spec.agent.resources.requests.cpu",
                "is less than nothing",
                "write a positive amount",
            )
            for amount in ("-1m", -1, -0.5)
        ),
        (
            requests({"cpu": 10**5000}, {"cpu": "999m", "memory": "1"}),
            "spec.agent.resources.requests.cpu",
            "is more than the limit",
            "lower the request or raise the limit; Kubernetes would refuse the pod",
        ),
        (
            a_spec(receiver=ReceiverSettings(SecretKeyRef("x", ".."))),
            "spec.receiver.secretRef.key",
            *SECRET,
        ),
    ],
)
def test_one_thing_is_wrong(spec: GatewaySyncSpec, path: str, message: str, cure: str) -> None:
    assert check_spec(spec) == (Problem(path, message, cure),)


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        (with_mappings(a_mapping("{{.Ref")), f"{BLUE}.mappings[0].source"),
        (
            with_mappings(a_mapping(destination="a/{{ Ref", template_engine=TemplateEngine.JINJA2)),
            f"{BLUE}.mappings[0].destination",
        ),
        (patched("a", "{{if}}"), f"{BLUE}.mappings[0].patches[0].set.a"),
        (
            patched("a", "{% if %}", template_engine=TemplateEngine.JINJA2),
            f"{BLUE}.mappings[0].patches[0].set.a",
        ),
    ],
)
def test_templates_that_do_not_parse(spec: GatewaySyncSpec, path: str) -> None:
    (problem,) = check_spec(spec)
    assert problem.path == path
    assert problem.message.startswith("the template does not parse: line 1, column ")


def test_a_broken_template_is_not_judged_as_a_path() -> None:
    (problem,) = check_spec(with_mappings(a_mapping("/{{.Ref")))
    assert problem.message.startswith("the template does not parse")


@pytest.mark.parametrize(
    ("template", "message", "cure"),
    [
        ("{{ " + "(" * 5000, "it nests too deep", "flatten it"),
        ("{{ " + "9" * 5000 + " }}", "ValueError while parsing", "write it simpler"),
    ],
)
def test_jinja_templates_that_only_python_refuses(template: str, message: str, cure: str) -> None:
    (problem,) = check_spec(patched("a", template, template_engine=TemplateEngine.JINJA2))
    assert problem.message.startswith(f"the template does not parse: {message}")
    assert problem.cure == cure


def refuse_config(destination: RelPath) -> PathError | None:
    if destination.is_within(RelPath("config/local")):
        return PathError("belongs to the gateway", where=destination, cure="choose another")
    return None


def refuse_brackets(pattern: str) -> None:
    if "[" in pattern:
        raise GlobError("the class is not closed", where=pattern, cure="close it")


SITE = Site(
    allowed_protocols=("file",),
    check_glob=refuse_brackets,
    refused_destination=refuse_config,
)


@pytest.mark.parametrize(
    ("mapping", "problems"),
    [
        (a_mapping(destination="config"), ()),
        (a_mapping(destination="config/local/{{.Ref}}"), ()),
        (a_mapping(destination="../config"), ("destination: the path leaves its root by '..'",)),
        (a_mapping(destination="./config//local/x"), ("destination: belongs to the gateway",)),
        (
            a_mapping(patches=(FieldPatch({"a": "b"}, "[x"),)),
            ("patches[0].file: the class is not closed",),
        ),
    ],
)
def test_what_the_site_knows(mapping: SourceMapping, problems: tuple[str, ...]) -> None:
    spec = evolve(with_mappings(mapping), git=GitSource(repo="file:///srv/x.git", ref="v1"))
    found = check_spec(spec, SITE)
    prefix = f"{BLUE}.mappings[0]."
    said = [f"{one.path.removeprefix(prefix)}: {one.message}" for one in found]
    assert tuple(said) == problems


def test_all_at_once_in_the_order_of_the_document() -> None:
    spec = GatewaySyncSpec(
        git=GitSource(repo="x", auth=GitAuth(token=TokenAuth(SecretKeyRef("", "")))),
        gateway=GatewayAccess(api=GatewayApi("_"), port=0),
        sync=with_mappings(a_mapping("/a", "../b"), sync_period=1, exclude_patterns=("[",)).sync,
        agent=AgentSettings(repo_size_limit="?"),
    )
    assert [problem.path for problem in check_spec(spec)] == [
        "spec.git",
        "spec.git.repo",
        "spec.git.auth.token.secretRef.name",
        "spec.git.auth.token.secretRef.key",
        "spec.gateway.api.secretName",
        "spec.gateway.port",
        f"{BLUE}.mappings[0].source",
        f"{BLUE}.mappings[0].destination",
        f"{BLUE}.syncPeriod",
        "spec.agent.repoSizeLimit",
    ]


def test_a_whole_resource_has_a_name() -> None:
    sync = GatewaySync(ObjectMeta("Plant 1", "line-a"), a_spec(paused=True))
    assert check_object(sync, ()) == (Problem("metadata.name", *NAME),)
    assert check_object(evolve(sync, metadata=ObjectMeta("", "line-a")), ()) == (
        Problem("metadata.name", *EMPTY),
    )


def test_bounds_alone() -> None:
    profile = a_profile(a_mapping("/abs", ""), sync_period=0)
    assert [finding.place for finding in check_bounds(profile, ("p",))] == [
        ("p", "mappings", 0, "destination"),
        ("p", "syncPeriod"),
    ]


def test_a_password_is_not_repeated() -> None:
    assert REPO.startswith("https://")
    (problem,) = check_spec(git(repo="https://user:hunter2@git.example/x"))
    assert "hunter2" not in str(problem)
