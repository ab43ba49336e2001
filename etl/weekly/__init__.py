"""The weekly run: retrain, prove, gate, promote or keep, watch."""
