"""The fixtures of the tests in a cluster: `kit.fixtures` has them."""

from kit.fixtures import (
    api,
    cluster,
    definition,
    fake_gateway,
    gateway_image,
    git_image,
    git_server,
    helm,
    kubectl,
    local_controllers,
    product,
    pytest_configure,
    pytest_runtest_makereport,
    shared_space,
    space,
    spaces,
)

__all__ = [
    "api",
    "cluster",
    "definition",
    "fake_gateway",
    "gateway_image",
    "git_image",
    "git_server",
    "helm",
    "kubectl",
    "local_controllers",
    "product",
    "pytest_configure",
    "pytest_runtest_makereport",
    "shared_space",
    "space",
    "spaces",
]
