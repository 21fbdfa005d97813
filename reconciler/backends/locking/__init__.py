"""What the locks of all backends share."""
