{{- define "stoker.controllerContainer" -}}
- name: controller
  image: {{ include "stoker.image" . | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [stoker-controller]
  args:
    - --leader-elect={{ .Values.leaderElection.enabled }}
    {{- if .Values.leaderElection.enabled }}
    - --leader-election-namespace={{ .Release.Namespace }}
    - --leader-election-id={{ include "stoker.fullname" . }}
    {{- end }}
    {{- if gt (int .Values.sharding.shards) 1 }}
    - --shards={{ .Values.sharding.shards }}
    {{- end }}
    - --health-probe-bind-address=:8081
    - --metrics-bind-address={{ ternary ":8443" "0" .Values.metrics.enabled }}
    - --allowed-protocols={{ join "," .Values.git.allowedProtocols }}
    - --auto-bind-agent={{ .Values.rbac.autoBindAgent.enabled }}
    {{- with .Values.watchNamespaces }}
    - --watch-namespaces={{ join "," . }}
    {{- end }}
    {{- if .Values.controller.logDevMode }}
    - --log-dev-mode=true
    {{- end }}
  ports:
    - name: probes
      containerPort: 8081
    {{- if .Values.metrics.enabled }}
    - name: metrics
      containerPort: 8443
    {{- end }}
  {{- include "stoker.probes" "probes" | nindent 2 }}
  {{- include "stoker.held" . | nindent 2 }}
  {{- with .Values.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
    - name: tmp
      mountPath: /tmp
{{- end }}
