"""Pods that an API server takes, for each field that a pod can have one that has it.

A field by itself is seldom valid: a probe has to say what it asks, a selector has few operators,
an affinity that names keys of labels needs a selector. `VALUES` says what a field may be, `BESIDES`
what has to stand beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from property.strategies.api_pods import LIST, PORT, Path, fields_of, is_model, paths, within

Json = Any

_EXEC: Final = {"exec": {"command": ["true"]}}
_SELECTOR: Final = {"labelSelector": {"matchLabels": {"a": "b"}}}
_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_EMPTY: Final[Mapping[str, Json]] = {"emptyDir": {}}

BESIDES: Final[Mapping[str, tuple[tuple[str, ...], Mapping[str, Json]]]] = {
    "V1Probe": (_HANDLERS, _EXEC),
    "V1LifecycleHandler": (_HANDLERS, _EXEC),
    "V1EnvFromSource": (("configMapRef", "secretRef"), {"configMapRef": {"name": "text"}}),
    "V1PodAffinityTerm": (("labelSelector",), _SELECTOR),
    "V1TopologySpreadConstraint": (("labelSelector",), _SELECTOR),
    "V1NodeSelectorTerm": (("matchExpressions", "matchFields"), {}),
    "V1ContainerRestartRule": (("exitCodes",), {"exitCodes": {"operator": "In", "values": [7]}}),
    "V1FCVolumeSource": (("wwids",), {"targetWWNs": ["text"], "lun": 7}),
    "V1FlockerVolumeSource": (("datasetName", "datasetUUID"), {"datasetName": "text"}),
    "V1PodResourceClaim": (
        ("resourceClaimName", "resourceClaimTemplateName"),
        {"resourceClaimName": "text"},
    ),
    "V1PersistentVolumeClaimSpec": (
        (),
        {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    ),
    "V1EnvVarSource": (
        ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"),
        {"fieldRef": {"fieldPath": "metadata.name"}},
    ),
    "V1DownwardAPIVolumeFile": (
        ("fieldRef", "resourceFieldRef"),
        {"fieldRef": {"fieldPath": "metadata.name"}},
    ),
}
"""Of a model: which of these fields one is needed, and what to take where none is there."""

ALWAYS: Final[Mapping[str, Mapping[str, Json]]] = {
    "V1Container": {"image": "example.com/text"},
    "V1ConfigMapEnvSource": {"name": "text"},
    "V1SecretEnvSource": {"name": "text"},
    "V1ConfigMapKeySelector": {"name": "text"},
    "V1SecretKeySelector": {"name": "text"},
    "V1ConfigMapProjection": {"name": "text"},
    "V1SecretProjection": {"name": "text"},
    "V1ConfigMapVolumeSource": {"name": "text"},
    "V1SecretVolumeSource": {"secretName": "text"},
    "V1ExecAction": {"command": ["true"]},
    "V1HTTPGetAction": {"path": "/"},
    "V1HostAlias": {"hostnames": ["text"]},
    "V1ImageVolumeSource": {"reference": "example.com/text"},
    "V1LocalObjectReference": {"name": "text"},
    "V1NodeSelectorRequirement": {"operator": "In", "values": ["text"]},
    "V1LabelSelectorRequirement": {"operator": "In", "values": ["text"]},
    "V1ContainerRestartRuleOnExitCodes": {"operator": "In", "values": [7]},
    "V1Toleration": {"key": "text", "operator": "Exists", "effect": "NoExecute"},
    "V1ResourceFieldSelector": {"containerName": "text"},
    "V1PodDNSConfig": {"nameservers": ["10.0.0.1"]},
    "V1PodDNSConfigOption": {"name": "text"},
    "V1EphemeralVolumeSource": {
        "volumeClaimTemplate": {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
            }
        }
    },
    "V1VolumeResourceRequirements": {"requests": {"storage": "1Gi"}},
    "V1ISCSIVolumeSource": {"secretRef": {"name": "text"}},
    "V1ScaleIOVolumeSource": {"volumeName": "text"},
    "V1StorageOSVolumeSource": {"volumeName": "text"},
}

VALUES: Final[Mapping[tuple[str, str], Json]] = {
    # With a token each pod gets a volume whose name is made up anew.
    ("V1PodSpec", "automountServiceAccountToken"): False,
    ("V1PodSpec", "dnsPolicy"): "None",
    ("V1PodSpec", "restartPolicy"): "Always",
    ("V1PodSpec", "preemptionPolicy"): "PreemptLowerPriority",
    ("V1PodSpec", "priorityClassName"): "system-node-critical",
    ("V1PodSpec", "serviceAccountName"): "default",
    ("V1PodSpec", "serviceAccount"): "default",
    ("V1PodOS", "name"): "linux",
    ("V1HostAlias", "ip"): "10.0.0.1",
    ("V1PodDNSConfig", "nameservers"): ["10.0.0.1"],
    ("V1PodDNSConfig", "searches"): ["example.com"],
    ("V1Container", "imagePullPolicy"): "Always",
    ("V1Container", "terminationMessagePolicy"): "File",
    ("V1Container", "terminationMessagePath"): "/text",
    ("V1Container", "restartPolicy"): "Always",
    ("V1ContainerPort", "protocol"): "TCP",
    ("V1ContainerPort", "hostIP"): "10.0.0.1",
    ("V1ContainerPort", "hostPort"): 7,
    ("V1ContainerResizePolicy", "resourceName"): "cpu",
    ("V1ContainerResizePolicy", "restartPolicy"): "NotRequired",
    ("V1ContainerRestartRule", "action"): "Restart",
    ("V1HTTPGetAction", "scheme"): "HTTP",
    ("V1HTTPGetAction", "path"): "/text",
    ("V1Probe", "successThreshold"): 1,
    ("V1ObjectFieldSelector", "fieldPath"): "metadata.name",
    ("V1ObjectFieldSelector", "apiVersion"): "v1",
    ("V1ResourceFieldSelector", "resource"): "limits.cpu",
    ("V1ResourceFieldSelector", "divisor"): "1",
    ("V1ResourceRequirements", "limits"): {"cpu": "1"},
    ("V1ResourceRequirements", "requests"): {"cpu": "1"},
    ("V1VolumeResourceRequirements", "limits"): {"storage": "1Gi"},
    ("V1VolumeResourceRequirements", "requests"): {"storage": "1Gi"},
    ("V1SeccompProfile", "type"): "RuntimeDefault",
    ("V1AppArmorProfile", "type"): "RuntimeDefault",
    ("V1SecurityContext", "procMount"): "Default",
    ("V1PodSecurityContext", "fsGroupChangePolicy"): "Always",
    ("V1PodSecurityContext", "seLinuxChangePolicy"): "Recursive",
    ("V1PodSecurityContext", "supplementalGroupsPolicy"): "Merge",
    ("V1Sysctl", "name"): "kernel.shm_rmid_forced",
    ("V1VolumeMount", "mountPath"): "/text",
    ("V1VolumeMount", "mountPropagation"): "None",
    ("V1VolumeMount", "recursiveReadOnly"): "Disabled",
    ("V1VolumeDevice", "devicePath"): "/dev/text",
    ("V1EmptyDirVolumeSource", "medium"): "Memory",
    ("V1EmptyDirVolumeSource", "sizeLimit"): "1Gi",
    ("V1HostPathVolumeSource", "path"): "/text",
    ("V1HostPathVolumeSource", "type"): "Directory",
    ("V1NFSVolumeSource", "path"): "/text",
    ("V1AzureDiskVolumeSource", "diskURI"): "https://blob/text",
    ("V1AzureDiskVolumeSource", "kind"): "Shared",
    ("V1AzureDiskVolumeSource", "cachingMode"): "None",
    ("V1ISCSIVolumeSource", "initiatorName"): "iqn.2001-04.com.example:text",
    ("V1ISCSIVolumeSource", "iqn"): "iqn.2001-04.com.example:text",
    ("V1QuobyteVolumeSource", "registry"): "10.0.0.1:7",
    ("V1PersistentVolumeClaimSpec", "accessModes"): ["ReadWriteOnce"],
    ("V1PersistentVolumeClaimSpec", "volumeMode"): "Filesystem",
    ("V1ImageVolumeSource", "pullPolicy"): "Always",
    ("V1ServiceAccountTokenProjection", "expirationSeconds"): 3607,
    ("V1PodCertificateProjection", "keyType"): "ED25519",
    ("V1PodCertificateProjection", "signerName"): "example.com/text",
    ("V1ClusterTrustBundleProjection", "signerName"): "example.com/text",
    ("V1NodeSelectorRequirement", "operator"): "In",
    ("V1NodeSelectorRequirement", "key"): "metadata.name",
    ("V1LabelSelectorRequirement", "operator"): "In",
    ("V1ContainerRestartRuleOnExitCodes", "operator"): "In",
    ("V1PodAffinityTerm", "topologyKey"): "kubernetes.io/hostname",
    ("V1PodAffinityTerm", "matchLabelKeys"): ["text"],
    ("V1TopologySpreadConstraint", "whenUnsatisfiable"): "DoNotSchedule",
    ("V1TopologySpreadConstraint", "nodeAffinityPolicy"): "Honor",
    ("V1TopologySpreadConstraint", "nodeTaintsPolicy"): "Honor",
    ("V1Toleration", "operator"): "Exists",
    ("V1Toleration", "effect"): "NoExecute",
    ("V1TypedLocalObjectReference", "kind"): "PersistentVolumeClaim",
    ("V1TypedObjectReference", "kind"): "PersistentVolumeClaim",
    ("V1ConfigMapVolumeSource", "defaultMode"): 0o444,
    ("V1KeyToPath", "mode"): 0o444,
}

REFUSED: Final = (
    "spec.ephemeralContainers",  # not in a pod that is made
    "spec.volumes.[].ephemeral.volumeClaimTemplate.metadata",  # but for labels and annotations
    "spec.*.env.[].valueFrom.fileKeyRef",  # behind a feature gate
    "spec.*.readinessProbe.terminationGracePeriodSeconds",  # not in this kind of probe
    "spec.*.hostProcess",  # on Windows
    "spec.overhead",  # computed
    "spec.priority",  # computed
    "spec.runtimeClassName",  # of a class that has to be there
    "spec.resources.claims",  # not of pods
)
"""What an API server does not take, or not in a cluster like ours."""

_PATTERNS: Final = tuple(each.replace("[]", "[[]]") for each in REFUSED)

_PLAIN: Final[Mapping[str, Json]] = {
    "bool": True,
    "int": 7,
    PORT: 7,
    "str": "text",
    "datetime": "2026-01-31T00:00:00Z",
    "object": {},
}


def valid_pods() -> Iterator[tuple[Path, dict[str, Json]]]:
    """For each field of a pod's spec a pod that has it, and is meant to be valid."""
    for path, _ in paths():
        if path[0] == "spec":
            yield path, _pod(path)


