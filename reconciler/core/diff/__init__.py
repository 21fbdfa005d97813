"""What differs, whose doing it is, and the smallest patch."""
