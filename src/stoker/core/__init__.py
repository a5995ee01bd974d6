"""The functional core: everything that decides, and nothing that acts.

This package's names are what other tools may rely on; `docs/embedding.md` shows them at work. A
name is imported when it is first used, so that a tool which only renders templates does not pay
for what it does not use.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

_HOME: Final = {
    name: module
    for module, names in {
        "conditions": ("Condition", "Conditions"),
        "discovery": ("Gateway", "discover", "pod_ordinal"),
        "errors": (
            "DecodeError", "GlobError", "InvalidDocument", "PatchError", "PathError", "Permanent",
            "Problem", "RefError", "Retryable", "SignatureError", "StokerError", "TemplateError",
        ),
        "fieldpatch": ("set_field", "set_fields"),
        "globs": ("Excludes", "IgnoreFile", "glob_match"),
        "injection": ("InjectionSettings", "admit", "inject"),
        "journal": ("Journal", "begin", "commit", "recover", "undo"),
        "manifest": (
            "Digest", "Entry", "Foreign", "ForeignKind", "Manifest", "Mode", "Observed", "Stamp",
            "digest_of",
        ),
        "mapping": ("FileSpec", "MappingError", "Survey", "select", "survey"),
        "paths": ("ROOT", "RelPath"),
        "payload": ("RefRequest", "authenticate", "parse_payload", "sign"),
        "planning": (
            "Create", "Delete", "Kept", "KeptReason", "Obstructed", "Plan", "Policy",
            "PruneLimitExceeded", "RemoveDirectory", "Replace", "SourceEmptied", "plan",
        ),
        "profile": ("ResolvedProfile", "choose_profile", "resolve_profiles"),
        "reconcile": ("decide",),
        "refs": ("Advertisement", "CommitId", "RefName", "effective_ref", "resolve_ref"),
        "rendering": ("RenderError", "Rendered", "desired_manifest", "render"),
        "report": ("GatewayReport",),
        "spec": (
            "FieldPatch", "GatewaySync", "GatewaySyncSpec", "MappingType", "PruneMode",
            "SourceMapping",
        ),
        "status": ("StatusMap", "aggregate", "merge"),
        "template": (
            "Limits", "Template", "TemplateContext", "TemplateEngine", "parse_template",
            "render_template", "render_with",
        ),
        "tree": ("Blob", "Link", "Submodule", "Tree", "changes"),
    }.items()
    for name in names
}  # fmt: skip

__all__ = sorted(_HOME)  # noqa: PLE0605 - a list, made of the names above


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Import a name when it is first asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """The names that this package exports."""
    return list(__all__)
