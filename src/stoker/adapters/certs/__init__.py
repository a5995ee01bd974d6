"""Certificates for servers of our own: made here, and judged by their times.

A key is an elliptic one (P-256). It is made in memory and goes nowhere but to whoever asked for it.

- `pairs`: a certificate with its key
- `making`: one that signs itself
- `authorities`: certificates that sign others, and what they sign
- `bundles`: several certificates in one text, of which some may be no good
- `showing`: a server whose certificate changes while it serves
"""

from __future__ import annotations

from stoker.adapters.certs.authorities import Leaf, Root, identity, read_leaf, read_roots
from stoker.adapters.certs.bundles import certificates
from stoker.adapters.certs.making import self_signed
from stoker.adapters.certs.pairs import (
    RENEWED_AFTER,
    CertificateUnusable,
    KeyPair,
    read_pair,
    serve_with,
)
from stoker.adapters.certs.showing import Showing, check_for_tls

__all__ = [
    "RENEWED_AFTER",
    "CertificateUnusable",
    "KeyPair",
    "Leaf",
    "Root",
    "Showing",
    "certificates",
    "check_for_tls",
    "identity",
    "read_leaf",
    "read_pair",
    "read_roots",
    "self_signed",
    "serve_with",
]
