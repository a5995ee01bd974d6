"""Mappings: edges of the contract, in both directions, and everything that is wrong at once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from attrs import evolve

from property.strategies.commits import CONTEXT
from stoker.core.errors import Problem
from stoker.core.globs import IgnoreFile
from stoker.core.manifest import Entry, Mode, digest_of
from stoker.core.mapping import FileSpec, MappingError, Survey, Treatment, select, survey
from stoker.core.paths import ROOT, RelPath
from stoker.core.planning import Kept, KeptReason, Root
from stoker.core.profile import ResolvedProfile
from stoker.core.spec import FieldPatch, MappingType, PruneMode, SourceMapping
from stoker.core.template import TemplateEngine
from stoker.core.tree import Blob, Leaf, Link, Submodule, Tree

ONE, TWO = Blob(digest_of(b"one")), Blob(digest_of(b"two"), Mode.EXECUTABLE)
LINK = Link(digest_of(b"target"))


def mapped(
    source: str, destination: str, files: Mapping[str, Leaf], /, **options: object
) -> Survey:
    return surveyed(files, SourceMapping(source, destination, **options))  # type: ignore[arg-type] # options are its fields


def surveyed(files: Mapping[str, Leaf], *mappings: SourceMapping, **fields: object) -> Survey:
    profile = ResolvedProfile(name="blue", mappings=mappings, **fields)  # type: ignore[arg-type] # as above
    return survey(Tree.of(files), profile, CONTEXT)


def pairs(made: Survey) -> list[tuple[str, str]]:
    return [(str(spec.source), str(spec.path)) for spec in made.files]


@pytest.mark.parametrize(
    ("source", "destination", "expected"),
    [
        ("p", "projects", [("p/a/x", "projects/a/x"), ("p/b", "projects/b")]),
        ("./p/", "./projects//x/", [("p/a/x", "projects/x/a/x"), ("p/b", "projects/x/b")]),
        ("p/b", "projects/c", [("p/b", "projects/c")]),
        ("p/a", ".", [("p/a/x", "x")]),
        (".", "all", [("p/a/x", "all/p/a/x"), ("p/b", "all/p/b")]),
        (".", ".", [("p/a/x", "p/a/x"), ("p/b", "p/b")]),
        ("missing", "projects", []),
        ("p/b/c", "projects", []),
    ],
)
def test_sources_and_destinations(
    source: str, destination: str, expected: list[tuple[str, str]]
) -> None:
    assert pairs(mapped(source, destination, {"p/a/x": ONE, "p/b": TWO})) == expected


def test_a_file_keeps_its_blob_and_mode() -> None:
    (spec,) = mapped("run.sh", "bin/run.sh", {"run.sh": TWO}).files
    assert spec == FileSpec(RelPath("bin/run.sh"), RelPath("run.sh"), TWO.id, Mode.EXECUTABLE)
    assert spec.is_verbatim
    assert spec.verbatim_entry == Entry(TWO.id, Mode.EXECUTABLE)


def test_select_gives_the_files_alone() -> None:
    profile = ResolvedProfile(name="p", mappings=(SourceMapping("a", "b"),))
    tree = Tree.of({"a": ONE})
    assert select(tree, profile, CONTEXT) == survey(tree, profile, CONTEXT).files
    assert select(tree, profile, CONTEXT, IgnoreFile.parse("a")) == ()


def test_paths_are_templates_with_the_profiles_variables() -> None:
    profile = ResolvedProfile(
        name="p",
        mappings=(SourceMapping("sites/{{.Vars.site}}", "projects/{{.GatewayName}}"),),
        vars={"site": "linz", "other": "x"},
    )
    files = {"sites/graz/a": ONE, "sites/linz/b": ONE}
    made = survey(Tree.of(files), profile, CONTEXT)
    assert pairs(made) == [("sites/graz/a", "projects/line-4/a")]  # the caller's is over it
    assert made.context.vars == {"site": "graz", "other": "x"}
    plain = survey(Tree.of(files), profile, evolve(CONTEXT, vars={}))
    assert pairs(plain) == [("sites/linz/b", "projects/line-4/b")]


def test_jinja_paths() -> None:
    made = mapped(
        "{{ Vars.site }}", "{{ GatewayName }}", {"graz/a": ONE},
        template_engine=TemplateEngine.JINJA2,
    )  # fmt: skip
    assert pairs(made) == [("graz/a", "line-4/a")]


WHERE = "spec.sync.profiles.blue.mappings[0]"


@pytest.mark.parametrize(
    ("source", "destination", "options", "problem"),
    [
        (
            "../x", "d", {},
            Problem(f"{WHERE}.source", "the path leaves its root by '..': '../x'",
                    "write the path without '..'"),
        ),
        (
            "d", "/d", {},
            Problem(f"{WHERE}.destination", "the path is absolute: '/d'",
                    "write it relative, without the leading '/'"),
        ),
        (
            "d", "{{.Labels.evil}}", {},
            Problem(f"{WHERE}.destination", "the path leaves its root by '..': '../..'",
                    "write the path without '..'"),
        ),
        (
            "missing", "d", {"required": True},
            Problem(f"{WHERE}.source",
                    "the commit has no 'missing', and the mapping is required",
                    "correct the path, or set required: false"),
        ),
        (
            "d", "d", {"type": MappingType.FILE},
            Problem(f"{WHERE}.source",
                    "'d' is a dir in the commit, and the mapping says type: file",
                    "set type: dir, or leave type out"),
        ),
        (
            "f", "d", {"type": MappingType.DIR},
            Problem(f"{WHERE}.source",
                    "'f' is a file in the commit, and the mapping says type: dir",
                    "set type: file, or leave type out"),
        ),
        (
            "f", ".", {},
            Problem(f"{WHERE}.destination",
                    "'.' is the data directory, and the source is a file",
                    "give the file's path below the data directory"),
        ),
        (
            "link", "d", {},
            Problem(f"{WHERE}.source", "'link' is a symbolic link, which is never followed",
                    "commit the files themselves"),
        ),
        (
            "sub", "d", {},
            Problem(f"{WHERE}.source", "'sub' is a submodule, which is never followed",
                    "commit the files themselves"),
        ),
        (
            "d", "d", {"patches": (FieldPatch({"a": "1"}),)},
            Problem(f"{WHERE}.patches",
                    "a patch of a directory mapping does not say which files it is for",
                    "set 'file' to a glob relative to the destination"),
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_names_the_field_and_the_cure(
    source: str, destination: str, options: dict[str, object], problem: Problem
) -> None:
    files: Mapping[str, Leaf] = {"d/x": ONE, "f": ONE, "link": LINK, "sub": Submodule("1" * 40)}
    context = evolve(CONTEXT, labels={"evil": "../.."})
    mapping = SourceMapping(source, destination, **options)  # type: ignore[arg-type] # its fields
    profile = ResolvedProfile(name="blue", mappings=(mapping,))
    with pytest.raises(MappingError) as caught:
        survey(Tree.of(files), profile, context)
    assert caught.value.problems == (problem,)
    assert caught.value.reason == "MappingFailed"
    assert str(caught.value) == str(problem)


def test_a_type_that_agrees_is_fine_and_so_is_one_without_a_source() -> None:
    files = {"d/x": ONE, "f": ONE}
    assert pairs(mapped("d", "d", files, type=MappingType.DIR)) == [("d/x", "d/x")]
    assert pairs(mapped("f", "g", files, type=MappingType.FILE)) == [("f", "g")]
    assert pairs(mapped("gone", "g", files, type=MappingType.FILE)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [("{{", "is not closed"), ("{{.Vars.gone}}", "gone"), ("{{.Nothing}}", "Nothing")],
)
def test_templates_that_fail_name_the_field(text: str, message: str) -> None:
    with pytest.raises(MappingError, match=message) as caught:
        mapped("d", text, {"d/x": ONE})
    assert caught.value.where == f"{WHERE}.destination"


def test_a_glob_that_is_malformed_names_the_patches() -> None:
    with pytest.raises(MappingError, match="\\[x") as caught:
        mapped("d", "d", {"d/x": ONE}, patches=(FieldPatch({"a": "1"}, file="[x"),))
    assert caught.value.where == f"{WHERE}.patches"


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(MappingError) as caught:
        surveyed(
            {"f": ONE}, SourceMapping("/a", "b"), SourceMapping("f", "db/x"),
            SourceMapping("f", "ok"), SourceMapping("gone", "x", required=True),
        )  # fmt: skip
    assert [problem.path for problem in caught.value.problems] == [
        "spec.sync.profiles.blue.mappings[0].source",
        "spec.sync.profiles.blue.mappings[1].destination",
        "spec.sync.profiles.blue.mappings[3].source",
    ]
    assert "'db/'" in caught.value.problems[1].message


def test_links_and_submodules_inside_a_source_fail_with_their_path() -> None:
    made = mapped("d", "e", {"d/ok": ONE, "d/l": LINK, "d/sub/s": Submodule("1" * 40)})
    with pytest.raises(MappingError) as caught:
        _ = made.files
    assert caught.value.problems == (
        Problem("d/l", "'d/l' is a symbolic link, which is never followed",
                "commit the files themselves"),
        Problem("d/sub/s", "'d/sub/s' is a submodule, which is never followed",
                "commit the files themselves"),
    )  # fmt: skip
    with pytest.raises(MappingError, match="symbolic link"):
        made.at(RelPath("e/l"))


def test_links_that_are_left_out_do_no_harm() -> None:
    files: Mapping[str, Leaf] = {"d/ok": ONE, "d/.git/l": LINK, "d/x.gitkeep": ONE, "d/i": LINK}
    profile = ResolvedProfile(name="p", mappings=(SourceMapping("d", "e"),))
    made = survey(Tree.of(files), profile, CONTEXT, IgnoreFile.parse("/d/i"))
    assert pairs(made) == [("d/ok", "e/ok"), ("d/x.gitkeep", "e/x.gitkeep")]
    assert made.at(RelPath("e/i")) is None


def test_names_that_no_path_may_have_fail_with_their_place() -> None:
    bad = Tree("1" * 40, {"a\\b": ONE, "..": ONE, "ok": ONE})
    tree = Tree("2" * 40, {"d": bad})
    made = survey(tree, ResolvedProfile(name="p", mappings=(SourceMapping("d", "e"),)), CONTEXT)
    with pytest.raises(MappingError) as caught:
        _ = made.files
    assert [(each.path, each.message) for each in caught.value.problems] == [
        ("d/..", "the path leaves its root by '..'"),
        ("d/a\\b", "the path contains a backslash"),
    ]


def test_excludes_are_on_destinations() -> None:
    made = surveyed(
        {"d/a.bak": ONE, "d/keep/b": ONE, "d/drop/c": ONE},
        SourceMapping("d", "e"),
        exclude_patterns=("e/*.bak", "e/drop/", "d/keep/**"),
    )
    assert pairs(made) == [("d/keep/b", "e/keep/b")]
    assert made.spare(RelPath("e/drop/x")) is KeptReason.EXCLUDED
    assert made.spare(RelPath("e/other")) is None


def test_ignored_files_are_of_the_repository_and_left_alone_on_the_disk() -> None:
    files = {"d/a.tmp": ONE, "d/tmp/b": ONE, "d/c": ONE, ".stokerignore": ONE}
    profile = ResolvedProfile(
        name="p", mappings=(SourceMapping("d", "e"), SourceMapping(".stokerignore", "e/x"))
    )
    made = survey(Tree.of(files), profile, CONTEXT, IgnoreFile.parse("*.tmp\ntmp/\n"))
    assert pairs(made) == [("d/c", "e/c")]
    assert made.spare(RelPath("e/new.tmp")) is KeptReason.IGNORED
    assert made.spare(RelPath("e/tmp/z")) is KeptReason.IGNORED
    assert made.spare(RelPath("f/new.tmp")) is None


def test_what_the_gateway_owns_is_kept_and_told() -> None:
    files = {
        "data/db/x": ONE, "data/ok": ONE, "data/gateway.xml": ONE, "data/temp/deep/y": ONE,
        "data/config/resources/core/ignition/api-token/t.json": ONE,
    }  # fmt: skip
    made = mapped("data", ".", files)
    assert pairs(made) == [("data/ok", "ok")]
    assert made.kept == (
        Kept(RelPath("config/resources/core/ignition/api-token/t.json"), KeptReason.GUARDED),
        Kept(RelPath("db"), KeptReason.PROTECTED),
        Kept(RelPath("gateway.xml"), KeptReason.PROTECTED),
        Kept(RelPath("temp"), KeptReason.PROTECTED),
    )
    assert made.spare(RelPath("db/x")) is KeptReason.PROTECTED
    assert made.at(RelPath("db/x")) is None


def test_a_guarded_place_that_a_mapping_names_is_written() -> None:
    token = "config/resources/core/ignition/api-token"
    files = {"c/t.json": ONE, "all/api-token/u.json": ONE}
    made = surveyed(
        files,
        SourceMapping("all", "config/resources/core/ignition"),
        SourceMapping("c", token),
    )
    assert pairs(made) == [("c/t.json", f"{token}/t.json")]
    assert made.kept == (Kept(RelPath(f"{token}/u.json"), KeptReason.GUARDED),)
    assert made.spare(RelPath(f"{token}/u.json")) is None
    assert made.spare(RelPath("config/resources/core/ignition/identity-provider/default/x")) is (
        KeptReason.GUARDED
    )


def test_a_file_that_another_mapping_may_write_is_not_told_as_kept() -> None:
    token = "config/resources/core/ignition/api-token"
    made = surveyed(
        {"all/api-token/t": ONE, "c/t": TWO},
        SourceMapping("all", "config/resources/core/ignition"),
        SourceMapping("c", token),
    )
    assert pairs(made) == [("c/t", f"{token}/t")]
    assert made.kept == ()
    assert made.at(RelPath(f"{token}/t")) == made.files[0]


def test_a_later_mapping_overlays_an_earlier_one() -> None:
    made = surveyed(
        {"base/a": ONE, "base/b": ONE, "over/b": TWO, "file": TWO},
        SourceMapping("base", "p", template=True),
        SourceMapping("over", "p"),
        SourceMapping("file", "p/a"),
    )
    assert pairs(made) == [("file", "p/a"), ("over/b", "p/b")]
    assert [spec.treatment for spec in made.files] == [None, None]


def test_a_file_and_a_directory_at_one_place_clash() -> None:
    made = surveyed(
        {"f": ONE, "d/x": ONE, "d/y": ONE}, SourceMapping("f", "p/q"), SourceMapping("d", "p/q")
    )
    with pytest.raises(MappingError) as caught:
        _ = made.files
    assert caught.value.problems == (
        Problem(
            "p/q",
            "'f' is mapped to a file here, and 'd/x' to a file below it",
            "change the destination of one of them",
        ),
    )


def test_treatment() -> None:
    made = surveyed(
        {"d/a.json": ONE, "d/sub/b.json": ONE, "d/c.txt": ONE},
        SourceMapping(
            "d", "p", template=True, template_engine=TemplateEngine.JINJA2,
            patches=(
                FieldPatch({"x": "1"}, file="*.json"),
                FieldPatch({"y": "2"}, file="**/*.json"),
            ),
        ),
        vars={"v": "1"},
    )  # fmt: skip
    variables = {"v": "1", "site": "graz"}
    engine = TemplateEngine.JINJA2
    assert [spec.treatment for spec in made.files] == [
        Treatment(engine, ({"x": "1"}, {"y": "2"}), engine, variables),
        Treatment(engine, (), engine, variables),
        Treatment(engine, ({"y": "2"},), engine, variables),
    ]
    assert not made.files[0].is_verbatim


def test_a_patch_of_a_file_mapping_is_for_the_file_itself_or_a_glob_in_its_folder() -> None:
    for glob, patched in ((None, True), ("x.json", True), ("*.json", True), ("p/x.json", False)):
        (spec,) = mapped(
            "a.json", "p/x.json", {"a.json": ONE}, patches=(FieldPatch({"k": "1"}, file=glob),)
        ).files
        assert (spec.treatment is not None) is patched
        if spec.treatment:
            assert spec.treatment.engine is None
            assert spec.treatment.patches == ({"k": "1"},)


def test_a_signed_file_knows_its_companions_where_something_is_treated() -> None:
    files = {"d/resource.json": ONE, "d/view.json": ONE, "d/sub/other": ONE, "e/resource.json": ONE}
    patch = (FieldPatch({"k": "1"}, file="view.json"),)
    made = surveyed(files, SourceMapping("d", "p", patches=patch), SourceMapping("e", "q"))
    by_path = {spec.path: spec for spec in made.files}
    assert by_path[RelPath("p/resource.json")].companions == {
        "view.json": by_path[RelPath("p/view.json")]
    }
    assert not by_path[RelPath("p/resource.json")].is_verbatim
    assert by_path[RelPath("q/resource.json")].is_verbatim
    assert by_path[RelPath("p/view.json")].companions == {}
    for path, spec in by_path.items():
        assert made.at(path) == spec


def test_companions_come_from_every_mapping() -> None:
    made = surveyed(
        {"d/unary-resource.json": ONE, "extra.json": TWO},
        SourceMapping("d", "p"),
        SourceMapping("extra.json", "p/data.json", template=True),
    )
    signed = made.at(RelPath("p/unary-resource.json"))
    assert signed is not None
    assert signed.companions.keys() == {"data.json"}
    assert made.files[1] == signed


def test_the_policy() -> None:
    made = surveyed(
        {"d/x": ONE, "empty/.gitkeep": ONE, "f": ONE, "root/y": ONE},
        SourceMapping("d", "a"), SourceMapping("empty", "b"), SourceMapping("f", "c"),
        SourceMapping("gone", "e"), SourceMapping("root", "."), SourceMapping("d", "a"),
        prune=PruneMode.OWNED, prune_limit_percent=7,
    )  # fmt: skip
    policy = made.policy(managed_elsewhere=3)
    assert policy.prune is PruneMode.OWNED
    assert policy.prune_limit_percent == 7
    assert policy.managed_elsewhere == 3
    assert policy.held == (RelPath("e"),)
    assert policy.roots == (
        Root(RelPath("a"), populated=True),
        Root(RelPath("b"), populated=False),
        Root(ROOT, populated=True),
    )
    assert policy.spare(RelPath("db/x")) is KeptReason.PROTECTED


def test_a_root_may_be_populated_by_another_mapping() -> None:
    made = surveyed(
        {"empty/.gitkeep": ONE, "all/sub/x": ONE},
        SourceMapping("empty", "a/sub"), SourceMapping("all", "a"), SourceMapping("empty", "z"),
    )  # fmt: skip
    assert made.policy().roots == (
        Root(RelPath("a/sub"), populated=True),
        Root(RelPath("a"), populated=True),
        Root(RelPath("z"), populated=False),
    )


def test_reached_by() -> None:
    made = surveyed(
        {"d/x": ONE, "f": ONE}, SourceMapping("d", "a"), SourceMapping("f", "b/g"),
        SourceMapping("d", "."), SourceMapping(".", "all"),
    )  # fmt: skip
    signed = ("resource.json", "unary-resource.json")
    assert made.reached_by([RelPath("d/x")]) == {
        "a/x", "x", "all/d/x",
        *(f"{folder}{name}" for folder in ("a/", "", "all/d/") for name in signed),
    }  # fmt: skip
    assert made.reached_by([RelPath("f")]) == {
        "b/g", "all/f", *(f"{folder}{name}" for folder in ("b/", "all/") for name in signed)
    }  # fmt: skip
    assert made.reached_by([]) == frozenset()
    assert made.reached_by([RelPath("d")]) >= {"a"}
    assert ROOT not in made.reached_by([RelPath("d")])
