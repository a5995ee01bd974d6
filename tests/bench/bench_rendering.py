"""What parsing, rendering and patching cost.

Best of five, with the ratio to reading the same bytes as UTF-8 and back, which every treated file
costs at least and which moves with the machine's speed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from stoker.core.fieldpatch import set_field
from stoker.core.template import (
    TemplateContext,
    TemplateEngine,
    parse_template,
    render_template,
    render_with,
)

CONTEXT = TemplateContext(
    gateway_name="line-4", pod_name="line-4-0", pod_ordinal=0, namespace="plant", ref="main",
    commit="4f5d1c0", cr_name="plant", labels={"tier": "edge"},
    vars={"site": "graz", "db": "db.plant", "port": "5432"},
)  # fmt: skip
LINES = "".join(f'  "setting{number}": "a value as it stands in a file",\n' for number in range(35))
GO = "{\n" + LINES + "".join(
    '  "host": "{{.Vars.db}}", "name": "{{if .PodOrdinal}}{{.GatewayName}}{{else}}x{{end}}",\n'
    for _ in range(4)
) + '  "end": "{{range $k, $v := .Labels}}{{$k}}={{$v | printf "%q"}}{{end}}"\n}\n'  # fmt: skip
JINJA = GO.split('"host"', maxsplit=1)[0] + "".join(
    '"host": "{{ Vars.db }}", "name": "{% if PodOrdinal == 0 %}{{ GatewayName }}{% endif %}",\n'
    for _ in range(5)
)
PLAIN = LINES * 40
SMALL = json.dumps({"systemName": "a", "http": {"port": 8088}, "tags": list(range(50))}, indent=2)
LARGE = json.dumps({f"k{n}": {"value": "x" * 60, "list": [n, n]} for n in range(40_000)}, indent=1)


def best(work: Callable[[], object], times: int = 5) -> float:
    """The shortest of a few runs, in seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    """Print the table."""
    parsed = parse_template(GO)
    rows: dict[str, tuple[str, Callable[[], object]]] = {
        "parse a Go template": (GO, lambda: parse_template(GO)),
        "render it, parsed": (GO, lambda: parsed.render(CONTEXT)),
        "parse and render it": (GO, lambda: render_template(GO, CONTEXT)),
        "render a Jinja2 template": (
            JINJA, lambda: render_with(TemplateEngine.JINJA2, JINJA, CONTEXT),
        ),
        "render a text without actions": (PLAIN, lambda: render_template(PLAIN, CONTEXT)),
        "patch a small document": (SMALL, lambda: set_field(SMALL, "http.port", "8043")),
        "patch the end of a large one": (LARGE, lambda: set_field(LARGE, "k39999.value", "y")),
        "patch the start of a large one": (LARGE, lambda: set_field(LARGE, "k0.value", "y")),
    }  # fmt: skip
    for name, (text, work) in rows.items():
        data = text.encode()
        floor = best(lambda data=data: data.decode().encode())  # type: ignore[misc] # binds it
        seconds = best(work)
        print(f"{name:32} {len(data):9,} bytes {seconds * 1e6:11.1f} us   {seconds / floor:9.1f}")


if __name__ == "__main__":
    main()
