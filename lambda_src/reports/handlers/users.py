"""Show and change a user's own profile.

The first request of a user creates the user's profile. Two first requests at the same moment
create one profile. A request that shows a profile never overwrites it.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from keyline.http import App, Caller, IfMatch, Response, versioned
from keyline.moments import iso_now
from keyline.run import NotFoundError, Store, VersionConflictError
from reports.context import CONTEXT
from reports.handlers.changes import named_changes
from reports.handlers.profiles import check_preferences, claimed
from reports.handlers.viewer import Viewer
from reports.inputs import Email, Name, Preferences, Url, Version
from reports.repositories import UserRepository
from reports.system import SYSTEM
from reports.tables import User


class ProfileChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of a profile: a field that is left out stays, null removes a value.

    Attributes
    ----------
    version
        The version that was read. The version may stand in `If-Match` instead.
    preferences
        The whole object. This object replaces the stored object.
    """

    version: Version | None = None
    name: Name | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET
    avatar_url: Url | UnsetType | None = UNSET
    preferences: Preferences | UnsetType | None = UNSET


app = App(SYSTEM)
_users = UserRepository(Store.for_function(SYSTEM))


@app.get("/profile")
def profile(caller: Caller) -> Response[User]:
    """Show the caller's profile. A caller without a profile gets a new one."""
    user_id = Viewer.of(caller, CONTEXT.settings).user_id
    return versioned(_users.get_user(user_id) or _created(user_id, caller))


@app.patch("/profile", any_type=True)
def change(body: ProfileChange, caller: Caller, if_match: IfMatch) -> Response[User]:
    """Change a part of the caller's profile. 409 if it was changed after it was read.

    A new profile has version 1. The same change may be sent again with the same version. The change
    is made once.
    """
    user_id = Viewer.of(caller, CONTEXT.settings).user_id
    version = if_match.required(body.version, "body.version")
    changes = named_changes(body)
    if changes.get("preferences"):
        check_preferences(changes["preferences"])
    try:
        changed = _users.update_user(user_id, changes, version=version)
    except NotFoundError:  # the first request of a user may be a change
        _created(user_id, caller)
        changed = _users.update_user(user_id, changes, version=version)
    except VersionConflictError as conflict:
        if not conflict.is_own(version, changes):
            raise
        changed = conflict.current  # an earlier try of the request has made the change
    return versioned(changed)


def _created(user_id: str, caller: Caller) -> User:
    moment = iso_now()
    user = User(
        user_id=user_id,
        name=claimed(caller.claims.get("name"), Name),
        email=claimed(caller.claims.get("email"), Email),
        created_at=moment,
        updated_at=moment,
    )
    return _users.get_or_create_user(user)  # another request of the user may create it meanwhile


handler = app.handler
