"""A Kubernetes cluster of one node for tests: see docs/testing.md, and `opening` for the theory."""

from __future__ import annotations

from cluster.opening import Cluster, open_cluster
from cluster.problems import Problem

__all__ = ["Cluster", "Problem", "open_cluster"]
