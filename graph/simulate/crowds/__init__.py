"""Honest crowds, one small piece each; importing this registers all of them.

Every piece yields one group at a time (a company, a class, a household), made of
:meth:`graph.simulate.town.Town.person`. Each exists because honest people look like a ring in one
way: they share an address, a card, a template, an hour, a machine's manners.
"""

from graph.simulate.crowds import campus, events, machines, people, prompting, workplaces

__all__ = ["campus", "events", "machines", "people", "prompting", "workplaces"]
