"""What the page of annotations says of each name."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from stoker.core import names


@frozen
class Note:
    """One annotation, label or finalizer."""

    name: str
    value: str
    summary: str
    details: str = ""
    wrong: str = ""
    example: str = ""


@frozen
class Group:
    """Those that stand on one kind of object and come from one hand."""

    title: str
    text: str
    notes: tuple[Note, ...]


INTRODUCTION: Final = """
# Annotations and labels

Every annotation and label that Stoker reads or writes. Names begin with `stoker.io/` unless they
are Kubernetes' own. Values are text: put numbers, `true` and `false` in quotes. An empty value is
as good as none, because a chart writes one for a setting that is not used.
"""

_ON_PODS: Final = """
They belong into the pod template (`spec.template.metadata.annotations` of a StatefulSet or
Deployment), not into the metadata of the StatefulSet itself. The webhook reads all of them when the
pod is made, and refuses a pod with a wrong one, with every mistake at once. An annotation below
`stoker.io/` that means nothing to Stoker is a warning.

Those marked *live* count in a running pod as well: `kubectl annotate pod` is enough, and the agent
follows within a minute or so. A value that is malformed then counts as not given. The pod template
makes the next pod, so write there what is to stay.
"""

_RECEIVED: Final = """
[The receiver](../webhooks.md) writes them when somebody asks for a ref or tells of a push. Written
by hand they do the same:

