"""Pages beside an API: its OpenAPI document, and a page that shows it and sends requests.

The document is made again for each request, so that it shows the handlers as they are saved
now. Nothing of the API depends on these pages: an error in a page is the answer of that page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from keyline_deploy.project import ROOT
from keyline_local import Api, Deployment
from keyline_ops.colours import TOKENS
from keyline_ops.openapi.generate import NotDescribedError, generate, serving

_PACKAGE = Path("node_modules") / "swagger-ui-dist"
_ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
_STYLES = {path.name: path for path in (Path(__file__).with_name("page.css"), TOKENS)}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/tokens.css">
<link rel="stylesheet" href="docs/page.css">
<script>
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
</script>
</head>
<body>
<p class="about">
Authorize with what <code>make token</code> prints. <a href="openapi.json">openapi.json</a>,
<a href="./">all APIs</a>
</p>
<main id="page"></main>
<script src="docs/swagger-ui-bundle.js"></script>
<script>
(async () => {
  const page = document.getElementById("page");
  const titled = (Operations, { React: { createElement: make, Fragment } }) => (props) =>
    make(Fragment, null,
      make("h2", { className: "unseen" }, "Operations"), make(Operations, props));
  try {
    const answer = await fetch("openapi.json");
    const spec = await answer.json();
    if (!answer.ok) throw new Error(spec.message);
    document.title = spec.info.title;
    SwaggerUIBundle({
      spec, dom_id: "#page", deepLinking: true, persistAuthorization: true,
      tryItOutEnabled: true, validatorUrl: null,
      plugins: [{ wrapComponents: { operations: titled } }],
    });
  } catch (error) {
    page.className = "failed";
    page.textContent = error.message;
  }
})();
</script>
</body>
</html>
"""


def project_pages(api: Api, deployment: Deployment) -> Sequence[BaseRoute]:
    """Make the pages of an API of this project, for `Platform(pages=...)`."""
    return Pages(api, deployment, ROOT).routes()


class Pages:
    """The pages of one API.

    Parameters
    ----------
    root
        The project's folder.
    """

    def __init__(self, api: Api, deployment: Deployment, root: Path) -> None:
        self._stage = "" if api.stage == "$default" else f"/{api.stage}"
        self._functions = serving(api, deployment)
        self._region = deployment.region
        self._assets = root / _PACKAGE
        self._one_at_a_time = asyncio.Lock()

    def routes(self) -> Sequence[BaseRoute]:
        """Return where they are, below the reserved prefix; none for an API that is not ours."""
        if not self._functions:
            return ()
        return (
            Route("/docs", self._page),
            Route("/docs/{name}", self._asset),
            Route("/openapi.json", self._document),
        )

    async def _document(self, request: Request) -> Response:
        try:
            async with self._one_at_a_time:
                found = await asyncio.to_thread(generate, self._functions, self._region)
        except NotDescribedError as error:
            return JSONResponse({"message": str(error)}, HTTPStatus.INTERNAL_SERVER_ERROR)
        server = f"{request.url.scheme}://{request.url.netloc}{self._stage}"
        return JSONResponse({**found, "servers": [{"url": server}]})

    async def _page(self, _: Request) -> Response:
        return HTMLResponse(_PAGE)

    async def _asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        path = _STYLES.get(name, self._assets / name)
        if name not in (*_ASSETS, *_STYLES) or not path.is_file():
            message = f"{_PACKAGE / name} is missing. Run `make setup`."
            return JSONResponse({"message": message}, HTTPStatus.NOT_FOUND)
        return FileResponse(path)
