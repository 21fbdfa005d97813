"""An account behind the vendor's HTTP API, quirks included: in process (`simulator_transport`) or served."""
