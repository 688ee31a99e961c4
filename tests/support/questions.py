"""The first questions of a newcomer, and the heading that answers each on its page."""

ANSWERS = {
    "What does it cost?": "docs/cost.md#from-a-million-items-to-a-billion",
    "What happens when an answer is lost?": "docs/guarantees.md#writes-whose-answer-is-lost",
    "How do I add an index to a full table?": "docs/safe-change.md#deploying-in-waves",
    "Which alarm fires when a partition is hot?": "docs/runbooks/alarms.md#throttled-requests",
    "How do I get out again?": "docs/leaving.md#leaving-keyline",
}
