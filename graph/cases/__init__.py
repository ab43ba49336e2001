"""The case loop: what a decision about a ring would do, and doing it.

``plan`` looks (whom it touches, who else uses what it blocks, who looks honest) and changes
nothing; ``decide`` carries a plan out in one transaction of the ledger, and undoes it; ``appeals``
and ``sample`` are the two other ways in which people say what an account is. Every one of them ends
in labels, enforcements, list entries, a link of the audit chain and an event that goes out. It
knows nothing of HTTP.
"""
