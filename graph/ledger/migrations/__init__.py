"""The ledger's migrations: one module a revision, run when a ledger is opened."""
