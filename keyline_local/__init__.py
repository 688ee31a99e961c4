"""The local platform: the synthesized assembly, running on this machine.

`platform` starts and stops the parts in order. `cloudformation` reads the assembly into
`resources`; `dynamodb`, `lambdas`, `api` and `triggers` run them; `aws` and `cache` are the
servers beside them.
"""
