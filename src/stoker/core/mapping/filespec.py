"""`FileSpec`: one file's way from the commit to the gateway."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from stoker.core.manifest import Digest, Entry, Mode
from stoker.core.paths import RelPath
from stoker.core.template import TemplateEngine


@frozen
class Treatment:
    """What is done to a file's bytes: first the template, then the patches in their order."""

    engine: TemplateEngine | None = None
    patches: tuple[Mapping[str, str], ...] = ()
    patch_engine: TemplateEngine = TemplateEngine.GO
    """The language of the patches' values."""
    variables: Mapping[str, str] = field(factory=dict)
    """The profile's variables; the context's own are over them."""


@frozen
class FileSpec:
    """Where a file comes from, where it goes, and what is done to it."""

    path: RelPath
    source: RelPath
    blob: Digest
    mode: Mode
    treatment: Treatment | None = None
    companions: Mapping[str, FileSpec] = field(factory=dict, repr=False)
    """The files beside a `resource.json`, by name, where its signature may have to follow them."""

    @property
    def is_verbatim(self) -> bool:
        """Whether the commit's bytes are written as they are, so nobody need read them to plan."""
        return self.treatment is None and not self.companions

    @property
    def verbatim_entry(self) -> Entry:
        """The entry of a file that is written as it is."""
        return Entry(self.blob, self.mode)
