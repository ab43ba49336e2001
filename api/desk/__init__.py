"""What investigators do: cases, decisions, appeals, lists, and what goes out of them."""
