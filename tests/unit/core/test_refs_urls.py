"""Which repository addresses are handed to git."""

from __future__ import annotations

import pytest

from stoker.core.errors import UrlError
from stoker.core.refs import DEFAULT_PROTOCOLS, RepoUrl, check_repo_url

ALLOWED = [
    ("https://github.com/acme/config.git", "https", "github.com"),
    ("https://GitHub.com/acme/config", "https", "github.com"),
    ("https://git.example.com:8443/a", "https", "git.example.com:8443"),
    ("https://git.example.com:08443/a", "https", "git.example.com:8443"),
    ("https://acme@dev.azure.com/acme/site/_git/config", "https", "dev.azure.com"),
    ("https://me%40example.com@git.example.com/a", "https", "git.example.com"),
    ("https://10.0.0.7/a", "https", "10.0.0.7"),
    ("https://git_server/a", "https", "git_server"),
    ("https://h:1/a", "https", "h:1"),
    ("https://h:65535/a", "https", "h:65535"),
    ("https://[::1]:8443/a", "https", "[::1]:8443"),
    ("https://[FE80::A]/a", "https", "[fe80::a]"),
    ("https://h/~user/größe", "https", "h"),
    ("ssh://git@github.com/acme/config.git", "ssh", "github.com"),
    ("ssh://git@git.example.com:7999/scada/config.git", "ssh", "git.example.com:7999"),
    ("ssh://h/a", "ssh", "h"),
    ("git@github.com:acme/config.git", "ssh", "github.com"),
    ("git@GitHub.com:config", "ssh", "github.com"),
    ("org-1@github.com:/srv/config", "ssh", "github.com"),
    ("git@[::1]:config", "ssh", "[::1]"),
]


@pytest.mark.parametrize(("text", "scheme", "host"), ALLOWED)
def test_plain_addresses_pass_as_they_are(text: str, scheme: str, host: str) -> None:
    url = check_repo_url(text, ("https", "ssh"))
    assert url == RepoUrl(text, scheme, host)
    assert str(url) == text


