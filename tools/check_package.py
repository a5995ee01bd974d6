"""Build sdist and wheel, install them in fresh environments, and use them as others would.

The wheel must carry no test and no tool; the sdist must build the same wheel. `stoker.core` must
import with the core's own dependencies and nothing else, and importing it must not pull in what
only clusters need. With an extra, every program that belongs to it starts.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).parent / "uv"
PROBE = """
import sys
import stoker.core as core
for name in core.__all__:
    getattr(core, name)
heavy = {"kubernetes", "pygit2", "httpx", "starlette", "cattrs", "yaml"} & set(sys.modules)
assert not heavy, heavy
print("stoker", core.__name__, len(core.__all__), "names")
"""


PROGRAMS = {
    "cli": ("stoker version", "stoker crd", "kubectl-stoker --help", "stoker-agent --version"),
    "controller": ("stoker-controller --version", "stoker-webhook --version"),
}
"""By extra, what has to run with it."""


def main() -> None:
    """Build, look inside, install, run."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        wheel, sdist = _built(ROOT, out / "first")
        _look_inside(wheel, sdist)
        with tarfile.open(sdist) as archive:
            archive.extractall(out / "unpacked", filter="data")
        (unpacked,) = (out / "unpacked").iterdir()
        again, _ = _built(unpacked, out / "again")
        assert _files(again) == _files(wheel), "the sdist builds another wheel"
        _run(_installed(out / "core", wheel, "core") / "python", "-I", "-c", PROBE)
        for extra, programs in PROGRAMS.items():
            commands = _installed(out / extra, wheel, extra)
            for program in programs:
                name, *words = program.split()
                subprocess.run([commands / name, *words], check=True, stdout=subprocess.DEVNULL)
            print(f"{wheel.name}[{extra}]: {', '.join(programs)}")


def _built(source: Path, out: Path) -> tuple[Path, Path]:
    _run(UV, "build", "--quiet", "--no-build-isolation", "--python", sys.executable,
         "--out-dir", out, source)  # fmt: skip
    (wheel,) = out.glob("*.whl")
    (sdist,) = out.glob("*.tar.gz")
    return wheel, sdist


def _look_inside(wheel: Path, sdist: Path) -> None:
    names = [name for name, _ in _files(wheel)]
    strange = [name for name in names if not name.startswith(("stoker/", "stoker-"))]
    assert not strange, strange
    assert "stoker/py.typed" in names
    with tarfile.open(sdist) as archive:
        tops = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    wanted = {"src", "README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "PKG-INFO"}
    assert tops - {".gitignore"} == wanted, tops


def _files(wheel: Path) -> list[tuple[str, int]]:
    return sorted((one.filename, one.CRC) for one in zipfile.ZipFile(wheel).infolist())


def _installed(place: Path, wheel: Path, extra: str) -> Path:
    """The folder of commands of a new environment with the locked packages and this wheel."""
    _run(UV, "venv", "--quiet", "--python", sys.executable, place)
    python = place / "bin" / "python"
    _run(UV, "pip", "install", "--quiet", "--python", python, "--require-hashes",
         "-r", ROOT / "requirements" / f"{extra}.txt")  # fmt: skip
    _run(UV, "pip", "install", "--quiet", "--python", python, "--no-deps", wheel)
    _run(UV, "pip", "check", "--quiet", "--python", python)
    return place / "bin"


def _run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True)


if __name__ == "__main__":
    main()
