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
- `passages`, `choir`: a way to the API server that counts and fails, and a hundred at once
- `git_here`, `doors`: a git server on this machine for pods and controllers, and what is on its way
- `controllers`, `local_controller`, `local_process`, `charts`: controllers with the chart's rights
- `webhooks`, `local_webhook`, `hasty`: webhooks with those rights, asked by the API server
- `admissions`, `senders`: pods that are created without end, and who sends to the receiver
- `requests_inside`: rights that are tried from inside a pod
- `plants`, `speaking`: a GatewaySync, its gateways' pods and reports, and the API without kubectl
- `order`: what the contract wants to be in a namespace, apart from the controller's own code
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
