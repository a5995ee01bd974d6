{{/* What the pods of all Deployments have in common. */}}

{{/* Whether webhook and receiver have pods of their own. */}}
{{- define "stoker.apart" -}}
{{- if and (gt (int .Values.webhook.replicas) 0) (or .Values.webhook.enabled .Values.webhookReceiver.enabled) -}}
true
{{- end -}}
{{- end }}

{{/* By what a part's pods are told from those of the other part. */}}
{{- define "stoker.selectorLabelsOf" -}}
{{- $part := dict "app.kubernetes.io/component" (index . 1) -}}
{{- merge $part (include "stoker.selectorLabels" (index . 0) | fromYaml) | toYaml -}}
{{- end }}

{{/* Root, part, and whether its pods answer the API server, and whether they take webhooks. */}}
{{- define "stoker.podLabels" -}}
{{- $root := index . 0 -}}
{{- $labels := include "stoker.labelsOf" (list $root (index . 1)) | fromYaml -}}
{{- if index . 2 }}{{ $_ := set $labels "stoker.io/serves-admission" "true" }}{{ end -}}
{{- if index . 3 }}{{ $_ := set $labels "stoker.io/serves-receiver" "true" }}{{ end -}}
{{- merge $labels $root.Values.podLabels | toYaml -}}
{{- end }}

{{- define "stoker.podAnnotations" -}}
kubectl.kubernetes.io/default-container: {{ index . 1 }}
{{- with (index . 0).Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "stoker.rolling" -}}
type: RollingUpdate
rollingUpdate:
  maxUnavailable: 0
  maxSurge: 1
{{- end }}

{{/* Root, part, how many there are of it, and for how many seconds a pod may go on after its end. */}}
{{- define "stoker.podSettings" -}}
{{- $root := index . 0 -}}
automountServiceAccountToken: true
# A Service named stoker would set variables that look like our own.
enableServiceLinks: false
terminationGracePeriodSeconds: {{ index . 3 }}
securityContext:
  runAsNonRoot: true
  seccompProfile:
    type: RuntimeDefault
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- if gt (int (index . 2)) 1 }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "stoker.selectorLabelsOf" (list $root (index . 1)) | nindent 8 }}
{{- end }}
{{- with $root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Whoever answers, in whichever Deployment that is just now. */}}
{{- define "stoker.serving" -}}
app.kubernetes.io/name: {{ include "stoker.name" (index . 0) }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
stoker.io/serves-{{ index . 1 }}: "true"
{{- end }}
