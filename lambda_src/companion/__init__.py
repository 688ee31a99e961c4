"""The companion system: a voice companion for people with dementia, and what caregivers see."""
