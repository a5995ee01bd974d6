"""From the name of an image to an archive of it, built only when something about it is new."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.running import Steps

from images import archives, catalogue, engines, machine
from images.engines import Order
from images.inputs import ROOT, Inputs

if TYPE_CHECKING:
    from images.catalogue import Recipe
    from images.engines import Engine


@dataclass(frozen=True)
class Image:
    """An image: its name in a cluster, and the archive that brings it there."""

    tag: str
    archive: Path


def build(name: str, engine: Engine | None = None) -> Image:
    """The image of that name, built if need be; says on stderr what it does and how long it took.

    Raises `cluster.problems.Problem`, which says what is missing.
    """
    recipe = catalogue.recipe(name)
    engine = engine or engines.choose()
    parent = build(recipe.parent, engine) if recipe.parent else None
    inputs = Inputs.read(recipe.paths)
    base = parent.tag if parent else engine.base
    key = inputs.key(engine.identity, base, *_arguments(recipe, base))
    tag = f"{recipe.repository}:{key}"

    def make(archive: Path) -> None:
        _build(recipe, inputs, engine, parent, (tag, archive))

    return Image(tag, archives.kept(name, key, make))


def _build(
    recipe: Recipe,
    inputs: Inputs,
    engine: Engine,
    parent: Image | None,
    result: tuple[str, Path],
) -> None:
    tag, archive = result
    steps = Steps(_say)
    with ExitStack() as stack:
        scratch = stack.enter_context(archives.scratch(recipe.name))
        inputs.write(scratch / "context")
        if parent:
            engine.know(parent.tag, parent.archive)
        order = Order(
            context=scratch / "context",
            dockerfile=recipe.dockerfile,
            tag=tag,
            arguments=_arguments(recipe, parent.tag if parent else engine.base),
            secrets=machine.secrets(scratch, with_sources=engine.makes_base),
        )
        with steps.step(f"{tag}: built ({engine.identity})"):
            engine.build(order)
        with steps.step(f"{tag}: saved"):
            engine.save(tag, archive)
    _say(f"{archive.stat().st_size >> 20:7} MiB {archive.name.lstrip('.')}")


def _arguments(recipe: Recipe, base: str) -> tuple[str, ...]:
    if recipe.parent:
        return (f"PARENT={base}",)
    return (f"BASE_IMAGE={base}", f"VERSION={_version()}")


def _version() -> str:
    text = (ROOT / "src/stoker/__init__.py").read_text()
    return text.partition('__version__ = "')[2].partition('"')[0]


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
