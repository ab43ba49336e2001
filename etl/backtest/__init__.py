"""What Ringsight would have caught: a past lived through, judged and told on a page."""
