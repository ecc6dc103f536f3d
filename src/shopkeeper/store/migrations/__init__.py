"""Numbered migrations of `shop.db`, oldest first; `m0001_...` is revision 0001. A released file is never changed."""
