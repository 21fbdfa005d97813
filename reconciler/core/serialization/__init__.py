"""JSON from outside and of our own: checked reading, records, digests."""
