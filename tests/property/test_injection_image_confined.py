"""A pod picks a version of the agent, never a program: its image is of an allowed repository."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stoker.core.errors import Problem
from stoker.core.injection.image import Image, choose_image
from stoker.core.spec.types import AgentImage
from support.pods import SETTINGS

ALLOWED = {SETTINGS.image.repository, *SETTINGS.allowed_repositories}
DIGEST = "sha256:" + "a" * 64
pieces = st.sampled_from(
    [*sorted(ALLOWED), "evil", "evil.com/x", DIGEST, ":", "@", "/", ":1", "@" + DIGEST, "1.2", " "]
)
neighbours = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "x", "x/"]),
    st.sampled_from(sorted(ALLOWED)),
    st.sampled_from(["", "x", "/x", "/", " "]),
    st.sampled_from([":1", "@" + DIGEST, ":1@" + DIGEST, ""]),
)
images = neighbours | st.lists(pieces | st.text(max_size=4), min_size=1, max_size=5).map("".join)


def repository_of(reference: str) -> str:
    """As a container runtime reads it: digest off, then a tag behind the last slash."""
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]


@given(images.filter(bool))
def test_the_image_is_of_an_allowed_repository(wanted: str) -> None:
    """Seen to fail when a repository counts as allowed that only starts with an allowed one."""
    match choose_image(SETTINGS, AgentImage(), wanted):
        case Image(reference=reference):
            assert repository_of(reference) in ALLOWED
            assert reference.endswith(wanted)
            assert reference.isprintable()
            assert " " not in reference
        case Problem(path=path, cure=cure):
            assert path == "metadata.annotations[stoker.io/agent-image]"
            assert cure
