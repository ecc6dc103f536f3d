"""Hundreds to an order: features, rankers, and their training on what shoppers then did."""
