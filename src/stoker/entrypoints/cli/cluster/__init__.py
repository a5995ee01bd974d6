"""What commands need that talk to a cluster with the user's own rights.

- `options`: which cluster, which namespace, which GatewaySync
- `reaching`: the cluster that a kubeconfig names
- `refusals`: what the API server does not do, in words that help
- `reading`: GatewaySyncs, and what is kept about them
- `waiting`: until a GatewaySync is where it should be
"""
