"""An account behind the vendor's HTTP API, quirks included: in process (`transport`) or served (`serve`)."""
