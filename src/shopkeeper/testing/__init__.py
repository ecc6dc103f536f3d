"""For whoever writes a plug-in: worlds with known answers and the contract suites that every plug-in passes."""
