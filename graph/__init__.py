"""The ground floor: the nouns, the facts, rings, the store port and its adapters.

Start with :mod:`graph.schema` (what exists), :mod:`graph.contract` (what comes in),
:mod:`graph.facts` (what an event says) and :mod:`graph.store` (where it is kept).
"""
