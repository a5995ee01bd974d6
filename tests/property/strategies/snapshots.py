"""One CR in its namespace, as the controller sees it, and a world that carries decisions out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from attrs import evolve, field, frozen
from hypothesis import strategies as st

from property.strategies.reports import COMMITS, NAMESPACE, NOW, a_report
from stoker.core import names
from stoker.core.errors import DecodeError, InvalidDocument, Problem, Retryable, StokerError
from stoker.core.pods import Pod, PodAnnotations
from stoker.core.profile import Metadata
from stoker.core.reconcile import (
    Action,
    AddFinalizer,
    ClearRequestedRef,
    Decision,
    DeleteObject,
    EmitEvent,
    EnsureBinding,
    EnsureConfigMap,
    EnsureRole,
    ExchangeToken,
    Memory,
    ObjectName,
    Owned,
    RemoveFinalizer,
    Resolve,
    Settings,
    Snapshot,
    Token,
    WriteMetadata,
    WriteStatus,
    announced,
    answered,
    decide,
    exchanged,
)
from stoker.core.refs import Advertisement, CommitId
from stoker.core.report import Origin
from stoker.core.spec import (
    Duration,
    GatewayAccess,
    GatewayApi,
    GatewaySyncSpec,
    GitAuth,
    GitHubAppAuth,
    GitSource,
    KnownHosts,
    ObjectMeta,
    Polling,
    SecretKeyRef,
    SourceMapping,
    SshKeyAuth,
    SyncProfile,
    SyncSection,
    SyncSettings,
    SyncStatus,
    TokenAuth,
)
from stoker.core.status import status_map

CR = "site"
REPO = "https://git.example.com/plant.git"
OTHER_REPO = "https://git.example.com/other.git"
A, B, C = (CommitId(text) for text in COMMITS)
SECRET = SecretKeyRef("git", "key")
APP = GitHubAppAuth(app_id=7, installation_id=8, private_key_secret_ref=SECRET)
SSH = SshKeyAuth(secret_ref=SECRET, known_hosts=KnownHosts(SECRET))
INVALID = InvalidDocument.of("the GatewaySync", (Problem("spec.git.repo", "is missing"),))


@frozen
class Unreachable(StokerError):
    """A failure that goes away by itself."""

    @property
    def disposition(self) -> Retryable:
        """Try again."""
        return Retryable()


UNREACHABLE = Unreachable("the git server does not answer")
REFUSED = DecodeError("the key is none")


def a_spec(**fields: Any) -> GatewaySyncSpec:
    """A spec that follows `main`; fields of `git` may be given beside those of the spec."""
    of_git: dict[str, Any] = {"repo": REPO, "ref": "main"}
    for name in ("repo", "ref", "semver", "auth"):
        if name in fields:
            of_git[name] = fields.pop(name)
    git = GitSource(**of_git)
    mapping = SourceMapping(source="projects", destination="projects")
    values: dict[str, Any] = {
        "git": git,
        "gateway": GatewayAccess(api=GatewayApi(secret_name="gateway")),
        "sync": SyncSection(profiles={"default": SyncProfile(mappings=(mapping,))}),
    }
    return GatewaySyncSpec(**(values | fields))


def a_pod(name: str = "blue-0", uid: str = "u1", **fields: Any) -> Pod:
    """A pod of a gateway with an agent."""
    annotations = fields.pop("annotations", {names.INJECT: "true", names.CR_NAME: CR})
    values: dict[str, Any] = {
        "name": name,
        "namespace": NAMESPACE,
        "uid": uid,
        "labels": {},
        "annotations": PodAnnotations.read(annotations),
        "service_account_name": "ignition",
        "phase": "Running",
        "has_agent": True,
    }
    return Pod(**(values | fields))


def a_snapshot(
    spec: GatewaySyncSpec | InvalidDocument | None = None,
    *,
    annotations: dict[str, str] | None = None,
    deleting: bool = False,
    generation: int = 1,
    finalizers: tuple[str, ...] = (names.FINALIZER,),
    **fields: Any,
) -> Snapshot:
    """A CR that was just made, in a namespace with nothing else."""
    metadata = ObjectMeta(
        name=CR,
        namespace=NAMESPACE,
        generation=generation,
        finalizers=finalizers,
        annotations=annotations or {},
        deleting=deleting,
    )
    values: dict[str, Any] = {
        "metadata": metadata,
        "spec": spec or a_spec(),
        "namespace_crs": frozenset({CR}),
    }
    return Snapshot(**(values | fields))


def advertised(**branches: CommitId) -> Advertisement:
    """A server with these branches."""
    return Advertisement({f"refs/heads/{name}": commit for name, commit in branches.items()})


@frozen
class World:
    """What the git server and GitHub answer, and what was done so far."""

    git: Advertisement | StokerError = field(factory=lambda: advertised(main=A))
    github: timedelta | StokerError = timedelta(hours=1)
    """How long a token lives by our clock."""
    done: tuple[Action, ...] = ()

    def carry_out(
        self, snapshot: Snapshot, decision: Decision, now: datetime
    ) -> tuple[Snapshot, World]:
        """The snapshot after all actions."""
        for action in decision.actions:
            snapshot = self._do(snapshot, action, now)
        return snapshot, evolve(self, done=(*self.done, *decision.actions))

    def _do(self, snapshot: Snapshot, action: Action, now: datetime) -> Snapshot:
        memory, owned = snapshot.memory, snapshot.owned
        match action:
            case Resolve(question=question):
                return evolve(snapshot, memory=answered(memory, question, self.git, now))
            case ExchangeToken(_, key, request):
                error = self.github if isinstance(self.github, StokerError) else None
                if isinstance(self.github, timedelta):
                    owned = evolve(owned, token=Token(key, now + self.github))
                    owned = _with(owned, ObjectName("Secret", names.github_token_secret(CR)))
                memory = exchanged(memory, key, request, error, now)
                return evolve(snapshot, memory=memory, owned=owned)
            case WriteStatus(status):
                return evolve(snapshot, status=status)
            case EmitEvent(remembered=remembered):
                return evolve(snapshot, memory=announced(memory, remembered))
            case AddFinalizer() | RemoveFinalizer() | ClearRequestedRef():
                return evolve(snapshot, metadata=_marked(snapshot.metadata, action))
            case _:
                return evolve(snapshot, owned=_owning(owned, action))


def _with(owned: Owned, name: ObjectName) -> Owned:
    return evolve(owned, objects=owned.objects | {name})


def _marked(
    metadata: ObjectMeta, action: AddFinalizer | RemoveFinalizer | ClearRequestedRef
) -> ObjectMeta:
    match action:
        case AddFinalizer():
            return evolve(metadata, finalizers=(*metadata.finalizers, names.FINALIZER))
        case RemoveFinalizer():
            kept = tuple(one for one in metadata.finalizers if one != names.FINALIZER)
            return evolve(metadata, finalizers=kept)
        case ClearRequestedRef():
            gone = {names.REQUESTED_REF, names.REQUESTED_AT, names.REQUESTED_BY}
            kept_annotations = {
                key: value for key, value in metadata.annotations.items() if key not in gone
            }
            return evolve(metadata, annotations=kept_annotations)


def _owning(owned: Owned, action: Action) -> Owned:
    match action:
        case WriteMetadata(metadata):
            told = _with(owned, ObjectName("ConfigMap", names.metadata_config_map(CR)))
            return evolve(told, metadata=metadata)
        case EnsureRole(name, rules):
            return evolve(_with(owned, ObjectName("Role", name)), rules=rules)
        case EnsureBinding(name, _, accounts):
            bound = _with(owned, ObjectName("RoleBinding", name))
            return evolve(bound, service_accounts=accounts)
        case EnsureConfigMap(name, _):
            return _with(owned, ObjectName("ConfigMap", name))
        case DeleteObject(name):
            return _without(owned, name)
        case _:
            raise AssertionError(action)


def _without(owned: Owned, gone: ObjectName) -> Owned:
    left = evolve(owned, objects=owned.objects - {gone})
    if gone.kind == "Secret":
        left = evolve(left, token=None)
    if gone.name == names.metadata_config_map(CR):
        left = evolve(left, metadata=None)
    if gone.kind == "Role":
        left = evolve(left, rules=None)
    if gone.kind == "RoleBinding":
        left = evolve(left, service_accounts=None)
    return left


def settle(
    snapshot: Snapshot, now: datetime, world: World | None = None, rounds: int = 5
) -> tuple[Snapshot, World]:
    """The snapshot after as many decisions as it takes until nothing is left to do."""
    world = world or World()
    for _ in range(rounds):
        decision = decide(snapshot, now)
        if not decision.actions:
            return snapshot, world
        snapshot, world = world.carry_out(snapshot, decision, now)
    raise AssertionError(decide(snapshot, now).actions)


refs = st.sampled_from(("main", "gone", "v1.0.0", str(B)))
auths = st.sampled_from(
    (
        GitAuth(),
        GitAuth(token=TokenAuth(SECRET)),
        GitAuth(ssh_key=SSH),
        GitAuth(ssh_key=evolve(SSH, known_hosts=None, insecure_skip_host_key_check=True)),
        GitAuth(github_app=APP),
        GitAuth(github_app=evolve(APP, app_id=9)),
    )
)
pollings = st.sampled_from(
    (Polling(), Polling(enabled=False), Polling(interval=Duration.parse("5m")))
)
settings_of_sync = st.sampled_from(
    (SyncSettings(), SyncSettings(dry_run=True), SyncSettings(sync_period=5, paused=True))
)


@st.composite
def specs(draw: st.DrawFn) -> GatewaySyncSpec | InvalidDocument:
    """Specs that differ in everything that a decision looks at."""
    if not draw(st.integers(0, 7)):
        return INVALID
    source = draw(st.sampled_from(({"ref": None, "semver": ">=1.0.0"}, None, None, None)))
    # A source outside its root, and a repository of a scheme that is not allowed.
    mapping = SourceMapping(
        source=draw(st.sampled_from(("projects", "projects", "../x"))), destination="d"
    )
    section = SyncSection(
        profiles={"default": SyncProfile(mappings=(mapping,), settings=draw(settings_of_sync))}
    )
    return a_spec(
        repo=draw(st.sampled_from((REPO, REPO, OTHER_REPO, "file:///srv/git"))),
        **(source or {"ref": draw(refs)}),
        auth=draw(auths),
        polling=draw(pollings),
        paused=draw(st.sampled_from((False, False, False, True))),
        sync=section,
    )


requests = st.sampled_from(
    (
        {},
        {},
        {names.REQUESTED_REF: "next", names.REQUESTED_AT: "2026-03-01T11:00:00Z"},
        {names.REQUESTED_REF: "main", names.REQUESTED_AT: "2026-03-01T11:30:00Z"},
        {names.REQUESTED_REF: "nowhere", names.REQUESTED_AT: "2026-03-01T11:00:00Z"},
        {names.REQUESTED_REF: "-x"},
        {names.REQUESTED_AT: "2026-03-01T11:00:00Z"},
    )
)
pods = st.lists(
    st.builds(
        a_pod,
        st.sampled_from(("red-0", "blue-0", "blue-1")),
        st.sampled_from(("u1", "u2")),
        has_agent=st.sampled_from((True, True, False)),
        terminating=st.sampled_from((False, False, True)),
        created=st.sampled_from((None, NOW - timedelta(hours=1), NOW)),
        service_account_name=st.sampled_from(("ignition", "")),
    ),
    max_size=4,
    unique_by=lambda pod: pod.name,
).map(tuple)
reports = st.lists(
    st.builds(
        a_report,
        st.sampled_from(("red-0", "blue-0", "blue-1")),
        st.sampled_from(("u1", "u2")),
        st.sampled_from(SyncStatus),
        st.sampled_from(COMMITS),
        seq=st.integers(0, 3),
        reported_at=st.sampled_from((NOW, NOW - timedelta(minutes=5))),
    ),
    max_size=4,
).map(status_map)
heard = st.dictionaries(
    st.builds(Origin, st.sampled_from(("red-0", "blue-0")), st.just("u1")),
    st.sampled_from((NOW, NOW - timedelta(hours=1), NOW + timedelta(hours=1))),
)
object_names = st.sampled_from(
    (
        ObjectName("ConfigMap", names.metadata_config_map(CR)),
        ObjectName("ConfigMap", names.legacy_status_config_map(CR)),
        ObjectName("ConfigMap", names.status_config_map(CR, "blue-0")),
        ObjectName("ConfigMap", names.status_config_map(CR, "gone-0")),
        ObjectName("ConfigMap", names.changes_config_map(CR, "gone-0")),
        ObjectName("ConfigMap", "somebody-s"),
        ObjectName("Secret", names.github_token_secret(CR)),
        ObjectName("Role", names.agent_role(CR)),
        ObjectName("RoleBinding", names.agent_role(CR)),
    )
)
owned = st.builds(
    Owned,
    objects=st.frozensets(object_names, max_size=6),
    metadata=st.sampled_from(
        (
            None,
            Metadata(commit=str(A), ref="main", git_url=REPO),
            Metadata(commit=str(B), ref="old", git_url=OTHER_REPO, paused=True),
            Metadata(git_url=REPO, paused=True),
        )
    ),
    token=st.sampled_from(
        (None, Token("another", NOW + timedelta(hours=1)), Token("another", NOW))
    ),
)
worlds = st.builds(
    World,
    git=st.sampled_from(
        (
            advertised(main=A),
            advertised(main=B, next=C),
            Advertisement({"refs/tags/v1.0.0": C, "refs/heads/main": A}),
            UNREACHABLE,
            REFUSED,
        )
    ),
    github=st.sampled_from((timedelta(hours=1), -timedelta(hours=1), UNREACHABLE, REFUSED)),
)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """A CR at any moment of its life, also such as no history leads to."""
    return a_snapshot(
        draw(specs()),
        annotations=draw(requests),
        deleting=draw(st.sampled_from((False, False, False, False, True))),
        generation=draw(st.integers(1, 3)),
        finalizers=draw(st.sampled_from(((), (names.FINALIZER,), ("other/f", names.FINALIZER)))),
        namespace_crs=draw(st.sampled_from((frozenset({CR}), frozenset({CR, "other"})))),
        namespace_terminating=draw(st.sampled_from((False, False, False, False, True))),
        pods=draw(pods),
        reports=draw(reports),
        heard=draw(heard),
        owned=draw(owned),
        memory=Memory(),
        settings=draw(st.builds(Settings, auto_bind_agent=st.booleans())),
    )
