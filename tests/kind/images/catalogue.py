"""Which images there are, and what each is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cluster.problems import Problem

_HERE: Final = "tests/kind/images"


@dataclass(frozen=True)
class Recipe:
    """How an image is built."""

    name: str
    repository: str
    """Its name in a cluster, without the tag."""
    dockerfile: str
    paths: tuple[str, ...]
    """What is in the build's folder: files and folders of the repository."""
    parent: str | None = None
    """The image that it starts from; without one, the base image."""


_RECIPES: Final = (
    Recipe(
        name="stoker",
        repository="localhost/stoker",
        dockerfile="Dockerfile",
        paths=(
            *("Dockerfile", ".dockerignore", "LICENSE", "README.md", "pyproject.toml", "src"),
            *("requirements/image.txt", "requirements/build.txt", "tools/image"),
        ),
    ),
    Recipe(
        name="gateway",
        repository="localhost/stoker-gateway",
        dockerfile=f"{_HERE}/gateway/Dockerfile",
        paths=(f"{_HERE}/gateway",),
        parent="stoker",
    ),
    Recipe(
        name="git",
        repository="localhost/stoker-git",
        dockerfile="tests/kind/git_server/Dockerfile",
        paths=("tests/kind/git_server",),
    ),
)

NAMES: Final = tuple(recipe.name for recipe in _RECIPES)


def recipe(name: str) -> Recipe:
    """The recipe of that name."""
    for one in _RECIPES:
        if one.name == name:
            return one
    raise Problem(f"there is no image {name!r}; there are {', '.join(NAMES)}")
