"""The journal: every event once, in one file, with what was read and refused."""
