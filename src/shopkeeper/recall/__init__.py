"""Many to hundreds: every source offers products for a request, and their ranks are fused."""
