"""The names that `stoker.core` exports, for type checkers; `__init__.py` imports them lazily."""

from stoker.core.conditions import (
    Condition as Condition,
    Conditions as Conditions,
)
from stoker.core.discovery import (
    Gateway as Gateway,
    discover as discover,
    pod_ordinal as pod_ordinal,
)
from stoker.core.errors import (
    DecodeError as DecodeError,
    GlobError as GlobError,
    InvalidDocument as InvalidDocument,
    PatchError as PatchError,
    PathError as PathError,
    Permanent as Permanent,
    Problem as Problem,
    RefError as RefError,
    Retryable as Retryable,
    SignatureError as SignatureError,
    StokerError as StokerError,
    TemplateError as TemplateError,
)
from stoker.core.fieldpatch import (
    set_field as set_field,
    set_fields as set_fields,
)
from stoker.core.globs import (
    Excludes as Excludes,
    IgnoreFile as IgnoreFile,
    glob_match as glob_match,
)
from stoker.core.injection import (
    InjectionSettings as InjectionSettings,
    admit as admit,
    inject as inject,
)
from stoker.core.journal import (
    Journal as Journal,
    begin as begin,
    commit as commit,
    recover as recover,
    undo as undo,
)
from stoker.core.manifest import (
    Digest as Digest,
    Entry as Entry,
    Foreign as Foreign,
    ForeignKind as ForeignKind,
    Manifest as Manifest,
    Mode as Mode,
    Observed as Observed,
    Stamp as Stamp,
    digest_of as digest_of,
)
from stoker.core.mapping import (
    FileSpec as FileSpec,
    MappingError as MappingError,
    Survey as Survey,
    select as select,
    survey as survey,
)
from stoker.core.paths import (
    ROOT as ROOT,
    RelPath as RelPath,
)
from stoker.core.payload import (
    RefRequest as RefRequest,
    authenticate as authenticate,
    parse_payload as parse_payload,
    sign as sign,
)
from stoker.core.planning import (
    Create as Create,
    Delete as Delete,
    Kept as Kept,
    KeptReason as KeptReason,
    Obstructed as Obstructed,
    Plan as Plan,
    Policy as Policy,
    PruneLimitExceeded as PruneLimitExceeded,
    RemoveDirectory as RemoveDirectory,
    Replace as Replace,
    SourceEmptied as SourceEmptied,
    plan as plan,
)
from stoker.core.profile import (
    ResolvedProfile as ResolvedProfile,
    choose_profile as choose_profile,
    resolve_profiles as resolve_profiles,
)
from stoker.core.reconcile import (
    decide as decide,
)
from stoker.core.refs import (
    Advertisement as Advertisement,
    CommitId as CommitId,
    RefName as RefName,
    effective_ref as effective_ref,
    resolve_ref as resolve_ref,
)
from stoker.core.rendering import (
    Rendered as Rendered,
    RenderError as RenderError,
    desired_manifest as desired_manifest,
    render as render,
)
from stoker.core.report import (
    GatewayReport as GatewayReport,
)
from stoker.core.spec import (
    FieldPatch as FieldPatch,
    GatewaySync as GatewaySync,
    GatewaySyncSpec as GatewaySyncSpec,
    MappingType as MappingType,
    PruneMode as PruneMode,
    SourceMapping as SourceMapping,
)
from stoker.core.status import (
    StatusMap as StatusMap,
    aggregate as aggregate,
    merge as merge,
)
from stoker.core.template import (
    Limits as Limits,
    Template as Template,
    TemplateContext as TemplateContext,
    TemplateEngine as TemplateEngine,
    parse_template as parse_template,
    render_template as render_template,
    render_with as render_with,
)
from stoker.core.tree import (
    Blob as Blob,
    Link as Link,
    Submodule as Submodule,
    Tree as Tree,
    changes as changes,
)

__all__: list[str]
