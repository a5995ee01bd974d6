"""Files with GatewaySync manifests and profiles: what they hold, and all that is wrong with them.

What a decoder has against a document is told with the file and the line on which it stands, as a
compiler does, so that an editor can jump there. A profile stands in a file by itself, as the fields
of one profile, or in a whole GatewaySync, whose defaults then count as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from attrs import field, frozen

from stoker.adapters.codec.crd import SITE, decode_gateway_sync, decode_profile
from stoker.adapters.codec.documents import read_documents
from stoker.adapters.codec.plain import kind_of
from stoker.core.errors import ManyProblems, Problem, StokerError
from stoker.core.names import API_GROUP, DEFAULT_PROFILE, KIND
from stoker.core.profile import ResolvedProfile, resolve_profile
from stoker.core.spec import GatewaySync, SyncProfile
from stoker.core.spec.problems import nearest, place_text, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stoker.adapters.codec.documents import Document, Documents, Fault
    from stoker.core.spec.rules import Site

_MOST_NAMED: Final = 10
_CURE: Final = "correct it"
"""What to do where the fault itself says it all."""


@frozen
class Flaw:
    """One thing that is wrong with a file; line 0 where lines are not known."""

    file: str
    line: int
    path: str
    message: str
    cure: str = ""

    def __str__(self) -> str:
        """`FILE:LINE: path: message (cure)`, without the parts that are empty."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return str(
            Problem(f"{place}: {self.path}" if self.path else place, self.message, self.cure)
        )


@frozen
class InvalidFile(StokerError):
    """A file with flaws: all of them, in the order in which they stand."""

    flaws: tuple[Flaw, ...] = field(kw_only=True)

    reason: ClassVar[str] = "InvalidDocument"

    @classmethod
    def of(cls, flaws: tuple[Flaw, ...]) -> InvalidFile:
        """The error for one or more flaws."""
        if len(flaws) == 1:
            (flaw,) = flaws
            return cls(str(flaw), flaws=flaws)
        return cls(f"{len(flaws)} problems: " + "; ".join(map(str, flaws)), flaws=flaws)


@frozen
class ProfileFile:
    """The profile that was asked for, and the GatewaySync that it is a part of, if it is."""

    profile: ResolvedProfile
    sync: GatewaySync | None = None


def is_gateway_sync(value: object) -> bool:
    """Whether a document means to be a GatewaySync; it may still be a bad one."""
    if not isinstance(value, dict):
        return False
    version = value.get("apiVersion")
    return value.get("kind") == KIND or (
        isinstance(version, str) and version.partition("/")[0] == API_GROUP
    )


def is_profile(value: object) -> bool:
    """Whether a document means to be the fields of one profile."""
    return isinstance(value, dict) and not {"apiVersion", "kind", "spec"} & value.keys()


def read_gateway_sync(document: Document, file: str, site: Site = SITE) -> GatewaySync:
    """The GatewaySync in `document`; raises `InvalidFile` with everything that is wrong."""

    def decode(value: object) -> GatewaySync:
        return decode_gateway_sync(value, strict=True, site=site)

    sync: GatewaySync = _read(document, file, decode)
    return sync


def read_profile(document: Document, file: str, site: Site = SITE) -> SyncProfile:
    """The fields of one profile in `document`; raises `InvalidFile` as well."""

    def decode(value: object) -> SyncProfile:
        return decode_profile(value, strict=True, site=site)

    profile: SyncProfile = _read(document, file, decode)
    return profile


def _read(document: Document, file: str, decode: Callable[[object], Any]) -> Any:  # noqa: ANN401 - whatever is decoded
    flaws = [flaw_of(fault, file) for fault in document.faults]
    decoded = None
    try:
        decoded = decode(document.value)
    except ManyProblems as error:
        flaws += flaws_of(error.problems, file, document)
    except StokerError as error:
        line = document.line_of(error.where)
        flaws.append(Flaw(file, line, error.where, error.message, error.cure or _CURE))
    if flaws:
        raise InvalidFile.of(tuple(sorted(flaws, key=lambda flaw: flaw.line)))
    return decoded


def flaws_of(problems: Iterable[Problem], file: str, document: Document) -> list[Flaw]:
    """Problems of a document, each with its line."""
    return [
        Flaw(file, document.line_of(each.path), each.path, each.message, each.cure or _CURE)
        for each in problems
    ]


def flaw_of(fault: Fault, file: str) -> Flaw:
    """The same for what was found while the text was read."""
    finding = fault.finding
    return Flaw(file, fault.line, place_text(finding.place), finding.message, finding.cure)


def read_profile_file(
    text: str, file: str, name: str = "", *, site: Site = SITE, json_only: bool = False
) -> ProfileFile:
    """The profile `name` of a file; raises `InvalidFile` with everything that is wrong."""
    documents = read_documents(text, json_only=json_only)
    if documents.fault is not None:
        raise InvalidFile.of((flaw_of(documents.fault, file),))
    document = _only_one(documents, file)
    if is_gateway_sync(document.value):
        sync = read_gateway_sync(document, file, site)
        return ProfileFile(_chosen(sync, name, file, document), sync)
    profile = read_profile(document, file, site)
    return ProfileFile(resolve_profile(name or DEFAULT_PROFILE, profile))


def _only_one(documents: Documents, file: str) -> Document:
    """The document that the file is about: others, such as Secrets, may stand beside it."""
    filled = [each for each in documents.documents if each.value is not None or each.faults]
    meant = [each for each in filled if is_gateway_sync(each.value) or is_profile(each.value)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        told = f"holds {len(meant)} documents that could be meant"
        raise _refused(file, meant[1].line, told, "keep one of them in the file")
    if filled:
        told = f"holds {_kind_text(filled[0].value)}, and neither a GatewaySync nor a profile"
        raise _refused(file, filled[0].line, told, "name a file with one of them")
    raise _refused(file, 0, "holds nothing", "write the fields of a profile into it")


def _kind_text(value: object) -> str:
    kind = value.get("kind") if isinstance(value, dict) else None
    return f"the kind {shown(kind)}" if isinstance(kind, str) else kind_of(value)


def _refused(file: str, line: int, message: str, cure: str) -> InvalidFile:
    return InvalidFile.of((Flaw(file, line, "", message, cure),))


def _chosen(sync: GatewaySync, name: str, file: str, document: Document) -> ResolvedProfile:
    section, wanted = sync.spec.sync, name or DEFAULT_PROFILE
    if wanted in section.profiles:
        return resolve_profile(wanted, section.profiles[wanted], section.defaults)
    known = sorted(section.profiles)
    named = ", ".join(map(shown, known[:_MOST_NAMED])) + (", …" if len(known) > _MOST_NAMED else "")
    near = nearest(wanted, known) if name else None
    cure = f"did you mean {shown(near)}?" if near else f"choose one with --profile-name: {named}"
    path = "spec.sync.profiles"
    message = f"holds no profile {shown(wanted)}"
    raise InvalidFile.of((Flaw(file, document.line_of(path), path, message, cure),))