REFUSED = [
    ("", "is empty"),
    ("h" * 2049, "is longer than 2048 characters"),
    ("https://h/a\n", "contains a control character"),
    ("https://h/\x00", "contains a control character"),
    ("https://h/\x9f", "contains a control character"),
    ("https://h/\ud800", "contains a control character"),
    ("-uhttps://h/a", "starts with '-'"),
    ("--upload-pack=touch x", "starts with '-'"),
    ("ext::sh -c touch% x", "names a remote helper"),
    ("EXT::sh", "names a remote helper"),
    ("::x", "names a remote helper"),
    ("git+ssh::x", "names a remote helper"),
    ("http://h/a", "has the scheme 'http', which is not allowed"),
    ("HTTPS://h/a", "has the scheme 'HTTPS', which is not allowed"),
    ("git://h/a", "has the scheme 'git', which is not allowed"),
    ("file:///srv/a", "has the scheme 'file', which is not allowed"),
    ("ext://sh", "has the scheme 'ext', which is not allowed"),
    ("https://h/a b", "contains a space"),
    ("https://h/a?x", "contains ?"),
    ("https://h/a#x", "contains #"),
    ("https://good#@evil/a", "contains #"),
    ("https://good\\@evil/a", "contains \\"),
    ("https://h/a'b", "contains '"),
    ('https://h/a"b', 'contains "'),
    ("https://h/a`b", "contains `"),
    ("https://h/a|b", "contains |"),
    ("https://h/<a", "contains <"),
    ("https://h/>a", "contains >"),
    ("git@h:a b", "contains a space"),
    ("https://me:secret@h/a", "carries a password"),
    ("https://:secret@h/a", "carries a password"),
    ("https://me:@h/a", "carries a password"),
    ("ssh://me:secret@h/a", "carries a password"),
    ("https://ghp_x@h/a", "carries what looks like a token"),
    ("https://github_pat_x@h/a", "carries what looks like a token"),
    ("https://glpat-x@h/a", "carries what looks like a token"),
    (f"https://{'x' * 40}@h/a", "carries what looks like a token"),
    ("https://@h/a", "has an illegal user name"),
    ("https://a@b@h/a", "has an illegal user name"),
    ("ssh://-x@h/a", "has an illegal user name"),
    ("-x@h:a", "starts with '-'"),
    ("@h:a", "has an illegal user name"),
    ("ssh://%2dx@h/a", "has an illegal user name"),
    ("https://h:/a", "has a port that is none"),
    ("https://h:0/a", "has a port that is none"),
    ("https://h:65536/a", "has a port that is none"),
    ("https://h:x/a", "has a port that is none"),
    ("https://h:1234567/a", "has a port that is none"),
    ("https://h:+1/a", "has a port that is none"),
    ("https://-oProxyCommand=x/a", "has no legal host"),
    ("ssh://-oProxyCommand=x/a", "has no legal host"),
    ("ssh://git@-oProxyCommand=x/a", "has no legal host"),
    ("git@-oProxyCommand=x:a", "has no legal host"),
    ("ssh://%2doProxyCommand/a", "has no legal host"),
    ("https:///a", "has no legal host"),
    ("git@:a", "has no legal host"),
    ("https://g\u0456thub.com/a", "has no legal host"),
    ("https://[::1/a", "has no legal host"),
    ("https://[x]/a", "has no legal host"),
    ("https://[::::1]/a", "has no legal host"),
    ("https://[10.0.0.7]/a", "has no legal host"),
    ("https://[fe80::1%25eth0]/a", "has no legal host"),
    ("https://::1/a", "has no legal host"),
    ("https://h", "names no repository"),
    ("https://h/", "names no repository"),
    ("https://h//", "names no repository"),
    ("git@h:", "names no repository"),
    ("git@h:-x", "has a path that starts with '-'"),
    ("https://h/-x", "has a path that starts with '-'"),
    ("h:a", "is of no known form"),
    ("/srv/config", "is of no known form"),
    ("config", "is of no known form"),
    ("https:/h/a", "is of no known form"),
    ("h@ttps://h/a", "is of no known form"),
    ("git@h:a://b", "is of no known form"),
    ("javascript:alert", "is of no known form"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_everything_else_is_refused(text: str, why: str) -> None:
    with pytest.raises(UrlError) as caught:
        check_repo_url(text)
    assert caught.value.message == f"the repository address {why}"
    assert caught.value.cure


def test_the_default_is_that_of_the_chart() -> None:
    assert DEFAULT_PROTOCOLS == ("https", "ssh")


def test_an_address_may_be_2048_characters_long() -> None:
    text = "https://h/".ljust(2048, "a")
    assert str(check_repo_url(text)) == text


def test_a_user_name_may_be_39_characters_long_and_longer_with_ssh() -> None:
    assert check_repo_url(f"https://{'x' * 39}@h/a").host == "h"
    assert check_repo_url(f"ssh://{'x' * 40}@h/a").host == "h"
    assert check_repo_url("ghp_x@h:a").host == "h"


def test_plain_http_is_checked_for_tokens_too() -> None:
    with pytest.raises(UrlError, match="looks like a token"):
        check_repo_url("http://ghp_x@h/a", ("http",))


@pytest.mark.parametrize("text", ["git@h:a", "ssh://h/a"])
def test_ssh_may_be_forbidden(text: str) -> None:
    with pytest.raises(UrlError) as caught:
        check_repo_url(text, ("https", "http", "ext"))
    assert caught.value.message.endswith(" has the scheme 'ssh', which is not allowed")
    assert caught.value.cure == "use one of: http, https; or have git.allowedProtocols changed"


def test_a_path_with_a_scheme_in_it_is_no_path() -> None:
    with pytest.raises(UrlError, match="is of no known form"):
        check_repo_url("/srv/a://b", ("file",))


def test_nothing_may_be_allowed() -> None:
    with pytest.raises(UrlError) as caught:
        check_repo_url("https://h/a", ())
    assert caught.value.cure == "use one of: none; or have git.allowedProtocols changed"


@pytest.mark.parametrize("scheme", ["ext", "fd"])
def test_what_runs_commands_is_never_allowed(scheme: str) -> None:
    for text in (f"{scheme}::sh", f"{scheme}://sh/a"):
        with pytest.raises(UrlError):
            check_repo_url(text, (scheme, "https"))


@pytest.mark.parametrize("text", ["http://h/a", "git://h/a"])
def test_other_schemes_pass_when_allowed(text: str) -> None:
    assert check_repo_url(text, ("http", "git")).scheme == text.partition(":")[0]


@pytest.mark.parametrize(
    "text",
    [
        "file:///srv/config",
        "file:///srv/a b?#",
        "/srv/config",
        "/srv/git@h:a",
        "./config",
        "../a b",
        "config",
        "a/b:c",
    ],
)
def test_a_repository_on_disk_needs_the_file_protocol(text: str) -> None:
    assert check_repo_url(text, ("file",)) == RepoUrl(text, "file", "")
    with pytest.raises(UrlError):
        check_repo_url(text)


@pytest.mark.parametrize("text", ["file://host/srv", "file:///", "file://"])
def test_a_file_address_names_a_path_on_this_disk(text: str) -> None:
    with pytest.raises(UrlError) as caught:
        check_repo_url(text, ("file",))
    assert caught.value.message == "the repository address names no path on this disk"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:SECRET@h/a", "https://***@h/a"),
        ("https://me:SEC@RET@h/a", "https://***@h/a"),
        ("https://me:SEC?RET@h/a", "https://…"),
        ("https://me:SEC#RET@h/a", "https://…"),
        ("https://h/a?token=SECRET", "https://h/a"),
        ("https://h/a#SECRET", "https://h/a"),
        ("https://h/a?mail=a@b&token=SECRET", "https://…"),
        ("ghp_SECRET@:a", "***@:a"),
        ("h:a", "h:a"),
        ("h" * 3000, "h" * 200),
        (f"https://me:SECRET@{'h' * 3000}", "https://***@" + "h" * 188),
    ],
)
def test_an_error_shows_the_place_and_no_secret(text: str, shown: str) -> None:
    with pytest.raises(UrlError) as caught:
        check_repo_url(text)
    assert caught.value.where == shown
    assert "SEC" not in str(caught.value)
