"""The Kubernetes API: raw documents, typed errors, watches that do not stop, a lease.

The official client's package loads the configuration (kubeconfig, or the pod's service account)
and sets up TLS and proxies. Nothing of its models is used: documents are what the JSON says.
"""
