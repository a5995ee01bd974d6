"""The data directory of a gateway: what is there, and how it is changed so that no crash harms it.

- `errors`: what can go wrong with a disk, as values
- `handles`: every step into the data directory, by handle and without following a link
- `observe`: what is there, as far as a plan needs it; `drift`: what differs from what was applied
- `store`: what Stoker remembers on the data volume, below `.stoker/`
- `execute`: a plan carried out, its undo kept
"""
