"""From a name to an archive: what an engine is asked for, and when."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from attrs import define, field
from cluster.problems import Problem
from images import building, command_line, engines
from images.engines import Order

import stoker


@define
class Recorder:
    """An engine that builds nothing, and writes down what it was asked."""

    base: str = "localhost/base:1"
    identity: str = "recorder"
    makes_base: bool = False
    orders: list[Order] = field(factory=list)
    known: list[str] = field(factory=list)
    contexts: dict[str, set[str]] = field(factory=dict)

    def know(self, tag: str, archive: Path) -> None:
        assert archive.exists()
        self.known.append(tag)

    def build(self, order: Order) -> None:
        self.orders.append(order)
        self.contexts[order.tag] = {
            str(path.relative_to(order.context)) for path in order.context.rglob("*")
        }
        assert (order.context / order.dockerfile).is_file()

    def save(self, tag: str, archive: Path) -> None:
        archive.write_text(tag)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOKER_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", "/nonexistent")  # no pip, no docker


def _told(order: Order) -> Mapping[str, str]:
    return dict(argument.split("=", 1) for argument in order.arguments)


def test_the_product_is_built_on_the_base() -> None:
    engine = Recorder()
    image = building.build("stoker", engine)
    (order,) = engine.orders
    assert image.tag == order.tag
    assert image.archive.read_text() == image.tag
    assert image.tag.startswith("localhost/stoker:")
    assert image.archive.name == f"stoker-{image.tag.partition(':')[2]}.tar"
    assert _told(order) == {"BASE_IMAGE": "localhost/base:1", "VERSION": stoker.__version__}
    assert "src/stoker/__init__.py" in engine.contexts[image.tag]
    assert not any(
        path.startswith(("tests", ".git/", ".venv")) for path in engine.contexts[image.tag]
    )


def test_the_gateway_is_built_on_the_product() -> None:
    engine = Recorder()
    image = building.build("gateway", engine)
    product, order = engine.orders
    assert product.tag.startswith("localhost/stoker:")
    assert order.tag == image.tag
    assert _told(order) == {"PARENT": product.tag}
    assert engine.known == [product.tag]


def test_what_is_there_is_not_built_again() -> None:
    first = building.build("gateway", Recorder())
    again = Recorder()
    assert building.build("gateway", again) == first
    assert again.orders == []


@pytest.mark.parametrize(
    "other", [Recorder(base="localhost/base:2"), Recorder(identity="somebody else")]
)
def test_another_base_or_builder_is_another_image(other: Recorder) -> None:
    first = building.build("gateway", Recorder())
    second = building.build("gateway", other)
    assert first.tag != second.tag
    assert len(other.orders) == 2


def test_an_unknown_name_is_told_with_those_that_there_are() -> None:
    with pytest.raises(Problem, match="there is no image 'stokr'; there are stoker, gateway, git"):
        building.build("stokr", Recorder())


def test_it_says_what_it_does_and_how_long(capsys: pytest.CaptureFixture[str]) -> None:
    image = building.build("stoker", Recorder())
    told = capsys.readouterr().err
    assert f"s  {image.tag}: built (recorder)" in told
    assert "MiB stoker-" in told


def test_the_command_line_prints_tag_and_archive(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "choose", Recorder)
    assert command_line.main(["build", "stoker"]) == 0
    tag, archive = capsys.readouterr().out.split()
    assert Path(archive).read_text() == tag
    assert command_line.main(["list"]) == 0
    assert archive in capsys.readouterr().out


def test_the_command_line_names_the_images_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command_line.main(["build", "stokr"]) == 1
    assert "there are stoker, gateway, git" in capsys.readouterr().err


def test_the_command_line_tells_a_problem_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def choose() -> Recorder:
        raise Problem("no Docker engine answers")

    monkeypatch.setattr(engines, "choose", choose)
    assert command_line.main(["build"]) == 1
    assert capsys.readouterr().err == "no Docker engine answers\n"
