"""The pictures of the project: its packages, the way of a request, and the way of a change."""

from __future__ import annotations

from keyline_ops.diagrams.flow import Arrow, Flow, Group, Node

PACKAGES = Flow(
    "The packages of the project. An arrow means: imports. A dotted arrow means: finds by the "
    "names of files.",
    {
        "app": Node(0, 0, "app.py", "an environment in, stacks out"),
        "systems": Node(1, 0, "systems/SYSTEM", "stacks, journey, figures, …"),
        "keyline_ops": Node(2, 0, "keyline_ops", "the keyline command"),
        "stacks": Node(0, 1, "stacks", "account, data, service"),
        "keyline_local": Node(2, 1, "keyline_local", "the local platform"),
        "keyline_cdk": Node(0, 2, "keyline_cdk", "constructs"),
        "keyline_deploy": Node(2, 2, "keyline_deploy", "environments, bundles, rules"),
        "code": Node(1, 3, "lambda_src/SYSTEM", "declaration, handlers"),
        "keyline": Node(2, 3, "lambda_src/keyline", "declaration and run time"),
    },
    [
        Arrow("app", "systems", dotted=True),
        Arrow("app", "stacks"),
        Arrow("systems", "stacks"),
        Arrow("systems", "keyline_ops"),
        Arrow("systems", "code"),
        Arrow("keyline_ops", "keyline_local"),
        Arrow("stacks", "keyline_cdk"),
        Arrow("keyline_cdk", "keyline_deploy"),
        Arrow("keyline_local", "keyline_deploy"),
        Arrow("keyline_deploy", "keyline"),
        Arrow("code", "keyline"),
    ],
    [Group("what Lambda carries", ["code", "keyline"])],
)
"""What imports what. What is reached along arrows may be imported, too."""

REQUEST = Flow(
    "The way of a request: from the client through the HTTP API and the function to the table, and "
    "from the table's stream to its consumer.",
    {
        "client": Node(0, 0, "client", "token, JSON"),
        "api": Node(1, 0, "HTTP API", "token, throttle, route"),
        "app": Node(2, 0, "keyline.http", "parameters, problems"),
        "handler": Node(2, 1, "handler", "who may do what"),
        "repository": Node(2, 2, "repository", "names the pattern"),
        "store": Node(2, 3, "keyline.run", "request, retries, units"),
        "table": Node(1, 3, "DynamoDB", "table and indexes"),
        "consumer": Node(0, 3, "keyline.stream", "each change once"),
        "totals": Node(0, 2, "table of totals", "what follows from it"),
        "queue": Node(1, 2, "on-failure queue", "keyline redrive"),
    },
    [
        Arrow("client", "api"),
        Arrow("api", "app"),
        Arrow("app", "handler"),
        Arrow("handler", "repository"),
        Arrow("repository", "store"),
        Arrow("store", "table"),
        Arrow("table", "consumer"),
        Arrow("consumer", "totals"),
        Arrow("consumer", "queue", dotted=True),
    ],
    [Group("a function", ["app", "handler", "repository", "store"])],
)
"""The way of a request."""

CHANGE = Flow(
    "The way of a change: checked, tested, judged by the plan, and deployed in one wave or "
    "several, each of them tables first.",
    {
        "edit": Node(0, 0, "declaration", "tables.py, patterns.py"),
        "check": Node(1, 0, "keyline check", "all faults, in seconds"),
        "test": Node(2, 0, "make test, snapshots", "capacity, templates, roles"),
        "plan": Node(2, 1, "keyline plan", "over what runs"),
        "refused": Node(1, 1, "refused", "data would be lost"),
        "waves": Node(2, 2, "waves", "one index at a time"),
        "data": Node(1, 2, "data stack", "tables and indexes"),
        "fill": Node(0, 2, "keyline migrate", "fill, copy, verify"),
        "service": Node(1, 3, "service stack", "functions and API"),
        "next": Node(2, 3, "next wave", "until none is left"),
    },
    [
        Arrow("edit", "check"),
        Arrow("check", "test"),
        Arrow("test", "plan"),
        Arrow("plan", "refused", dotted=True),
        Arrow("refused", "edit", dotted=True),
        Arrow("plan", "waves"),
        Arrow("waves", "data"),
        Arrow("data", "fill"),
        Arrow("fill", "service"),
        Arrow("service", "next"),
        Arrow("next", "waves", dotted=True),
    ],
)
"""The way of a change."""

DECLARATION = Flow(
    "What follows from the declaration: the template, the roles, the requests, the pages, the "
    "forecast and the capacity that tests allow. The API document follows from the handlers.",
    {
        "declaration": Node(0, 2, "declaration", "tables.py, patterns.py"),
        "handlers": Node(0, 5, "handlers", "parameters and results"),
        "template": Node(2, 0, "template", "keys, indexes, expiry, alarms"),
        "role": Node(2, 1, "IAM role", "the patterns of a function"),
        "request": Node(2, 2, "request, typed result", "keys, conditions, shape"),
        "page": Node(2, 3, "data-model.md", "names, reasons, keys"),
        "forecast": Node(2, 4, "keyline cost, tests", "item sizes, calls a month"),
        "document": Node(2, 5, "openapi.json", "the API"),
    },
    [
        *(
            Arrow("declaration", what)
            for what in ("template", "role", "request", "page", "forecast")
        ),
        Arrow("handlers", "document"),
    ],
)
"""What follows from the declaration."""

PICTURES = {"declaration": DECLARATION, "packages": PACKAGES, "request": REQUEST, "change": CHANGE}
"""By the names of their files in docs/images."""
