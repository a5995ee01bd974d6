"""The bill of materials of an image, from what is installed in it: CycloneDX 1.6 as JSON.

Debian's packages are those that dpkg has on record, Python's those whose metadata the running
interpreter finds. The libraries that wheels carry inside (libgit2, OpenSSL) have no record of their
own anywhere; they are listed below their package, each with its digest. An interpreter that is not
Debian's is a component too.

The same image gives the same bytes: the order is that of the names, the serial number is made of
the components, and the time is SOURCE_DATE_EPOCH.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import platform
import re
import sys
import uuid
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator

Component = dict[str, Any]
PRODUCT: Final = "stoker"


def bill(root: Path, installed: list[metadata.Distribution], written: dt.datetime) -> Component:
    """All that is installed below `root`, and of Python's packages those that are given."""
    release = _os_release(root)
    components = [_system(release), *debian(root, release)]
    if not any(one["name"].startswith("python3.") for one in components):
        components.append(_interpreter())
    products = [python(one) for one in installed]
    components += [one for one in products if one["name"] != PRODUCT]
    components.sort(key=lambda one: (one.get("purl", ""), one["name"]))
    (product,) = (one for one in products if one["name"] == PRODUCT)
    named = json.dumps([product, *components], sort_keys=True)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, named)}",
        "version": 1,
        "metadata": {
            "timestamp": written.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": product | {"type": "container"},
        },
        "components": components,
    }


def debian(root: Path, release: dict[str, str]) -> Iterator[Component]:
    """Debian's packages that are installed below `root`."""
    distro = f"{release.get('ID', 'debian')}-{release.get('VERSION_ID', '')}".rstrip("-")
    for stanza in (root / "var/lib/dpkg/status").read_text().split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", stanza, re.MULTILINE))
        if not fields.get("Status", "").endswith(" installed"):
            continue
        name, version = fields["Package"], fields["Version"]
        told = {"arch": fields["Architecture"], "distro": distro}
        if source := fields.get("Source"):
            told["upstream"] = re.sub(r" \((.*)\)", r"@\1", source)
        yield _identified(f"pkg:deb/debian/{name}@{quote(version)}?{urlencode(told)}") | {
            "type": "library",
            "name": name,
            "version": version,
        }


def python(package: metadata.Distribution) -> Component:
    """A package of Python's, and the libraries inside it."""
    name = re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower()
    component = _identified(f"pkg:pypi/{name}@{quote(package.version)}") | {
        "type": "library",
        "name": name,
        "version": package.version,
    }
    if licence := _licence(package):
        component["licenses"] = [licence]
    if libraries := list(_libraries(package)):
        component["components"] = libraries
    return component


def _licence(package: metadata.Distribution) -> dict[str, Any] | None:
    told = package.metadata.json
    if expression := told.get("license_expression"):
        return {"expression": expression}
    if (text := str(told.get("license", ""))) and "\n" not in text:
        return {"license": {"name": text}}
    for classifier in told.get("classifier", []):
        if classifier.startswith("License :: "):
            return {"license": {"name": classifier.rpartition(" :: ")[2]}}
    return None


def _libraries(package: metadata.Distribution) -> Iterator[Component]:
    """Shared libraries that are not extension modules: what a wheel has brought from elsewhere."""
    for file in sorted(package.files or [], key=str):
        if re.search(r"\.libs/.*\.so[.0-9]*$", str(file)):
            content = Path(str(file.locate())).read_bytes()
            yield {
                "type": "file",
                "name": str(file),
                "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}],
            }


def _interpreter() -> Component:
    version = platform.python_version()
    purl = f"pkg:generic/python@{version}"
    return _identified(purl) | {"type": "application", "name": "python", "version": version}


def _system(release: dict[str, str]) -> Component:
    return {
        "type": "operating-system",
        "bom-ref": "system",
        "name": release.get("ID", "linux"),
        "version": release.get("VERSION_ID", ""),
        "description": release.get("PRETTY_NAME", ""),
    }


def _os_release(root: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in (root / "etc/os-release").read_text().splitlines())
    return {name: text.strip('"') for name, equals, text in pairs if equals}


def _identified(purl: str) -> Component:
    return {"bom-ref": purl, "purl": purl}


def main(arguments: list[str]) -> int:
    """Write the bill of this very image to the file that is named."""
    out = Path(arguments[0])
    written = dt.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), tz=dt.UTC)
    installed = sorted(metadata.distributions(), key=lambda one: one.metadata["Name"])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(bill(Path("/"), installed, written), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
