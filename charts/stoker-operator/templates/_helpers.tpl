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

{{- define "stoker.subjects" -}}
- kind: ServiceAccount
  name: {{ include "stoker.fullname" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{- define "stoker.metricsPorts" -}}
- metrics
{{- if .Values.webhook.enabled }}
- metrics-webhook
{{- end }}
{{- if .Values.webhookReceiver.enabled }}
- metrics-receiver
{{- end }}
{{- end }}

{{/* What goes wrong together, said before anything is installed. */}}
{{- define "stoker.check" -}}
{{- if and (gt (int .Values.replicaCount) 1) (not .Values.leaderElection.enabled) -}}
{{- fail "replicaCount: more than one controller needs leaderElection.enabled=true" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled (not .Values.metrics.enabled) -}}
{{- fail "serviceMonitor.enabled: there is nothing to scrape without metrics.enabled=true" -}}
{{- end -}}
{{- if and .Values.webhookReceiver.ingress.enabled (not .Values.webhookReceiver.ingress.hosts) -}}
{{- fail "webhookReceiver.ingress.hosts: an ingress needs at least one host" -}}
{{- end -}}
{{- if eq (int .Values.webhook.port) (int .Values.webhookReceiver.port) -}}
{{- fail "webhookReceiver.port: it is that of the webhook; choose another" -}}
{{- end -}}
{{- end }}
