"""Keyline: DynamoDB tables and access patterns declared once, as data.

`keyline.model` declares, `keyline.run` executes, `keyline.http` and `keyline.stream`
are the two doors a Lambda handler is entered by. Nothing here imports the CDK or
knows a system. Each package exports what users may use; the modules below it may change.
"""
