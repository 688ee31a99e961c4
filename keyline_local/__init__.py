"""The local platform: the synthesized assembly, running on this machine.

`platform` starts and stops the parts in order. `cloudformation` reads the assembly into
`resources`; `dynamodb`, `roles`, `lambdas`, `api` and `triggers` run them; `services` are the
servers beside them, `control` answers a second terminal, `host` is what all need of the machine.
"""
