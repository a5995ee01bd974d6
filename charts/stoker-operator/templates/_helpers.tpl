{{- define "stoker.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* Short enough for the longest ending that a name gets. */}}
{{- define "stoker.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "stoker.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "stoker.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Objects of the whole cluster: two releases of one name in two namespaces must not meet. */}}
{{- define "stoker.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "stoker.fullname" .) | trunc 120 | trimSuffix "-" -}}
{{- end }}

{{- define "stoker.selectorLabels" -}}
app.kubernetes.io/name: {{ include "stoker.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: controller
{{- end }}

{{- define "stoker.labels" -}}
{{ include "stoker.selectorLabels" . }}
app.kubernetes.io/part-of: stoker
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end }}

{{/* The labels of an object that belongs to a part, such as the webhook. */}}
{{- define "stoker.labelsOf" -}}
{{- $part := dict "app.kubernetes.io/component" (index . 1) -}}
{{- merge $part (include "stoker.labels" (index . 0) | fromYaml) | toYaml -}}
{{- end }}

{{- define "stoker.webhookName" -}}
{{- printf "%s-webhook" (include "stoker.fullname" .) -}}
{{- end }}

{{- define "stoker.subjects" -}}
- kind: ServiceAccount
  name: {{ include "stoker.fullname" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{/* Whom webhook and receiver act as. */}}
{{- define "stoker.webhookSubjects" -}}
- kind: ServiceAccount
  name: {{ include (ternary "stoker.webhookName" "stoker.fullname" (ne (include "stoker.apart" .) "")) . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{/* The ports of metrics, by their names in Services. */}}
{{- define "stoker.metricsPorts" -}}
- metrics
{{- if .Values.webhook.enabled }}
- metrics-webhook
{{- end }}
{{- if .Values.webhookReceiver.enabled }}
- metrics-receiver
{{- end }}
{{- end }}

{{/* Where git servers listen, by the protocols that may be used. */}}
{{- define "stoker.gitPorts" -}}
{{- $ports := dict "https" 443 "ssh" 22 "http" 80 "git" 9418 -}}
{{- range .Values.git.allowedProtocols }}
- {{ index $ports . }}
{{- end }}
{{- end }}

{{/* The leases of the controllers: one, or one for each shard. */}}
{{- define "stoker.leases" -}}
{{- $name := include "stoker.fullname" . -}}
{{- $shards := int .Values.sharding.shards -}}
{{- if eq $shards 1 }}
- {{ $name }}
{{- else }}
{{- range $shard := until $shards }}
- {{ $name }}-{{ $shard }}-of-{{ $shards }}
{{- end }}
{{- end }}
{{- end }}

{{/* What goes wrong together, said before anything is installed. */}}
{{- define "stoker.check" -}}
{{- if and (gt (int .Values.replicaCount) 1) (not .Values.leaderElection.enabled) -}}
{{- fail "replicaCount: more than one controller needs leaderElection.enabled=true" -}}
{{- end -}}
{{- if and (gt (int .Values.sharding.shards) 1) (not .Values.leaderElection.enabled) -}}
{{- fail "sharding.shards: each shard has a lease, which needs leaderElection.enabled=true" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled (not .Values.metrics.enabled) -}}
{{- fail "serviceMonitor.enabled: there is nothing to scrape without metrics.enabled=true" -}}
{{- end -}}
{{- if and .Values.prometheusRule.additionalRules (not .Values.prometheusRule.enabled) -}}
{{- fail "prometheusRule.additionalRules: nobody gets them without prometheusRule.enabled=true" -}}
{{- end -}}
{{- if and .Values.webhookReceiver.ingress.enabled (not .Values.webhookReceiver.ingress.hosts) -}}
{{- fail "webhookReceiver.ingress.hosts: an ingress needs at least one host" -}}
{{- end -}}
{{- if eq (int .Values.webhook.port) (int .Values.webhookReceiver.port) -}}
{{- fail "webhookReceiver.port: it is that of the webhook; choose another" -}}
{{- end -}}
{{- end }}
