"""Tactics of campaigns, one small piece each; importing this registers all of them.

A tactic changes a :class:`graph.simulate.plan.Plan`, by a strength of 0..1 that is its knob, so
that any number of them combine. The rates follow what has been published of such campaigns: 5 to
860 requests an account and day, accounts by the hundred, shared payment methods and synchronised
timing, a proxy network that mixes extraction with unrelated customers, replacement after bans, and
half of the traffic moved to a new model within 24 hours.
"""

from graph.simulate.tactics import identity, life, money, network, prompts, timing, traffic

__all__ = ["identity", "life", "money", "network", "prompts", "timing", "traffic"]
