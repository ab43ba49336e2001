"""``ringsight bench``: figures side by side, each module one comparison."""
