"""What the contract asks of a spec whose values have the right types.

`check_spec` says what is wrong, `warnings` what is legal but unwise; both say all of it at once,
in the order of the document. Bounds come from the fields' schemas; every other rule is a function
of one type, listed in a table, so a rule is found by the type that it is about. What a rule has to
ask of modules that this one must not know is handed in as a `Site`. Some rules hold only where
documents come in (`Site.is_entrance`).

- `site`: what holds where a document is used
- `walk`: from the top of a document to its end, with bounds and rules
- `git`, `cluster`, `mappings`, `templates`: the rules
- `mistakes`: the rules where documents come in
- `volume`: how much text there may be
- `cautions`: the warnings
- `names`: names that templates use and nobody gives them, a mistake or a warning
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.core.exporting import exported

if TYPE_CHECKING:
    from stoker.core.spec.rules.checking import check, check_object, check_spec, warnings
    from stoker.core.spec.rules.site import ANYWHERE, Site
    from stoker.core.spec.rules.walk import check_bounds
else:
    __getattr__ = exported(
        __name__,
        checking="check check_object check_spec warnings",
        site="ANYWHERE Site",
        walk="check_bounds",
    )

__all__ = ["ANYWHERE", "Site", "check", "check_bounds", "check_object", "check_spec", "warnings"]
