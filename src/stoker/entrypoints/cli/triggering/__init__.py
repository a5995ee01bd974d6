"""`stoker trigger`: ask a receiver, as a Git server would, to have a GatewaySync follow a ref.

- `command`: what can be told
- `answering`: from what was told to the answer
- `reaching`: which receiver, and how it is reached
- `proving`: which secret signs the request
- `sending`: the request, and what its answer means

The cluster itself, and waiting until the gateways are there, is `cli.cluster`.
"""
