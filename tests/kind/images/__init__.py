"""The images that the tests run in a cluster, built on this machine, each in one archive.

    from images import build
    product = build("stoker")  # product.tag: "localhost/stoker:3f…", product.archive: a path

- `catalogue`: which images there are, and what each is made of
- `inputs`: the files of an image's build, and the hash of them that becomes its tag
- `archives`: what is kept between runs, outside the repository
- `building`: from a name to an archive
- `engines`, `docker`, `buildah`, `base`: who builds, and on which base
- `machine`: what this machine's own settings have to add, and what stays out of an image

An archive is what `docker save` writes. Its tag names everything that it was built from, so a node
that has the tag has this image and no older one: pods use it with `imagePullPolicy: Never`.
"""

from __future__ import annotations

from images.building import Image, build
from images.catalogue import NAMES

__all__ = ["NAMES", "Image", "build"]
