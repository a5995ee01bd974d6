"""Commits and the profiles that map them."""

from __future__ import annotations

from hypothesis import strategies as st

from property.strategies.manifests import standing_together
from property.strategies.paths import rel_paths
from stoker.core.manifest import Digest, Mode, digest_of
from stoker.core.paths import ROOT, RelPath
from stoker.core.profile import ResolvedProfile
from stoker.core.spec import FieldPatch, PruneMode, SourceMapping
from stoker.core.template import TemplateContext
from stoker.core.tree import Blob, Tree

CONTENTS = (b"", b"one", b'{"a":1}', b"{{.GatewayName}}", b'{"a":"{{.Vars.site}}"}', b"\xff\xfe")
BLOBS = {digest_of(content): content for content in CONTENTS}
CONTEXT = TemplateContext(
    gateway_name="line-4", pod_name="line-4-0", pod_ordinal=0, namespace="plant", ref="main",
    commit="4f5d1c0", cr_name="plant", labels={"tier": "edge"}, vars={"site": "graz"},
)  # fmt: skip


def read(blob: Digest) -> bytes:
    """The bytes of one of the contents above."""
    return BLOBS[blob]


def blobs() -> st.SearchStrategy[Blob]:
    """A blob with one of the contents above."""
    return st.builds(Blob, st.sampled_from(sorted(BLOBS)), st.sampled_from(Mode))


_RESOURCES = st.sampled_from(
    [RelPath(path) for path in ("a/resource.json", "a/view.json", "a/b/resource.json", "a/b/data")]
)
"""Files that a signature binds together."""


def _paths() -> st.SearchStrategy[RelPath]:
    return rel_paths() | _RESOURCES


def trees(max_size: int = 10) -> st.SearchStrategy[Tree]:
    """A commit of a few files."""
    files = st.dictionaries(_paths(), blobs(), max_size=max_size)
    return files.map(standing_together).map(Tree.of)


@st.composite
def edited(draw: st.DrawFn, tree: Tree) -> Tree:
    """A commit that differs from `tree` here and there."""
    files: dict[RelPath, Blob] = dict(leaves(tree))
    for path in draw(st.lists(st.sampled_from(sorted(files)), max_size=3)) if files else ():
        if draw(st.booleans()):
            files.pop(path, None)
        else:
            files[path] = draw(blobs())
    files.update(draw(st.dictionaries(_paths(), blobs(), max_size=3)))
    return Tree.of(standing_together(files))


def leaves(tree: Tree, at: RelPath = ROOT) -> list[tuple[RelPath, Blob]]:
    """All files of a tree, by plain recursion."""
    found = []
    for name, node in tree.entries.items():
        if isinstance(node, Tree):
            found += leaves(node, at / name)
        elif isinstance(node, Blob):
            found.append((at / name, node))
    return found


PLACES = st.sampled_from([".", "a", "b", "a/b", "projects", "config/x"])
EXCLUDES = st.sampled_from(["**/.git/", "a", "a/**", "**/*.json", "b/", "**/A/**", "{a,b}/c"])


def source_mappings(*, plain: bool = False) -> st.SearchStrategy[SourceMapping]:
    """A mapping from somewhere to somewhere; a plain one treats nothing."""
    sources = st.sampled_from([".", "a", "b", "a/b", "c", "My View", "resource.json"])
    patches = st.just(()) if plain else st.sampled_from(
        [(), (FieldPatch({"a": "2"}, file="**/*.json"),)]
    )  # fmt: skip
    template = st.just(False) if plain else st.booleans()  # noqa: FBT003 - a value to draw
    return st.builds(
        SourceMapping, source=sources, destination=PLACES, template=template, patches=patches
    )


def profiles(*, plain: bool = False) -> st.SearchStrategy[ResolvedProfile]:
    """A profile of one to three mappings."""
    return st.builds(
        ResolvedProfile,
        name=st.just("default"),
        mappings=st.lists(source_mappings(plain=plain), min_size=1, max_size=3).map(tuple),
        exclude_patterns=st.lists(EXCLUDES, max_size=2, unique=True).map(tuple),
        prune=st.sampled_from(PruneMode),
    )
