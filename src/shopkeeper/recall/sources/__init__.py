"""Ways of recalling products, one a file."""
