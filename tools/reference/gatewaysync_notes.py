"""What the page of GatewaySync says beyond its definition: by path, in Markdown."""

from __future__ import annotations

from typing import Final

INTRODUCTION: Final = """
# GatewaySync

`stoker.io/v1alpha1`, namespaced, plural `gatewaysyncs`, short `gs`. This page is made from the
definition that `stoker crd` prints; `kubectl explain gatewaysync.spec --recursive` says the same in
a cluster. [Concepts](../concepts.md) explains the words, and `stoker validate` checks a manifest
without a cluster.

Fields that nobody knows are refused by `kubectl` and `stoker validate`. Paths, templates and
patterns are looked at more closely by
[the webhook](../admission.md#what-is-checked-of-a-gatewaysync).

An example that sets most of what one sets:

```yaml
apiVersion: stoker.io/v1alpha1
kind: GatewaySync
metadata:
  name: line-a
  namespace: plant
spec:
  git:
    repo: https://git.example/plant/gateways.git
    ref: v1.4.0
    auth:
      token:
        secretRef: {name: git-credentials, key: token}
  polling:
    interval: 5m
  gateway:
    port: 8043
    tls: true
    api: {secretName: gateway-api-key}
  sync:
    defaults:
      excludePatterns: ["**/.git/", "**/.gitkeep", "**/.resources/**", "**/*.md"]
      vars: {site: graz}
      designerSessionPolicy: wait
      driftAction: report
    profiles:
      default:
        mappings:
          - {source: shared/projects, destination: projects}
          - {source: "lines/{{.GatewayName}}/projects", destination: projects}
          - source: config/core
            destination: config/resources/core
            template: true
            patches:
              - file: ignition/system-properties/config.json
                set: {systemName: "{{.Vars.site}}-{{.GatewayName}}"}
      historian:
        prune: owned
        mappings:
          - {source: historian/projects, destination: projects, required: true}
```
"""

NOTES: Final[dict[str, str]] = {
    "spec.git.repo": (
        "Which protocols are allowed is the chart's value `git.allowedProtocols`, `https` and `ssh`"
        " unless it says otherwise."
    ),
    "spec.git.ref": (
        "Of a tag and a branch with one name the tag is meant; `refs/heads/x` and `refs/tags/x` say"
        " which."
    ),
    "spec.git.semver": (
        "A leading `v` of tags is ignored. Comparisons stand beside each other with spaces or"
        " commas, alternatives with `||`."
    ),
    "spec.git.auth": "See [Git authentication](../guides/git-authentication.md).",
    "spec.git.caSecretRef": (
        "See [a private authority](../guides/git-authentication.md#a-private-authority)."
    ),
    "spec.gateway": (
        "The gateway is the one in the agent's own pod, so there is no host. See"
        " [the agent](../agent.md)."
    ),
    "spec.polling.enabled": (
        "Without it, a ref is looked at when the spec changes, when [a webhook](../webhooks.md)"
        " says so, and when a controller starts."
    ),
    "spec.sync.defaults": (
        "The defaults in this table count where neither this section nor the profile says anything."
    ),
    "spec.sync.defaults.excludePatterns": (
        "What is given here replaces the three that are built in. A pattern that ends in `/`"
        " excludes the folder and everything below it."
    ),
    "spec.sync.defaults.vars": (
        "Used as `{{.Vars.name}}`: see [Templating](../guides/templating.md)."
    ),
    "spec.sync.defaults.syncPeriod": "A new commit does not wait for it; drift is found by it.",
    "spec.sync.defaults.designerSessionPolicy": (
        "`proceed` does not ask; `wait` waits up to five minutes, then reports `Blocked`; `fail`"
        " reports `Blocked` at once."
    ),
    "spec.sync.defaults.designerSessionScope": (
        "`project`: those in a project that the sync changes; `gateway`: all."
    ),
    "spec.sync.defaults.paused": (
        "Of one profile; [spec.paused](#spec) is for the whole GatewaySync."
    ),
    "spec.sync.defaults.prune": (
        "`mirror`: what is below a mapped folder and not in the commit; `owned`: what Stoker wrote;"
        " `none`: nothing. See [What is an orphan](../planning.md#what-is-an-orphan)."
    ),
    "spec.sync.defaults.pruneLimitPercent": (
        "Counts from 21 deletions on; 100 switches it off. See"
        " [What stops a sync](../planning.md#what-stops-a-sync)."
    ),
    "spec.sync.defaults.driftAction": (
        "`off`: nobody looks; `report`: it is told; `restore`: it is put right. See"
        " [Drift](../agent.md#drift-and-what-it-restores)."
    ),
    "spec.sync.profiles": (
        "A pod chooses one with [stoker.io/profile](annotations.md#stokerioprofile)."
    ),
    "spec.sync.profiles.*.mappings[]": (
        "Source and destination are relative, and may hold templates. A source that is not there is"
        " skipped unless it is `required`; nothing below its destination is deleted then."
    ),
    "spec.sync.profiles.*.mappings[].destination": (
        "`.` is the data directory itself, where nothing"
        " is ever pruned. Some places are [the gateway's own](../planning.md#what-is-left-alone)."
    ),
    "spec.sync.profiles.*.mappings[].template": "A file with a NUL byte is then an error.",
    "spec.sync.profiles.*.mappings[].templateEngine": (
        "Of source, destination, contents and patch values alike."
    ),
    "spec.sync.profiles.*.mappings[].patches": "See [JSON patches](../guides/json-patches.md).",
    "spec.sync.profiles.*.mappings[].patches[].file": "Needed where the mapping is of a folder.",
    "spec.agent.image": "What is not given is the chart's `agentImage`, else its `image`.",
    "spec.agent.resources": ("Without it: requests of 50m CPU and 64Mi, limits of 200m and 256Mi."),
    "spec.agent.repoSizeLimit": (
        "A commit that would need more is refused before the volume is full."
    ),
    "spec.receiver.secretRef": (
        "With it the global secret of the chart does not count for this GatewaySync. See"
        " [Webhooks](../webhooks.md#secrets)."
    ),
    "spec.paused": "Pods are injected and start nevertheless.",
    "status": "Written by the controller alone. Fields of what is not known are left out.",
    "status.conditions": (
        "See [What Synced and Ready mean](../concepts.md#what-synced-and-ready-mean) and"
        " [Troubleshooting](../troubleshooting.md#conditions)."
    ),
    "status.discoveredGateways[].syncStatus": (
        "See [States of a gateway](../troubleshooting.md#states-of-a-gateway)."
    ),
    "status.discoveredGateways[].syncedCommit": "Never one that was only attempted.",
}
