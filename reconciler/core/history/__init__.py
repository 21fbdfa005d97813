"""What was applied, run by run: the chain of entries, pre-images, and the way back."""
