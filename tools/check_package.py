"""Build sdist and wheel, install the wheel alone, and use the core as an embedder would.

The wheel must carry no test and no tool, `stoker.core` must import with the core's own
dependencies and nothing else, and importing it must not pull in what only clusters need.
"""

from __future__ import annotations

import subprocess
import sys
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


def main() -> None:
    """Build, look inside, install, import."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        _run(UV, "build", "--quiet", "--no-build-isolation", "--python", sys.executable,
             "--out-dir", out, ROOT)  # fmt: skip
        (wheel,) = out.glob("*.whl")
        (_sdist,) = out.glob("*.tar.gz")
        names = zipfile.ZipFile(wheel).namelist()
        strange = [name for name in names if not name.startswith(("stoker/", "stoker-"))]
        assert not strange, strange
        assert "stoker/py.typed" in names
        _run(UV, "venv", "--quiet", "--python", sys.executable, out / "venv")
        python = out / "venv" / "bin" / "python"
        _run(UV, "pip", "install", "--quiet", "--python", python, "--require-hashes",
             "-r", ROOT / "requirements" / "core.txt")  # fmt: skip
        _run(UV, "pip", "install", "--quiet", "--python", python, "--no-deps", wheel)
        _run(python, "-I", "-c", PROBE)


def _run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True)


if __name__ == "__main__":
    main()
