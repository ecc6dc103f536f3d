"""Words to intent: normal form, language, tokens, spelling, suggestions and the query vector."""