```console
kubectl annotate gatewaysync line-a stoker.io/requested-ref=v1.4.0 \\
    stoker.io/requested-at="$(date --utc +%Y-%m-%dT%H:%M:%SZ)"
```
"""

GROUPS: Final = (
    Group(
        "Of a gateway's pod, set by you",
        _ON_PODS,
        (
            Note(
                names.INJECT,
                "`true` or `false`",
                "The pod is a gateway's and gets [the agent](../agent.md).",
                "The only one that is needed where a namespace has one GatewaySync with a profile"
                " `default`. The API server asks Stoker about pods with this annotation and about"
                " no others.",
                "any other value is refused: `'yes' is not a switch`. Without it nothing happens,"
                " and nothing is reported.",
                'metadata:\n  annotations:\n    stoker.io/inject: "true"',
            ),
            Note(
                names.CR_NAME,
                "name of a GatewaySync",
                "Which GatewaySync of the pod's namespace the pod belongs to.",
                "Needed where there are several. Where there is one, the webhook writes its name"
                " here. A GatewaySync of another namespace cannot be named.",
                "a pod that names none of several, or one that is not there, is refused; the"
                " message lists those that are. A pod that was made while the webhook was away"
                " belongs to nobody.",
                'metadata:\n  annotations:\n    stoker.io/inject: "true"\n'
                "    stoker.io/cr-name: line-a",
            ),
            Note(
                names.PROFILE,
                "name of a profile; *live*",
                "Which profile of the GatewaySync counts; `default` without it.",
                "Changed on a running pod it leads to a sync with the other profile.",
                "a pod that names a profile that is not there is refused. A running one keeps its"
                " files, reports `Error`, and tells the event `ProfileError`.",
                'metadata:\n  annotations:\n    stoker.io/inject: "true"\n'
                "    stoker.io/profile: historian",
            ),
            Note(
                names.GATEWAY_NAME,
                "letters, digits, `-`, `_`, `.`, at most 253; *live*",
                "What the gateway is called: in the status, in metrics, and as `GatewayName` in"
                " templates.",
                "Without it the label `app.kubernetes.io/name` counts, and without that the pod's"
                " name. All pods of one StatefulSet have the same annotations and labels, hence the"
                " same name: what must differ between them takes `PodName` or `PodOrdinal`."
                " Each has a row of its own in the status all the same.",
                "another character is refused: `cannot name a gateway`.",
                'metadata:\n  annotations:\n    stoker.io/inject: "true"\n'
                "    stoker.io/gateway-name: line-4",
            ),
            Note(
                names.REF_OVERRIDE,
                "branch, tag or commit; *live*",
                "This gateway follows a ref of its own.",
                "For trying out a branch on one gateway. The agent resolves the ref itself at each"
                " `syncPeriod`. The gateway counts as `Synced` at its own ref, and the condition"
                " `RefSkew` shows that it sits elsewhere. Take the annotation away, and the gateway"
                " goes back to what the GatewaySync says.",
                "what cannot be a ref's name is refused. A ref that the repository does not have"
                " makes the gateway `Error`; its files stay.",
                'metadata:\n  annotations:\n    stoker.io/inject: "true"\n'
                "    stoker.io/ref-override: feature/new-header",
            ),
            Note(
                names.AGENT_IMAGE,
                "a tag, a digest, or an image",
                "Another version of the agent for this pod.",
                "A tag or digest is of the repository that the chart or the GatewaySync names. A"
                " whole image has to be of that repository or of one in the chart's"
                " `agentImage.allowedRepositories`.",
                "an image of any other repository is refused; the message lists the allowed ones.",
                'metadata:\n  annotations:\n    stoker.io/inject: "true"\n'
                "    stoker.io/agent-image: 0.2.0",
            ),
            Note(
                names.SYNC_PERIOD,
                "5 to 3600, seconds; *live*",
                "How often this gateway's agent checks for drift, in place of `syncPeriod`.",
                "It is also how often a ref of `stoker.io/ref-override` is resolved, and a third of"
                " the time after which a silent agent is reported as `AgentStale`.",
                "anything but a whole number from 5 to 3600 is refused.",
                'metadata:\n  annotations:\n    stoker.io/inject: "true"\n'
                '    stoker.io/sync-period: "300"',
            ),
            Note(
                names.EXCLUDE_PATTERNS,
                "globs with commas between, at most 100; *live*",
                "What this gateway leaves alone, **in place of** the profile's `excludePatterns`.",
                "It replaces the profile's patterns, the built-in ones included, because only so"
                " can a gateway have less excluded than the others. A comma inside `{…}` or `[…]`"
                " separates nothing.",
                "a pattern that does not parse is refused, with its place.",
                'metadata:\n  annotations:\n    stoker.io/inject: "true"\n'
                '    stoker.io/exclude-patterns: "**/.git/,**/.gitkeep,projects/{test,demo}/**"',
            ),
            Note(
                names.SERVICE_PATH,
                "a path",
                "Reserved: nothing reads it yet, and it is no warning.",
            ),
            Note(names.DEPLOYMENT_MODE, "a name", "Reserved, as above."),
            Note(names.TAG_PROVIDER, "a name", "Reserved, as above."),
            Note(names.SYSTEM_NAME, "a name", "Reserved, as above."),
            Note(names.SYSTEM_NAME_TEMPLATE, "a template", "Reserved, as above."),
        ),
    ),
    Group(
        "Of a gateway's pod, set by the webhook and others",
        "Leave them to whoever sets them.",
        (
            Note(
                names.INJECTED,
                "`true`",
                "The webhook has put the agent into this pod, and leaves it alone from now on.",
                "Do not write it into a pod template: a pod that asks for the agent, bears this and"
                " has no agent passes with a warning, starts without its files, and is reported as"
                " `MissingSidecar`.",
            ),
            Note(
                names.AGENT_LABEL,
                "`true`, a label",
                "The pod has an agent: for NetworkPolicies, PodMonitors and"
                " `kubectl get pods -l stoker.io/agent=true`.",
            ),
            Note(
                names.APP_NAME_LABEL,
                "a label of Kubernetes' own",
                "The gateway's name, where `stoker.io/gateway-name` is not given.",
            ),
            Note(
                names.POD_INDEX_LABEL,
                "a label, set by a StatefulSet",
                "`PodOrdinal` in templates; without it the number that ends the pod's name, or 0.",
            ),
        ),
    ),
    Group(
        "Of a namespace",
        "Set by you, where the chart has `webhook.namespaceSelector.requireLabel=true`.",
        (
            Note(
                names.NAMESPACE_INJECTION_LABEL,
                f"`{names.NAMESPACE_INJECTION_ENABLED}`, a label",
                "Pods of this namespace may get an agent.",
                "Without the chart's value it means nothing: then every namespace may, apart from"
                " `kube-system` and `kube-node-lease`.",
                "pods are made without agent, and their GatewaySync tells `MissingSidecar`.",
                "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: plant\n  labels:\n"
                "    stoker.io/injection: enabled",
            ),
        ),
    ),
    Group(
        "Of a GatewaySync, set by the receiver",
        _RECEIVED,
        (
            Note(
                names.REQUESTED_REF,
                "branch, tag or commit",
                "This ref is followed in place of `spec.git.ref`.",
                "It counts until `spec.git.ref` says the same (a `v` before a digit does not"
                " matter); then the controller takes all three away. So a promotion is at work at"
                " once; the commit that writes it into the manifest ends it without another one.",
                "a ref that is malformed, or that the repository does not have, is told as the"
                " event `RequestedRefUnresolvable` and ignored: `spec.git.ref` stays in force.",
            ),
            Note(
                names.REQUESTED_AT,
                "time, RFC 3339",
                "When it was asked for; of several requests the latest counts.",
                "A new time without a ref asks for a look: the ref is resolved now, agents sync,"
                " and put right what has drifted.",
                "beside a ref it is told as `RequestedRefUnresolvable`, and the request ignored;"
                " alone it asks for nothing.",
            ),
            Note(
                names.REQUESTED_BY,
                "`github`, `gitlab`, `bitbucket`, `gitea`, `argocd`, `kargo` or `generic`",
                "Who asked. Anything else counts as `generic`.",
            ),
        ),
    ),
    Group(
        "Of a GatewaySync and what belongs to it, set by the controller",
        "Objects that the controller makes bear these, and have the GatewaySync as their owner.",
        (
            Note(
                names.FINALIZER,
                "a finalizer",
                "The GatewaySync waits for the controller to clear away what it made.",
                "A GatewaySync that is deleted while no controller runs waits for one."
                " If there is to be none any more, take it off by hand:\n\n```console\n"
                "kubectl patch gatewaysync line-a --type=merge"
                ' -p \'{"metadata":{"finalizers":null}}\'\n```',
            ),
            Note(
                names.MANAGED_BY_LABEL,
                f"`{names.MANAGED_BY_CONTROLLER}` or `{names.MANAGED_BY_AGENT}`, a label",
                "Who writes the object's contents. `stoker.io/cr-name` stands beside it as a label,"
                " with the name of the GatewaySync; one above 63 characters is cut and ends in a"
                " digest.",
            ),
            Note(
                names.GATEWAYSYNC_LABEL,
                "a label, with the name of the GatewaySync",
                "On the RoleBinding of its agents.",
            ),
            Note(
                names.CONTENT_LABEL,
                f"`{names.CONTENT_CHANGES}`, a label",
                "On a ConfigMap that lists what a sync has changed.",
            ),
            Note(
                names.SECRET_TYPE_ANNOTATION,
                f"`{names.SECRET_TYPE_GITHUB_TOKEN}`",
                "On the Secret with a GitHub App's installation token.",
            ),
            Note(
                names.TOKEN_KEY_ANNOTATION,
                "a digest",
                "On the same Secret: from which App, installation and key the token was made.",
            ),
            Note(
                names.TOKEN_EXPIRES_ANNOTATION,
                "time, RFC 3339",
                "On the same Secret: until when the token is good. It is renewed five minutes"
                " earlier.",
            ),
        ),
    ),
    Group(
        "Of the leases of shards, set by controllers",
        "Where [several controllers act](../controller.md#shards), each shard has a lease.",
        (
            Note(
                names.SHARDS_LABEL,
                "a number, a label",
                "Into how many shards the namespaces are divided by whoever made this lease.",
            ),
            Note(
                names.WANTED_BY_ANNOTATION,
                "the identity of a replica",
                "That replica has at least two shards less than the holder, and asks for this one.",
            ),
            Note(
                names.RENEWAL_ANNOTATION,
                "a version",
                "Beside such a wish: as of which version of the lease its holder renewed it last.",
            ),
        ),
    ),
)
