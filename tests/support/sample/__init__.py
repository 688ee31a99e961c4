"""The shop that the shared tests declare: one system in small, in large, and while it moves.

`books` has the least that a system can be, `SMALL`. `shop` puts all the other modules together
in one system, `LARGE`, and `MOVING` is the same system with a migration. A test takes the
tables and patterns that it needs:

orders
    All that a deployment can hold: kinds of keys, projections, a stream, routes, a schedule.
notes
    All that the run time does with one kind of item.
accounts
    Two kinds of items, told apart by the templates of their keys; `account_import` reads them
    from a file.
lending
    A single table of several kinds, told apart by a tag, some of them in one partition.

A test of what a declaration refuses varies the small tables of `tests.support.declarations`
instead, or declares the wrong thing itself.
"""
