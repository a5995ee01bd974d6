"""`stoker crd`: one document, as YAML and as JSON, the same in every process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml

from stoker.adapters.codec.crd_schema import custom_resource_definition
from stoker.entrypoints.cli.answers import DONE
from stoker.entrypoints.cli.invoking import answer_to


def test_yaml_and_json_are_the_definition() -> None:
    text = answer_to(["crd"])
    assert (text.code, text.complaints) == (DONE, ())
    document = answer_to(["crd", "--output", "json"])
    # As texts, because the order of the fields counts too.
    wanted = json.dumps(custom_resource_definition())
    assert [json.dumps(one) for one in yaml.safe_load_all(str(text.out))] == [wanted]
    assert json.dumps(json.loads(str(document.out))) == wanted


def test_yaml_is_for_people() -> None:
    out = str(answer_to(["crd"]).out)
    assert out.startswith("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n")
    assert out.endswith("\n")
    assert out.isascii()
    for anchor in (": &", ": *", "- &", "- *"):
        assert anchor not in out
    assert "description: Where the files come from." in out


@pytest.mark.parametrize("seed", ["1", "2"])
def test_every_process_prints_the_same(seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stoker", "crd"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": seed, "LC_ALL": "C"},
    )
    assert done.stdout == answer_to(["crd"]).out
    assert done.stderr == ""
