"""The index page: every API with its pages, and what else runs."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from keyline_local.control.status import ApiStatus, Status

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>The local platform</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem; }}
h1 {{ font-size: 1.5rem; }}
h2 {{ font-size: 1.1rem; margin: 1rem 0 .25rem; }}
p {{ margin: .25rem 0; }}
p, li, h2 {{ overflow-wrap: anywhere; }}
ul {{ margin: .25rem 0; padding-left: 1.25rem; }}
a {{ margin-right: 1rem; color: LinkText; }}
a:focus-visible {{ outline: 3px solid; outline-offset: 2px; }}
main > div {{ display: grid; gap: 0 2rem;
  grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); }}
</style>
</head>
<body>
<main>
<h1>The local platform</h1>
<div>
{apis}
</div>
<div>
<section><h2>Tables</h2>{tables}</section>
<section><h2>Functions</h2>{functions}</section>
<section><h2>Streams</h2>{streams}</section>
<section><h2>Schedules</h2>{schedules}</section>
<section><h2>Addresses for other tools</h2>
<ul><li>DynamoDB: <code>{engine}</code></li><li>other AWS APIs: <code>{aws}</code></li></ul>
</section>
</div>
</main>
</body>
</html>
"""


def index_page(status: Status) -> str:
    """Return the page as HTML; it needs no script and nothing of any other server."""
    streams = (
        f"{s.table} to {s.function}: {s.delivered} records delivered, {s.discarded} given up"
        for s in status.streams
    )
    schedules = (
        f"{name}: {at.isoformat(timespec='seconds') if at else 'never again'}"
        for name, at in status.schedules.items()
    )
    return _PAGE.format(
        apis="\n".join(map(_api, status.apis)),
        tables=_listed(status.tables),
        functions=_listed(status.functions),
        streams=_listed(streams),
        schedules=_listed(schedules),
        engine=escape(status.engine),
        aws=escape(status.aws),
    )


def _api(api: ApiStatus) -> str:
    links = " ".join(
        f'<a href="{escape(address)}">{escape(name)}</a>' for name, address in api.pages.items()
    )
    return (
        f"<section><h2>{escape(api.title)}</h2>\n"
        f"<p>{escape(api.name)}: <code>{escape(api.url)}</code></p>\n<p>{links}</p></section>"
    )


def _listed(texts: Iterable[str]) -> str:
    lines = [f"<li>{escape(text)}</li>" for text in texts]
    return f"<ul>{''.join(lines)}</ul>" if lines else "<p>none</p>"
