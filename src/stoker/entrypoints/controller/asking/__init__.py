"""The controller's way to git servers and to GitHub, for many CRs at once.

- `lanes`: what runs next, so that servers that hang cannot take all slots
- `wishes`: how fresh an answer has to be, and for which refs
- `groups`, `answers`: who is answered together, and never with another one's credential
- `slots`, `desk`: the threads
- `credentials`: Secrets, read anew for each connection and left nowhere
- `resolving`, `exchanging`: the two errands, `git ls-remote` and GitHub's token exchange
- `asker`: all of it together
"""

from __future__ import annotations

from stoker.entrypoints.controller.asking.asker import Asker, Limits

__all__ = ["Asker", "Limits"]
