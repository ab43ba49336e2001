"""Sources: the files of a folder, their rows chunk by chunk, and what was refused of them."""
