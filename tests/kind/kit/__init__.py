"""What tests in a cluster are made of; docs/testing-cluster-fixtures.md shows them in use.

- `eventually`: waiting for something, and what is said when it does not come
- `kubectl`: kubectl and helm, with what they said when they fail
- `spaces`, `story`: a namespace for each test, and what is in it when the test fails
- `pods`, `reaching`: a pod as a test sees it, and the way to a port of it
- `api`: the official Python client
- `loading`: the images that the pods run
- `manifests`: Secrets, ConfigMaps, Services, pods with all restrictions
- `git_server`, `repositories`, `certificates`: a git server in the cluster
- `gateways`: fake gateways, and their controls
- `sidecars`, `stations`: the agent as a container that a file configures, and pods of such
- `injected`, `works`, `agents`: pods as the webhook makes them, a GatewaySync of such, and what
  their agents write, answer and log
- `local_agents`, `lodgings`: agents as plain processes, and the folders that a kubelet would mount
- `between`, `passages`, `choir`: a way to the API server that counts and fails, and a hundred at
  once
- `posts`, `traced`, `clocks`, `mounts`, `rows`: an agent beside a fake gateway as processes of this
  machine, killed at a system call, by a clock that jumps, on disks that fail; what was ever shown
- `histories`, `hearsay`, `overhearing`, `losses`, `likeness`, `plot`, `reporters`, `anxious`: what
  watches tell, late, twice, in disorder or never; what happens meanwhile, and what came of it
- `soak_*`, `soak`: everything at once by a plan, while commits are pushed
- `shards`: replicas with a way of their own each, and who wrote where
- `kwok`: nodes and pods that run in name alone
- `git_processes`: who asks a git server just now
- `faults`, `ledger`, `marks`: the table of faults, what tests did of it, and which tests those are
- `git_here`, `doors`: a git server on this machine for pods and controllers, and what is on its way
- `controllers`, `local_controller`, `local_process`, `charts`: controllers with the chart's rights
- `webhooks`, `local_webhook`, `hasty`: webhooks with those rights, asked by the API server
- `admissions`, `senders`: pods that are created without end, and who sends to the receiver
- `requests_inside`: rights that are tried from inside a pod
- `rights`: what accounts may do, as roles say and as the API server says
- `schemas`, `kubeconform`: the published schemas of several versions of Kubernetes
- `isolation`, `policies`, `knocking`: NetworkPolicies enforced on the node, and who gets through
- `plants`, `speaking`: a GatewaySync, its gateways' pods and reports, and the API without kubectl
- `order`: what the contract wants to be in a namespace, apart from the controller's own code
- `fresh`, `inventory`: a cluster for one file alone, and everything that is in a cluster
- `walkthrough`, `readers`: a page whose commands are run, and who follows the quickstart
- `lives`: a release that is changed, with values files of the Go chart
- `chaos`, `meddling`, `doomed`: random changes, changes by hand, controllers that kill themselves
- `breaking`, `control_plane`: a way to the API server that fails, and the server itself killed
- `crowds`, `fleets`, `zoo`, `misshapen`, `definitions`, `listening`: many GatewaySyncs, among them
  those that no definition should have let in, and git servers that count, or say nothing
"""

from __future__ import annotations

from kit.eventually import Hopeless, eventually
from kit.kubectl import CommandFailed, Helm, Kubectl
from kit.pods import Pod
from kit.spaces import Space, Spaces

__all__ = [
    "CommandFailed",
    "Helm",
    "Hopeless",
    "Kubectl",
    "Pod",
    "Space",
    "Spaces",
    "eventually",
]
