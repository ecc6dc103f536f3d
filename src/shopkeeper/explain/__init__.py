"""WHY THIS, WHY HERE: a tree whose parts add up to the score, and a sentence in the shopper's language."""
