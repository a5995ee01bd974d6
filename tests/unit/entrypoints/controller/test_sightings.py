"""What is kept of ten thousand pods and reports: the texts that they have in common, once."""

from __future__ import annotations

import json

from stoker.adapters.codec.report import decode_report
from stoker.entrypoints.controller.sightings import read_pod


def test_pods_share_names_and_labels_with_each_other_and_with_reports() -> None:
    uid = "7c1d51f8-59d0-4c2f-9a53-6ee4a5a9a4b5"
    raw = {
        "metadata": {
            "name": "gw-0",
            "uid": uid,
            "namespace": "site-north",
            "labels": {"app.kubernetes.io/name": "ignition-gateway"},
            "annotations": {
                "stoker.io/inject": "true",
                "stoker.io/cr-name": "line-one",
                "stoker.io/profile": "front-end",
            },
        },
        "spec": {"serviceAccountName": "ignition-account"},
    }
    one, other = (read_pod(json.loads(json.dumps(raw)), None) for _ in range(2))
    assert one is not None
    assert other is not None
    assert one.namespace is other.namespace
    assert one.service_account_name is other.service_account_name
    assert one.annotations.cr_name is other.annotations.cr_name
    assert one.annotations.profile is other.annotations.profile
    for (key, value), (same_key, same_value) in zip(
        one.labels.items(), other.labels.items(), strict=True
    ):
        assert (key is same_key, value is same_value) == (True, True)
    said = {"podName": "gw-0", "podUID": uid}
    report = decode_report(json.dumps(said), pod_name="gw-0")
    assert report.pod_uid is one.uid
