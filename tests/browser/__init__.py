"""What a user sees in a browser."""
