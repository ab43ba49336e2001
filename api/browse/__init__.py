"""The read side of the console's API: rings, entities, the graph around them, what-if and exports.

``reader`` holds what every answer needs; each module of routes turns one kind of question into a
bounded number of reads, whatever the size of a hub. Nothing here changes a ring or an account.
"""
