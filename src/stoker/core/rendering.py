"""From a file of the commit to the bytes on the gateway.

Rendering depends on bytes and context alone. A file's contents come from `read`, which gives the
bytes of a blob by its id: contents are named by what they are, so the answer can only be one.

A verbatim file is never read. A treated one is read, its template rendered, its patches set; and
where that changes what a resource's signature covers, the `resource.json` beside it is signed anew
if it was signed. `desired_manifest` does this for a whole selection and skips what it can tell to
be unchanged: a rendered file remembers its `Origin`, the blob and everything of the context that
its rendering could look at.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from attrs import evolve, frozen

# These three are packages whose modules are imported where a file is really rendered or signed.
from stoker.core import fieldpatch, ignition, template
from stoker.core.errors import ManyProblems, PatchError, Problem, TemplateError
from stoker.core.manifest import Digest, Entry, Manifest, Origin, digest_of
from stoker.core.mapping import SIGNED_NAMES, FileSpec, Treatment

if TYPE_CHECKING:
    from stoker.core.paths import RelPath
    from stoker.core.template import TemplateContext

Read = Callable[[Digest], bytes]
"""The bytes of a blob."""


@frozen
class Rendered:
    """A file's bytes as they go to the disk, and what they were made from."""

    content: bytes
    entry: Entry
    origin: Origin | None


@frozen
class RenderError(ManyProblems):
    """Files that cannot be rendered, each with the reason."""

    reason: ClassVar[str] = "RenderFailed"


def render(spec: FileSpec, read: Read, context: TemplateContext) -> Rendered:
    """The bytes of `spec`; raises `RenderError`."""
    if spec.is_verbatim:
        return Rendered(read(spec.blob), spec.verbatim_entry, None)
    content, origin = _rendered(spec, read, context)
    return Rendered(content, _entry_of(spec, content), origin)


def desired_manifest(
    specs: Iterable[FileSpec], read: Read, context: TemplateContext, applied: Manifest
) -> Manifest:
    """What the commit wants on the disk; raises `RenderError` with all that cannot be rendered.

    Contents are read only for treated files whose origin `applied` does not know.
    """
    entries: dict[RelPath, Entry] = {}
    origins: dict[RelPath, Origin] = {}
    problems: list[Problem] = []
    for spec in specs:
        if spec.is_verbatim:
            entries[spec.path] = spec.verbatim_entry
            continue
        try:
            entry, origin = _entry(spec, read, context, applied)
        except RenderError as error:
            problems += error.problems
            continue
        entries[spec.path] = entry
        origins[spec.path] = origin
    if problems:
        raise RenderError.of_problems(problems)
    return Manifest(entries, origins=origins)


def _entry(
    spec: FileSpec, read: Read, context: TemplateContext, applied: Manifest
) -> tuple[Entry, Origin]:
    known = applied.origins.get(spec.path)
    entry = applied.entries.get(spec.path)
    if known and entry and known == _origin_of_use(spec, known.used, context):
        return evolve(entry, mode=spec.mode), known
    content, origin = _rendered(spec, read, context)
    return _entry_of(spec, content), origin


def _entry_of(spec: FileSpec, content: bytes) -> Entry:
    return Entry(digest_of(content, spec.blob), spec.mode)


def _rendered(spec: FileSpec, read: Read, context: TemplateContext) -> tuple[bytes, Origin]:
    # Signature and origin look at the same files again: each is read once.
    read = cache(read)
    source = read(spec.blob)
    content = _treated(spec, source, context)
    if spec.path.name in SIGNED_NAMES:
        content = _signed(spec, source, content, read, context)
    return content, _origin(spec, read, context)


def _treated(spec: FileSpec, source: bytes, context: TemplateContext) -> bytes:
    treatment = spec.treatment
    if treatment is None:
        return source
    context = _with_variables(treatment, context)
    text = source.decode("utf-8", "surrogateescape")
    try:
        if treatment.engine is not None:
            if "\0" in text:
                raise _problem(spec, "the file is binary, and a template cannot be")
            text = template.render_with(treatment.engine, text, context)
        for fields in treatment.patches:
            values = {
                path: template.render_with(treatment.patch_engine, value, context)
                for path, value in fields.items()
            }
            text = fieldpatch.set_fields(text, values)
    except TemplateError as error:
        raise _problem(spec, f"{error.line}:{error.column}: {error.message}", error.cure) from error
    except PatchError as error:
        raise _problem(spec, f"patch {error.where!r}: {error.message}", error.cure) from error
    return text.encode("utf-8", "surrogateescape")


def _signed(
    spec: FileSpec, source: bytes, content: bytes, read: Read, context: TemplateContext
) -> bytes:
    unary = spec.path.name == ignition.UNARY_NAME
    before = {name: read(each.blob) for name, each in spec.companions.items()}
    after = {name: _treated(each, before[name], context) for name, each in spec.companions.items()}
    return ignition.recompute(
        ignition.Resource(source, before, unary), ignition.Resource(content, after, unary)
    )


def _with_variables(treatment: Treatment, context: TemplateContext) -> TemplateContext:
    if treatment.variables.keys() <= context.vars.keys():
        return context
    return evolve(context, vars={**treatment.variables, **context.vars})


def _origin(spec: FileSpec, read: Read, context: TemplateContext) -> Origin:
    used = frozenset[str]()
    for each in (spec, *spec.companions.values()):
        if each.treatment is not None:
            used |= _fields_used(each.treatment, read(each.blob))
    return _origin_of_use(spec, used, context)


def _fields_used(treatment: Treatment, source: bytes) -> frozenset[str]:
    used = frozenset[str]()
    if treatment.engine is not None:
        used |= template.context_fields(treatment.engine, source.decode("utf-8", "surrogateescape"))
    for fields in treatment.patches:
        for value in fields.values():
            used |= template.context_fields(treatment.patch_engine, value)
    return used


def _origin_of_use(spec: FileSpec, used: frozenset[str], context: TemplateContext) -> Origin:
    """The origin of a file that looks at no more than the fields `used` of the context."""
    described = [
        [name, each.blob, _description(each.treatment, used, context)]
        for name, each in sorted({"": spec, **spec.companions}.items())
    ]
    text = json.dumps(described, sort_keys=True)
    return Origin(spec.blob, used, hashlib.sha256(text.encode()).hexdigest())


def _description(
    treatment: Treatment | None, used: frozenset[str], context: TemplateContext
) -> object:
    if treatment is None:
        return None
    seen = _with_variables(treatment, context).named()
    return {
        "engine": treatment.engine and treatment.engine.value,
        "patches": [[treatment.patch_engine.value, dict(fields)] for fields in treatment.patches],
        "context": {
            name: dict(value) if isinstance(value, Mapping) else value
            for name, value in seen.items()
            if name in used
        },
    }


def _problem(spec: FileSpec, message: str, cure: str = "") -> RenderError:
    return RenderError.of_problems([Problem(spec.source, message, cure)])
