"""An account behind the vendor's HTTP API, quirks included: in process (`embedded_provider`) or served."""
