"""Any text: `check_repo_url` refuses it, or git can be given it without any surprise.

What passes has an allowed scheme and one plain host, and nothing in it is an option, a command or
a second opinion about where the host is. What is refused is shown without its secrets.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from property.strategies.refs import untrusted_urls
from stoker.core.errors import UrlError
from stoker.core.refs import RepoUrl, check_repo_url

protocols = st.sets(st.sampled_from(["https", "ssh", "http", "file", "git", "ext", "fd"]))


def checked(text: str, allowed: set[str]) -> RepoUrl | None:
    try:
        return check_repo_url(text, allowed)
    except UrlError as error:
        assert error.message
        assert error.cure
        return None


@given(untrusted_urls(), protocols)
@example("-a", {"file"})
@example("git://h/a", {"https"})
def test_what_passes_is_plain(text: str, allowed: set[str]) -> None:
    """Seen to fail without the refusal of a leading '-', and when any scheme was allowed."""
    url = checked(text, allowed)
    if url is None:
        return
    assert str(url) == text
    assert url.scheme in allowed - {"ext", "fd"}
    assert not text.startswith("-")
    assert not re.match(r"[\w.+-]*::", text)
    assert not re.search(r"[\x00-\x1f\x7f]", text)
    assert (url.host == "") is (url.scheme == "file")
    assert not url.host.startswith("-")
    assert url.host == url.host.lower()


@given(untrusted_urls())
@example("https://h/a?b")
@example("https://h:22/a")
def test_other_parsers_see_the_same_host(text: str) -> None:
    """Seen to fail when a query was let through, and when the port was left out of the host."""
    url = checked(text, {"https", "ssh", "http"})
    if url is None or "://" not in text:
        return
    parts = urlsplit(text)
    port = "" if parts.port is None else f":{parts.port}"
    host = f"[{parts.hostname}]" if "[" in parts.netloc else parts.hostname
    assert url.host == f"{host}{port}"
    assert parts.password is None
    assert (parts.query, parts.fragment) == ("", "")


@given(st.sampled_from(["https", "ssh", "http"]), st.text("aZ0@:/?#&=%.~-\\ ", max_size=9))
def test_a_password_is_neither_accepted_nor_shown(scheme: str, noise: str) -> None:
    """Seen to fail when only the text up to the first '@' was hidden, or up to the first '?'."""
    for password in (f"S3CRET{noise}", f"{noise}S3CRET"):
        try:
            check_repo_url(f"{scheme}://me:{password}@h/a", {"https", "ssh", "http"})
        except UrlError as error:
            assert "S3CRET" not in str(error)
        else:
            raise AssertionError(password)
