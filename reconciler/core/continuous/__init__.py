"""When a watched workspace is looked at, and when it may be written: pure, over times that are handed in."""
