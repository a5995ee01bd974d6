"""What gjson answers to a path (`tidwall/gjson`): the paths that are more than keys and indexes.

`query` is the entrance. `steps` takes a path apart, `search` walks a text along it, `comparison`
and `wildcard` decide what fits, `modifiers` and `pretty` make new texts, `result` is what is
found, and `meter` bounds the work.
"""
