"""Prompt clusters fitted from marks: shingles counted, joined, split, named and weighed."""
