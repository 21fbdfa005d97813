"""What is true of one vendor's API: a wing for each; the rest of the package knows none of them by name."""
