"""WHAT HAPPENED NEXT: what pages showed, and what shoppers then did about it."""
