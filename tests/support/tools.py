"""The programs of `tools/`, which are no package, as modules to be tested."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

_TOOLS: Final = Path(__file__).resolve().parents[2] / "tools"


def tool(name: str) -> Any:  # a module's names are not known before it runs
    """The module of `tools/NAME.py`."""
    module_name = f"tools_{name.replace('/', '_')}"
    found = importlib.util.spec_from_file_location(module_name, _TOOLS / f"{name}.py")
    assert found is not None
    assert found.loader is not None
    module: ModuleType = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module
