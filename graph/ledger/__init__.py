"""The ledger: what people and the service decided, and every trace that must stand later.

``port`` has the nouns and is free of SQLAlchemy; ``engine.Ledger`` opens SQLite or PostgreSQL and
gives transactions; every other module here is one noun: functions over a transaction that SQL names
its ``book``. Several of them in one transaction are one decision. The graph itself is elsewhere
(``graph.store``), events are in ``graph.journal.journal``; the ledger hands both over what follows
from a decision. It knows nothing of HTTP.
"""
