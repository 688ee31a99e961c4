"""`keyline companion`: requests of Alexa to try the skill with."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from keyline.errors import KeylineError
from keyline_ops.commands.examples import examples
from keyline_ops.commands.options import State

app = typer.Typer(help="Try the skill of the running platform.", no_args_is_help=True)

User = Annotated[str, typer.Option(help="The Alexa user, as a patient names it.")]


@app.command(epilog=examples('keyline companion event "I slept well"'))
def event(
    words: Annotated[str, typer.Argument(help="What the patient says.")],
    user: User = "amzn1.ask.account.EXAMPLE",
) -> None:
    """Print a request of Alexa, made now: the skill takes it for 150 seconds.

    Send it with `keyline invoke companion skill --event -`.
    """
    print(json.dumps(_said(words, user)))


@app.command(epilog=examples("keyline companion day FOLDER --all"))
def day(
    data: Annotated[Path, typer.Argument(help="A folder with sgd-dev.jsonl.")],
    user: User = "amzn1.ask.account.EXAMPLE",
    everything: Annotated[bool, typer.Option("--all", help="Say all turns, not only 300.")] = False,
    state: State = None,
) -> None:
    """Say a day of real conversation to the skill, and tell how many turns have which answer."""
    from companion.conversation import CONCERN_ANSWER, EMERGENCY_ANSWER
    from companion.skill import REFUSAL
    from systems.companion.samples.conversations import TURNS, of_dialogues

    answers, started = Counter[str](), time.monotonic()
    for words in of_dialogues(data, None if everything else TURNS):
        text = _answer(_said(words, user), state)
        if text == REFUSAL:
            raise KeylineError(user, "has no patient.", "Store one with it: POST /patients.")
        concern = "concern" if text.startswith(CONCERN_ANSWER) else "normal"
        answers["emergency" if text == EMERGENCY_ANSWER else concern] += 1
    seconds = time.monotonic() - started
    told = ", ".join(f"{number} {name}" for name, number in sorted(answers.items()))
    print(f"{answers.total()} turns in {seconds:.0f} s: {told}")


def _said(words: str, user: str) -> dict[str, Any]:
    from companion.settings import Settings
    from companion.system import SYSTEM
    from keyline_deploy.environment import LOCAL, load
    from systems.companion.samples.alexa import said

    skill = load(LOCAL).settings(SYSTEM.name, Settings).skill_id
    return said(words, user, skill=skill)


def _answer(request: dict[str, Any], state: Path | None) -> str:
    from companion.system import SKILL, SYSTEM
    from keyline_deploy.environment import LOCAL, load
    from keyline_deploy.names import function_name
    from keyline_ops.running import ask_local

    name = function_name(SYSTEM.name, SKILL.name, LOCAL)
    content = json.dumps(request).encode()
    done = ask_local(load(LOCAL), state, "POST", f"/functions/{name}", content=content)
    if done["error"]:
        raise KeylineError(name, f"failed: {done['payload'][:300]}", "Look at: keyline logs.")
    text: str = json.loads(done["payload"])["response"]["outputSpeech"]["text"]
    return text
