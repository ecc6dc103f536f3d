"""THE MERCHANT'S HAND: rules that the shop writes itself: pins, boosts, buries, filters, redirects, words."""
