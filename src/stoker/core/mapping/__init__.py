"""Which file of the commit goes where, and what is done to it on its way.

`survey` renders the mappings' paths and looks them up in the commit's tree: a `Survey` is a
profile applied to one commit for one gateway. It answers for all files (`files`), for one
destination (`at`), for the destinations that a changed source can reach (`reached_by`), and it
says what the plan may delete (`policy`).

Mappings are ordered and a later one overlays an earlier one, so a destination's file comes from
the last mapping that has one for it. Excludes apply to destinations; `.stokerignore` applies to
paths of the repository; what the gateway owns is left alone by all of them.
"""

from __future__ import annotations

from stoker.core.mapping.bounds import IGNORE_FILE
from stoker.core.mapping.filespec import FileSpec, Treatment
from stoker.core.mapping.placement import MappingError, Placement
from stoker.core.mapping.survey import SIGNED_NAMES, Survey, select, survey

__all__ = [
    "IGNORE_FILE",
    "SIGNED_NAMES",
    "FileSpec",
    "MappingError",
    "Placement",
    "Survey",
    "Treatment",
    "select",
    "survey",
]
