"""Records become tables; nothing here asks the network or draws."""
