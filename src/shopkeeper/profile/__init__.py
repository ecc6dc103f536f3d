"""Who is asking: the portrait of a shopper from the log, the live events and the session."""
