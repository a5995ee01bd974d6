"""`stoker validate`: manifests against the rules of admission.

A file may hold several documents. GatewaySyncs and profiles are checked, documents of other kinds
are skipped, and both is said: nobody should believe that something was checked which was not.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import asdict, define, evolve, field, frozen

from stoker.adapters.codec.crd import SITE
from stoker.adapters.codec.documents import Document, read_documents
from stoker.adapters.codec.plain import kind_of
from stoker.adapters.codec.profile_file import (
    Flaw,
    InvalidFile,
    flaw_of,
    flaws_of,
    is_gateway_sync,
    is_profile,
    read_gateway_sync,
    read_profile,
)
from stoker.core.errors import StokerError
from stoker.core.refs import DEFAULT_PROTOCOLS
from stoker.core.spec.rules import Site, warnings
from stoker.entrypoints.cli.answers import DONE, INVALID, Answer, json_text, one_line
from stoker.entrypoints.cli.files import STDIN, file_error, read_text, shown_name
from stoker.entrypoints.cli.presenting.wording import count, tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SUFFIXES: Final = frozenset({".yaml", ".yml"})
"""What is looked at in a folder; a file that is named is read whatever it is called."""


@frozen
class Skipped:
    """A document that is not Stoker's business."""

    file: str
    line: int
    kind: str


@define
class Findings:
    """What was found, file by file."""

    errors: list[Flaw] = field(factory=list)
    warnings: list[Flaw] = field(factory=list)
    skipped: list[Skipped] = field(factory=list)
    checked: Counter[str] = field(factory=Counter)
    files: int = 0


def validate_answer(files: Sequence[Path], allowed: Sequence[str], *, as_json: bool) -> Answer:
    """What is wrong with these files."""
    protocols = (*DEFAULT_PROTOCOLS, *allowed)
    site = evolve(SITE, allowed_protocols=protocols, is_entrance=True)
    findings = Findings()
    for named in files:
        for path in _manifests(named, findings):
            findings.files += 1
            _check_file(path, site, findings)
    code = INVALID if findings.errors else DONE
    complaints = (
        *(_line(flaw, "warning") for flaw in findings.warnings),
        *(_line(flaw, "error") for flaw in findings.errors),
    )
    out = json_text(_document(findings)) if as_json else _text(findings)
    return Answer(out, code, complaints)


def _manifests(named: Path, findings: Findings) -> Iterator[Path]:
    if named == STDIN or not named.is_dir():
        yield named
        return

    def complain(error: OSError) -> None:
        _note(findings, str(error.filename), file_error(error, str(error.filename), "read"))

    for folder, below, names in os.walk(named, onerror=complain):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            if Path(name).suffix in SUFFIXES:
                yield Path(folder, name)


def _check_file(path: Path, site: Site, findings: Findings) -> None:
    name = shown_name(path)
    try:
        text = read_text(path)
    except StokerError as error:
        _note(findings, name, error)
        return
    documents = read_documents(text, json_only=path.suffix == ".json")
    for document in documents.documents:
        _check_document(document, name, site, findings)
    if documents.fault is not None:
        findings.errors.append(flaw_of(documents.fault, name))


def _check_document(document: Document, name: str, site: Site, findings: Findings) -> None:
    value = document.value
    if value is None and not document.faults:
        return
    try:
        if is_gateway_sync(value):
            findings.checked["GatewaySync"] += 1
            sync = read_gateway_sync(document, name, site)
            findings.warnings += flaws_of(warnings(sync.spec, site), name, document)
        elif is_profile(value) and "mappings" in value:
            findings.checked["profile"] += 1
            read_profile(document, name, site)
        else:
            findings.skipped.append(Skipped(name, document.line, _kind(value)))
    except InvalidFile as error:
        findings.errors += error.flaws


def _kind(value: object) -> str:
    kind = value.get("kind") if isinstance(value, dict) else None
    if isinstance(kind, str):
        return kind
    return "no kind" if isinstance(value, dict) else kind_of(value)


def _note(findings: Findings, name: str, error: StokerError) -> None:
    findings.errors.append(Flaw(name, 0, "", error.message, error.cure))


def _line(flaw: Flaw, severity: str) -> str:
    place = f"{flaw.file}:{flaw.line}" if flaw.line else flaw.file
    rest = evolve(flaw, file=severity, line=0)
    return one_line(f"{place}: {rest}")


def _text(findings: Findings) -> str:
    checked = [count(number, kind) for kind, number in sorted(findings.checked.items())]
    summary = (
        f"{count(findings.files, 'file')}: {', '.join(checked) or 'no GatewaySync'}, "
        f"{count(len(findings.errors), 'error')}, {count(len(findings.warnings), 'warning')}"
    )
    if findings.skipped:
        kinds = tally(each.kind for each in findings.skipped)
        summary += f"; skipped {count(len(findings.skipped), 'document')} ({kinds})"
    return one_line(summary) + "\n"


def _document(findings: Findings) -> dict[str, object]:
    return {
        "result": "invalid" if findings.errors else "valid",
        "files": findings.files,
        "checked": sum(findings.checked.values()),
        "errors": [asdict(flaw) for flaw in findings.errors],
        "warnings": [asdict(flaw) for flaw in findings.warnings],
        "skipped": [asdict(each) for each in findings.skipped],
        "error": None,
    }
