"""`stoker status`: how GatewaySyncs in a cluster stand, and what to do about it.

- `command`: what can be told
- `answering`, `watching`: from what was told to the answer, once or again and again
- `gathering`: what is known of one GatewaySync, read with the user's rights
- `document`: the JSON; its field names are kept
- `fleet_text`, `sync_text`: the same for people
- `layout`: columns, wrapped lines and ages
"""