def is_refused(path: Path) -> bool:
    """Whether a pod with this field is known to be refused."""
    told = ".".join(path)
    return any(fnmatchcase(told, each) or fnmatchcase(told, f"{each}.*") for each in _PATTERNS)


def _pod(path: Path) -> dict[str, Json]:
    pod = _holding("V1Pod", path)
    pod = {"apiVersion": "v1", "kind": "Pod", **pod}
    pod["metadata"] = {**pod.get("metadata", {}), "name": "pod", "labels": {"text": "text"}}
    spec = pod["spec"]
    for number, container in enumerate(spec.get("initContainers", ())):
        # Only one that goes on may have probes.
        container.update(name=f"init-{number}", restartPolicy="Always")
    _mounted(spec)
    _suited(spec, path)
    return pod


def _suited(spec: dict[str, Json], path: Path) -> None:
    """What a field asks of another part of the pod."""
    match path[-1]:
        case "localhostProfile":
            _at(spec, path[1:-1])["type"] = "Localhost"
        case "value" if "tolerations" in path:
            spec["tolerations"][0]["operator"] = "Equal"
        case "dnsPolicy":
            spec["dnsConfig"] = {"nameservers": ["10.0.0.1"]}
        case "overhead":
            spec["runtimeClassName"] = "text"
    if "claims" in path and "resources" in path:
        spec["resourceClaims"] = [{"name": "text", "resourceClaimName": "text"}]


