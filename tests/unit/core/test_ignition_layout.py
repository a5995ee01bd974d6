"""Projects, resources, and the scans that a change calls for."""

from __future__ import annotations

import pytest

from stoker.core.ignition import (
    ResourcePath,
    ScanKind,
    projects_of,
    resources_of,
    scans_for,
    touches_config,
)

PROJECTS, CONFIG = ScanKind.PROJECTS, ScanKind.CONFIG


def test_projects_are_folders_below_projects() -> None:
    paths = [
        "projects/b/project.json",
        "projects/a b/ignition/x/resource.json",
        "projects/b/x",
        "projects/readme.md",
        "projects/.resources/abc",
        "projects//x",
        "projectsx/c/d",
        "config/projects/e/f",
        "a",
    ]
    assert projects_of(paths) == ("a b", "b")
    assert projects_of([]) == ()


def test_resources_are_folders_below_a_type() -> None:
    paths = [
        "projects/p/com.x/views/A/B/view.json",
        "projects/p/com.x/views/A/B/resource.json",
        "projects/p/ignition/global-props/data.bin",
        "projects/p/ignition/data.bin",
        "projects/p/project.json",
        "projects/.resources/a/b/c",
        "config/resources/core/ignition/tag-provider/default/config.json",
        "config/resources/core/config-mode.json",
        "config/resources/core/ignition/x.json",
        "config/ignition/tags/a/b.json",
        "other/a/b/c",
    ]
    assert resources_of(paths) == (
        ResourcePath("config/resources/core", "ignition", "tag-provider", "default"),
        ResourcePath("projects/p", "com.x", "views", "A/B"),
        ResourcePath("projects/p", "ignition", "global-props", ""),
    )


@pytest.mark.parametrize(
    ("paths", "scans"),
    [
        ([], ()),
        (["projects/a/b"], (PROJECTS,)),
        (["config/resources/core/a"], (CONFIG,)),
        (["config/x", "projects/a"], (PROJECTS, CONFIG)),
        (["user-lib/x"], (PROJECTS, CONFIG)),
        (["user-lib/x", "config/y"], (CONFIG,)),
        (["projectsx/a"], (PROJECTS, CONFIG)),
    ],
)
def test_every_change_is_scanned_where_it_lies(
    paths: list[str], scans: tuple[ScanKind, ...]
) -> None:
    assert scans_for(paths) == scans
    assert scans_for(iter(paths)) == scans


def test_touching_the_configuration() -> None:
    assert touches_config(["a", "config/resources/x"])
    assert not touches_config(["projects/config/x", "configs/a"])
