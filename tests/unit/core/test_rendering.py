"""Rendering: what is done to bytes, what is signed anew, and what need not be read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve

from property.strategies.commits import CONTEXT
from stoker.core.errors import Problem
from stoker.core.ignition import Dialect, Resource, signature, verify
from stoker.core.manifest import Digest, Entry, Manifest, Mode, digest_of
from stoker.core.mapping import FileSpec, Treatment
from stoker.core.paths import RelPath
from stoker.core.rendering import Read, RenderError, desired_manifest, render
from stoker.core.template import TemplateContext, TemplateEngine

GO = Treatment(TemplateEngine.GO)
JINJA = Treatment(TemplateEngine.JINJA2, patch_engine=TemplateEngine.JINJA2)


def spec(content: bytes, treatment: Treatment | None = GO, path: str = "p/x") -> FileSpec:
    blob = digest_of(content)
    return FileSpec(RelPath(path), RelPath(f"src/{path}"), blob, Mode.REGULAR, treatment)


def reader(*contents: bytes) -> Read:
    return {digest_of(content): content for content in contents}.__getitem__


def rendered(content: bytes, treatment: Treatment | None = GO) -> bytes:
    return render(spec(content, treatment), reader(content), CONTEXT).content


def unread(blob: Digest) -> bytes:
    raise AssertionError(f"{blob} was read")


@pytest.mark.parametrize(
    ("content", "treatment", "expected"),
    [
        (b"{{.GatewayName}}", GO, b"line-4"),
        (b"{{.GatewayName}}", None, b"{{.GatewayName}}"),
        (b"{{ GatewayName }}\n", JINJA, b"line-4\n"),
        (b"plain \xff\xfe bytes\r\n", GO, b"plain \xff\xfe bytes\r\n"),
        (b"\xff{{.Vars.site}}\xfe", GO, b"\xffgraz\xfe"),
        (b'{"a":1}', Treatment(patches=({"a": "{{.PodOrdinal}}"},)), b'{"a":0}'),
        (b'{"a":"x"}', Treatment(patches=({"a": "1"}, {"a": "two"})), b'{"a":"two"}'),
        (b'{"a":{{.PodOrdinal}}}', Treatment(TemplateEngine.GO, ({"b": "true"},)),
         b'{"a":0,"b":true}'),
        (b'{"a":1}', evolve(JINJA, engine=None, patches=({"a": "{{ CRName }}"},)),
         b'{"a":"plant"}'),
        (b"\0{{", None, b"\0{{"),
        (b'{"\0":1}', Treatment(patches=()), b'{"\0":1}'),
    ],
)  # fmt: skip
def test_contents(content: bytes, treatment: Treatment | None, expected: bytes) -> None:
    result = render(spec(content, treatment), reader(content), CONTEXT)
    assert result.content == expected
    assert result.entry == Entry(digest_of(expected), Mode.REGULAR)
    assert (result.origin is None) is (treatment is None)


def test_patches_are_set_in_sorted_order() -> None:
    treatment = Treatment(patches=({"b": "1", "a": "2"},))
    assert rendered(b"{}", treatment) == b'{"a":2,"b":1}'


def test_the_digest_is_of_the_repositorys_kind() -> None:
    content = b"{{.Ref}}"
    wide = digest_of(content, Digest("0" * 64))
    file = evolve(spec(content), blob=wide)
    assert render(file, {wide: content}.__getitem__, CONTEXT).entry.digest == digest_of(
        b"main", wide
    )


def test_the_profiles_variables_are_there_and_the_callers_are_over_them() -> None:
    treatment = evolve(GO, variables={"site": "linz", "line": "7"})
    assert rendered(b"{{.Vars.site}} {{.Vars.line}}", treatment) == b"graz 7"


@pytest.mark.parametrize(
    ("content", "treatment", "message"),
    [
        (b"a\0b", GO, "the file is binary, and a template cannot be"),
        (b"a\0b", JINJA, "the file is binary, and a template cannot be"),
        (b"x\n{{.Vars.gone}}", GO, "2:8: "),
        (b"{{", GO, "1:"),
        (b"not json", Treatment(patches=({"a": "1"},)), "patch"),
        (b"{}", Treatment(patches=({"a": "{{.Vars.gone}}"},)), "1:8: "),
        (b"{{ gone }}", JINJA, "1:"),
    ],
)
def test_failures_name_the_file_of_the_repository(
    content: bytes, treatment: Treatment, message: str
) -> None:
    with pytest.raises(RenderError) as caught:
        rendered(content, treatment)
    (problem,) = caught.value.problems
    assert problem.path == "src/p/x"
    assert problem.message.startswith(message)
    assert caught.value.reason == "RenderFailed"


def test_all_broken_files_are_told_up_to_a_number() -> None:
    files = [spec(b"{{.Vars.gone}}", path=f"p/{number}") for number in range(23)]
    with pytest.raises(RenderError) as caught:
        desired_manifest(files, reader(b"{{.Vars.gone}}"), CONTEXT, Manifest())
    assert [each.path for each in caught.value.problems] == [f"src/p/{n}" for n in range(23)]
    assert str(caught.value).count("src/p/") == 20
    assert str(caught.value).endswith("; and 3 more")


def test_verbatim_files_are_not_read_to_plan() -> None:
    file = spec(b"x", None)
    manifest = desired_manifest([file], unread, CONTEXT, Manifest())
    assert manifest == Manifest({file.path: Entry(file.blob, Mode.REGULAR)})


def _twice(
    content: bytes, treatment: Treatment, after: TemplateContext, change: Treatment | None = None
) -> bool:
    """Whether the second planning, under another context or treatment, reads the file again."""
    first = desired_manifest([spec(content, treatment)], reader(content), CONTEXT, Manifest())
    reads: list[Digest] = []

    def read(blob: Digest) -> bytes:
        reads.append(blob)
        return content

    again = spec(content, change or treatment)
    second = desired_manifest([again], read, after, first)
    fresh = desired_manifest([again], reader(content), after, Manifest())
    assert second == fresh
    return bool(reads)


@pytest.mark.parametrize(
    ("content", "changed", "reads"),
    [
        (b"{{.GatewayName}}", {"commit": "0" * 40}, False),
        (b"{{.GatewayName}}", {"gateway_name": "line-5"}, True),
        (b"no action . $", {"commit": "0" * 40}, False),
        (b"{{.Commit}}", {"commit": "0" * 40}, True),
        (b"{{if eq .Ref `x`}}{{.Commit}}{{end}}", {"commit": "0" * 40}, True),
        (b"{{.}}", {"commit": "0" * 40}, True),
        (b"{{print $}}", {"commit": "0" * 40}, True),
        (b"{{with $x := .}}{{$x.Commit}}{{end}}", {"commit": "0" * 40}, True),
        (b"{{template `t` .}}{{define `t`}}{{.PodName}}{{end}}", {"commit": "0" * 40}, False),
        (b"{{template `t` .}}{{define `t`}}{{.Commit}}{{end}}", {"commit": "0" * 40}, True),
        (b"{{template `t` .Vars}}{{define `t`}}{{.site}}{{end}}", {"commit": "x"}, False),
        (b"{{template `t` .Vars}}{{define `t`}}{{.site}}{{end}}", {"vars": {"site": "x"}}, True),
        (b"{{range $k, $v := .Labels}}{{$k}}{{end}}", {"ref": "x"}, False),
        (b"{{range $k, $v := .Labels}}{{$k}}{{end}}", {"labels": {"a": "b"}}, True),
        (b"{{with $.Vars}}{{.site}}{{end}}", {"commit": "x"}, False),
        (b"{{if true}}x{{else}}{{.Commit}}{{end}}", {"commit": "0" * 40}, True),
        (b"{{if false}}{{(print .Commit).x}}{{end}}", {"commit": "0" * 40}, True),
        (b"{{if false}}{{(print .Commit).x}}{{end}}", {"ref": "x"}, False),
        (b"{{(index .Labels `tier`)}}", {"labels": {"tier": "x"}}, True),
        (b"{{.Vars.site}}", {"vars": {"site": "wien"}}, True),
        (b"{{.Vars.site | printf `%s`}}", {"pod_ordinal": 3}, False),
    ],
)
def test_a_file_is_rendered_again_when_what_it_looks_at_changes(
    content: bytes, changed: Mapping[str, Any], *, reads: bool
) -> None:
    assert _twice(content, GO, evolve(CONTEXT, **changed)) is reads


@pytest.mark.parametrize(
    ("content", "changed", "reads"),
    [
        (b"{{ GatewayName }}", {"commit": "0" * 40}, False),
        (b"{{ GatewayName }}", {"gateway_name": "x"}, True),
        (b"{% if Ref == 'x' %}{{ Commit }}{% endif %}", {"commit": "0" * 40}, True),
        (b"{% for k in Labels %}{{ k }}{% endfor %}", {"labels": {"z": "1"}}, True),
    ],
)
def test_so_is_a_jinja_file(content: bytes, changed: Mapping[str, Any], *, reads: bool) -> None:
    assert _twice(content, JINJA, evolve(CONTEXT, **changed)) is reads


@pytest.mark.parametrize(
    "change",
    [
        Treatment(patches=({"a": "2"},)),
        Treatment(patches=({"b": "1"},)),
        Treatment(patches=({"a": "1"}, {})),
        Treatment(TemplateEngine.GO, patches=({"a": "1"},)),
        Treatment(patches=({"a": "1"},), patch_engine=TemplateEngine.JINJA2),
    ],
)
def test_a_file_is_rendered_again_when_its_treatment_changes(change: Treatment) -> None:
    assert _twice(b"{}", Treatment(patches=({"a": "1"},)), CONTEXT, change)


def test_the_values_of_patches_are_looked_at_too() -> None:
    treatment = Treatment(patches=({"a": "{{.Ref}}"},))
    assert _twice(b"{}", treatment, evolve(CONTEXT, ref="x"))
    assert not _twice(b"{}", treatment, evolve(CONTEXT, commit="x"))


def test_a_new_mode_needs_no_rendering() -> None:
    file = spec(b"{{.Ref}}")
    first = desired_manifest([file], reader(b"{{.Ref}}"), CONTEXT, Manifest())
    runs = evolve(file, mode=Mode.EXECUTABLE)
    second = desired_manifest([runs], unread, CONTEXT, first)
    assert second.entries == {file.path: Entry(digest_of(b"main"), Mode.EXECUTABLE)}


def test_an_origin_without_an_entry_is_no_knowledge() -> None:
    file = spec(b"{{.Ref}}")
    first = desired_manifest([file], reader(b"{{.Ref}}"), CONTEXT, Manifest())
    broken = Manifest(origins=first.origins)
    assert desired_manifest([file], reader(b"{{.Ref}}"), CONTEXT, broken) == first


def _signed_document(files: Mapping[str, bytes]) -> bytes:
    document = {
        "scope": "G", "version": 1, "restricted": False, "overridable": True,
        "files": sorted(files),
        "attributes": {"lastModificationSignature": "0" * 64},
    }  # fmt: skip
    text = json.dumps(document, indent=2).encode()
    sign = signature(Resource(text, files), Dialect.V83)
    return text.replace(b"0" * 64, sign.encode())


def test_a_signature_follows_the_files_that_it_covers() -> None:
    view = b'{"host":"{{.Vars.site}}"}'
    document = _signed_document({"view.json": view})
    companion = spec(view, path="p/view.json")
    signed = evolve(spec(document, None, "p/resource.json"), companions={"view.json": companion})
    read = reader(view, document)
    result = render(signed, read, CONTEXT)
    assert result.content != document
    after = Resource(result.content, {"view.json": b'{"host":"graz"}'})
    assert verify(after) is Dialect.V83
    assert verify(Resource(document, {"view.json": b'{"host":"graz"}'})) is None
    manifest = desired_manifest([companion, signed], read, CONTEXT, Manifest())
    assert manifest.entries[signed.path] == result.entry
    same = desired_manifest([companion, signed], unread, evolve(CONTEXT, ref="x"), manifest)
    assert same == manifest
    moved = evolve(CONTEXT, vars={"site": "wien"})
    again = desired_manifest([companion, signed], read, moved, manifest)
    assert again.entries[signed.path] != result.entry


def test_each_file_is_read_once() -> None:
    view = b'{"host":"{{.Vars.site}}"}'
    document = _signed_document({"view.json": view})
    companions = {"view.json": spec(view, path="p/view.json")}
    signed = evolve(spec(document, None, "p/resource.json"), companions=companions)
    reads: list[Digest] = []

    def read(blob: Digest) -> bytes:
        reads.append(blob)
        return reader(view, document)(blob)

    render(signed, read, CONTEXT)
    assert sorted(reads) == sorted([digest_of(view), digest_of(document)])


def test_a_signature_is_not_touched_where_nothing_it_covers_changed() -> None:
    view = b'{"host":"fixed"}'
    document = _signed_document({"view.json": view})
    other = spec(b"{{.Ref}}", path="p/notes.txt")
    signed = evolve(
        spec(document, None, "p/resource.json"),
        companions={"view.json": spec(view, None, "p/view.json"), "notes.txt": other},
    )
    assert render(signed, reader(view, document, b"{{.Ref}}"), CONTEXT).content == document


def test_a_unary_resource_is_signed_as_one() -> None:
    data = b'{"a":"{{.Ref}}"}'
    plain = json.dumps(
        {
            "scope": "G", "version": 1, "files": ["data.json"],
            "attributes": {"lastModificationSignature": "0" * 64},
        }
    ).encode()  # fmt: skip
    sign = signature(Resource(plain, {"data.json": data}, unary=True), Dialect.V83)
    document = plain.replace(b"0" * 64, sign.encode())
    companion = spec(data, path="p/data.json")
    signed = evolve(
        spec(document, None, "p/unary-resource.json"), companions={"data.json": companion}
    )
    content = render(signed, reader(data, document), CONTEXT).content
    after = Resource(content, {"data.json": b'{"a":"main"}'}, unary=True)
    assert verify(after) is Dialect.V83


def test_a_patched_resource_json_is_signed_for_what_it_became() -> None:
    document = _signed_document({})
    signed = spec(document, Treatment(patches=({"description": "new"},)), "p/resource.json")
    content = render(signed, reader(document), CONTEXT).content
    assert json.loads(content)["description"] == "new"
    assert verify(Resource(content, {})) is not None


def test_broken_companions_are_told_with_their_own_path() -> None:
    view = b"{{.Vars.gone}}"
    document = _signed_document({"view.json": view})
    signed = evolve(
        spec(document, None, "p/resource.json"),
        companions={"view.json": spec(view, path="p/view.json")},
    )
    with pytest.raises(RenderError) as caught:
        render(signed, reader(view, document), CONTEXT)
    assert caught.value.problems[0].path == "src/p/view.json"
    assert isinstance(caught.value.problems[0], Problem)
