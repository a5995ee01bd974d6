{{- define "stoker.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end }}

{{/* What all containers of ours are held to. */}}
{{- define "stoker.held" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* Probes of a container, whose port has this name. */}}
{{- define "stoker.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: {{ . }}}
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: {{ . }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: {{ . }}}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 3
{{- end }}

{{/* What admission and receiver are both told. */}}
{{- define "stoker.webhookArgs" -}}
- --namespace={{ .Release.Namespace }}
{{- if include "stoker.apart" . }}
# Where webhook.replicas becomes 0, helm takes this Deployment away before others answer.
- --drain=20s
{{- end }}
- --allowed-protocols={{ join "," .Values.git.allowedProtocols }}
{{- with .Values.watchNamespaces }}
- --watch-namespaces={{ join "," . }}
{{- end }}
{{- if .Values.controller.logDevMode }}
- --log-dev-mode=true
{{- end }}
{{- end }}

{{- define "stoker.admissionContainer" -}}
- name: webhook
  image: {{ include "stoker.image" . | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [stoker-webhook]
  args:
    {{- include "stoker.webhookArgs" . | nindent 4 }}
    - --admission-bind-address=:{{ .Values.webhook.port }}
    - --receiver-bind-address=0
    - --health-probe-bind-address=:8091
    - --metrics-bind-address={{ ternary ":8453" "0" .Values.metrics.enabled }}
    # Our own pods get no agent.
    - --own-labels=app.kubernetes.io/name={{ include "stoker.name" . }},app.kubernetes.io/instance={{ .Release.Name }}
    - --agent-image-repository={{ .Values.agentImage.repository | default .Values.image.repository }}
    - --agent-image-tag={{ .Values.agentImage.tag | default .Values.image.tag | default .Chart.AppVersion }}
    - --agent-image-pull-policy={{ .Values.image.pullPolicy }}
    {{- with .Values.agentImage.allowedRepositories }}
    - --agent-allowed-repositories={{ join "," . }}
    {{- end }}
    {{- if .Values.certManager.enabled }}
    - --certificate-dir=/etc/stoker/certificate
    {{- else }}
    - --certificate-secret={{ include "stoker.webhookName" . }}
    - --certificate-names={{ include "stoker.webhookNames" . | fromYamlArray | join "," }}
    - --certificate-life={{ .Values.webhook.certificate.life }}
    - --authority-life={{ .Values.webhook.certificate.authorityLife }}
    - --mutating-configuration={{ include "stoker.clusterName" . }}
    - --validating-configuration={{ include "stoker.clusterName" . }}
    {{- end }}
  ports:
    - name: webhook
      containerPort: {{ .Values.webhook.port }}
    - name: wh-probes
      containerPort: 8091
    {{- if .Values.metrics.enabled }}
    - name: wh-metrics
      containerPort: 8453
    {{- end }}
  {{- include "stoker.probes" "wh-probes" | nindent 2 }}
  {{- include "stoker.held" . | nindent 2 }}
  {{- with .Values.webhook.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .Values.certManager.enabled }}
  volumeMounts:
    - name: certificate
      mountPath: /etc/stoker/certificate
      readOnly: true
  {{- end }}
{{- end }}

{{- define "stoker.receiverContainer" -}}
- name: receiver
  image: {{ include "stoker.image" . | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [stoker-webhook]
  args:
    {{- include "stoker.webhookArgs" . | nindent 4 }}
    - --admission-bind-address=0
    - --receiver-bind-address=:{{ .Values.webhookReceiver.port }}
    - --health-probe-bind-address=:8092
    - --metrics-bind-address={{ ternary ":8454" "0" .Values.metrics.enabled }}
    - --allow-unauthenticated={{ .Values.webhookReceiver.allowUnauthenticated }}
    - --rate-limit-source={{ .Values.webhookReceiver.rateLimit.source.perSecond }}
    - --rate-limit-source-burst={{ .Values.webhookReceiver.rateLimit.source.burst }}
    - --rate-limit-cr={{ .Values.webhookReceiver.rateLimit.gatewaySync.perSecond }}
    - --rate-limit-cr-burst={{ .Values.webhookReceiver.rateLimit.gatewaySync.burst }}
    {{- with .Values.webhookReceiver.trustedProxies }}
    - --trusted-proxies={{ join "," . }}
    {{- end }}
    {{- if include "stoker.receiverSecret" (list . .Values.webhookReceiver.hmac) }}
    - --receiver-hmac-file=/etc/stoker/receiver/hmac
    {{- end }}
    {{- if include "stoker.receiverSecret" (list . .Values.webhookReceiver.token) }}
    - --receiver-token-file=/etc/stoker/receiver/token
    {{- end }}
    {{- if .Values.webhookReceiver.tls.secretName }}
    - --receiver-cert-dir=/etc/stoker/receiver-certificate
    {{- end }}
  ports:
    - name: receiver
      containerPort: {{ .Values.webhookReceiver.port }}
    - name: rc-probes
      containerPort: 8092
    {{- if .Values.metrics.enabled }}
    - name: rc-metrics
      containerPort: 8454
    {{- end }}
  {{- include "stoker.probes" "rc-probes" | nindent 2 }}
  {{- include "stoker.held" . | nindent 2 }}
  {{- with .Values.webhookReceiver.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "stoker.receiverMounts" . }}
  volumeMounts:
    {{- . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "stoker.receiverMounts" -}}
{{- if include "stoker.receiverSources" . }}
- name: receiver
  mountPath: /etc/stoker/receiver
  readOnly: true
{{- end }}
{{- if .Values.webhookReceiver.tls.secretName }}
- name: receiver-certificate
  mountPath: /etc/stoker/receiver-certificate
  readOnly: true
{{- end }}
{{- end }}

{{- define "stoker.receiverSources" -}}
{{- range $name := list "hmac" "token" }}
{{- $given := index $.Values.webhookReceiver $name }}
{{- with include "stoker.receiverSecret" (list $ $given) }}
- secret:
    name: {{ . }}
    items:
      - key: {{ ternary $given.secretRef.key $name (ne $given.secretRef.name "") }}
        path: {{ $name }}
{{- end }}
{{- end }}
{{- end }}

{{/* The Secret that a secret of the receiver is in; nothing where there is none. */}}
{{- define "stoker.receiverSecret" -}}
{{- $given := index . 1 -}}
{{- if $given.secretRef.name -}}
{{- $given.secretRef.name -}}
{{- else if $given.secret -}}
{{- printf "%s-receiver" (include "stoker.fullname" (index . 0)) -}}
{{- end -}}
{{- end }}

{{- define "stoker.webhookVolumes" -}}
{{- if and .Values.webhook.enabled .Values.certManager.enabled }}
- name: certificate
  secret:
    secretName: {{ include "stoker.webhookName" . }}
{{- end }}
{{- if .Values.webhookReceiver.enabled }}
{{- with include "stoker.receiverSources" . }}
# A change of these Secrets is seen in the files, and needs no restart.
- name: receiver
  projected:
    sources:
      {{- . | nindent 6 }}
{{- end }}
{{- with .Values.webhookReceiver.tls.secretName }}
- name: receiver-certificate
  secret:
    secretName: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* By what names the API server, and others, reach the webhook. */}}
{{- define "stoker.webhookNames" -}}
{{- $service := printf "%s.%s" (include "stoker.webhookName" .) .Release.Namespace -}}
- {{ $service }}.svc
- {{ $service }}.svc.cluster.local
{{- end }}
