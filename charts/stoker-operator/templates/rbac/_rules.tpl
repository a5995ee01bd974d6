{{/* Rights in the namespaces of gateways. */}}
{{- define "stoker.rulesOfNamespaces" -}}
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
# What the agents read and write; to give them these rights, the controller needs them itself.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, watch, create, patch, update, delete]
# By name alone: Secrets are neither listed nor watched.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch, delete]
# `get` to count an event that came again.
- apiGroups: [""]
  resources: [events]
  verbs: [get, create, patch]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings]
  {{- if .Values.rbac.autoBindAgent.enabled }}
  verbs: [get, list, watch, create, patch, update, delete]
  {{- else }}
  # Those of before are taken away, none is made.
  verbs: [get, list, watch, delete]
  {{- end }}
{{- end }}

{{/* What webhook and receiver need in the namespaces of gateways, where they have their own account. */}}
{{- define "stoker.rulesOfWebhook" -}}
- apiGroups: [stoker.io]
  resources: [gatewaysyncs]
  {{- if .Values.webhookReceiver.enabled }}
  # What is asked for stands in annotations.
  verbs: [get, list, watch, patch]
  {{- else }}
  verbs: [get, list, watch]
  {{- end }}
{{- if .Values.webhookReceiver.enabled }}
# Those of spec.receiver, by name alone.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
{{- end }}
{{- end }}

{{/* Who may read the metrics is asked of the API server. */}}
{{- define "stoker.rulesOfMetrics" -}}
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- end }}