def _at(value: Json, path: Path) -> Json:
    for step in path:
        value = value[0] if step == LIST else value[step]
    return value


def _mounted(spec: dict[str, Json]) -> None:
    """Each mount and device of a container has its volume."""
    every = [*spec["containers"], *spec.get("initContainers", ())]
    if any(one.get("volumeMounts") for one in every) and not spec.get("volumes"):
        spec["volumes"] = [{"name": "text", **_EMPTY}]
    if any(one.get("volumeDevices") for one in every):
        spec["volumes"] = [{"name": "text", "persistentVolumeClaim": {"claimName": "text"}}]


def _holding(kind: str, path: Path, model: str = "", field: str = "") -> Json:
    """The least valid value of a type that has something at a path."""
    place, inner = within(kind)
    rest = path[1:]
    if (model, field) in VALUES and not _goes_deeper(inner or kind):
        return VALUES[model, field]
    if place:
        item = _holding(inner, rest)
        return [item] if place == LIST else {"example.com-text": item}
    if not is_model(kind):
        return _PLAIN[kind]
    first = path[0] if path else ""
    made = {
        one.name: _holding(one.type, rest if one.name == first else (), kind, one.name)
        for one in fields_of(kind)
        if one.is_required or one.name == first
    }
    made = {**ALWAYS.get(kind, {}), **made}
    needed, default = BESIDES.get(kind, ((), {}))
    if not any(name in made for name in needed):
        made = {**default, **made}
    return made


def _goes_deeper(kind: str) -> bool:
    return is_model(kind)
