"""Where a memory comes from: provenance tags, and who is a bot or gives commands to one.

The names are the chat bots that large Twitch channels have in common: moderation and loyalty bots, sound and song bots, and the
accounts that only sit in every viewer list.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

TRUSTED = frozenset({"vtuber", "system"})
"""Sources that the engine itself writes under."""
BOTS = frozenset(
    {
        "nightbot", "streamelements", "streamlabs", "moobot", "fossabot", "wizebot", "sery_bot", "soundalerts", "commanderroot",
        "phantombot", "pokemoncommunitygame", "ankhbot", "botisimo", "buttsbot", "coebot", "creatisbot", "deepbot", "dixperbro",
        "frostytoolsdotcom", "kofistreambot", "lolrankbot", "lumiastream", "lurxx", "mixitupapp", "muxybot", "ohbot", "own3d",
        "playwithviewersbot", "pretzelrocks", "rainmaker", "restreambot", "scottybot", "songlistbot", "streamcaptainbot",
        "streamdeckerbot", "streamjar", "streamlootsbot", "streamstickers", "stay_hydrated_bot", "tangiabot", "thepositivebot",
        "tipeeestreambot", "titlechange_bot", "twitchprimereminder", "vivbot", "vrflad", "wzbot", "xanbot",
        "electricallongboard", "anotherttvviewer", "aliceydra", "drapsnatt", "blerp", "supibot", "streamholics", "7tvapp",
        "own3dpro_bot", "remasuri_bot", "cloudbot", "firebot", "casterlabs", "songrequestbot", "hnlbot", "revlobot",
    }
)  # fmt: skip
_COMMAND = re.compile(r"\s*!\w")


def is_bot(user: str | None, metadata: Mapping[str, Any]) -> bool:
    """Whether a bot speaks: a known name, or the role `bot` in `metadata.role`, `metadata.roles` or `metadata.is_bot`.

    >>> is_bot("@Nightbot", {}), is_bot("mika", {"roles": ["bot"]}), is_bot("mika", {})
    (True, True, False)
    """
    if user is not None and user.strip().lstrip("@").casefold() in BOTS:
        return True
    roles: Any = metadata.get("roles")
    listed = cast("list[Any]", roles) if isinstance(roles, list | tuple) else [roles]
    named = [metadata.get("role"), *listed]
    return metadata.get("is_bot") is True or any(isinstance(role, str) and role.casefold() == "bot" for role in named)


def is_command(text: str) -> bool:
    """Whether the text speaks to a bot.

    >>> is_command("!discord"), is_command("!!! wow"), is_command("hi !discord")
    (True, False, False)
    """
    return _COMMAND.match(text) is not None
