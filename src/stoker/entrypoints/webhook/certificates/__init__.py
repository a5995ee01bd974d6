"""The certificate that the admission webhook is served with, without cert-manager.

`stoker.core.authority` decides; here is what carries it out:

- `keeper`: the thread that looks, acts and rests, and what others may ask of it
- `cluster`: the Secret and both webhook configurations on the API server
- `secret`: what the Secret holds, and what it is to hold
- `configurations`: what a webhook configuration says of ours
- `vault`: certificates and keys behind identities
- `discretion`: errors that repeat nothing of a key
"""

from __future__ import annotations

from stoker.entrypoints.webhook.certificates.keeper import CertificateKeeper

__all__ = ["CertificateKeeper"]
