"""Repositories made on the spot: by hand, or grown to the sizes of real Ignition sites.

- `upstream`: a repository that somebody pushes to; commits, tags, branches, hooks
- `stream`: what `git fast-import` reads
- `site`: seeded trees of S to XL, and commits that change some of their files
- `contents`: what stands in those files
"""

from __future__ import annotations

from stoker.testing.repositories.site import SIZES, Site, Size
from stoker.testing.repositories.stream import Executable, Gitlink, Item, Symlink
from stoker.testing.repositories.upstream import Upstream

__all__ = ["SIZES", "Executable", "Gitlink", "Item", "Site", "Size", "Symlink", "Upstream"]
