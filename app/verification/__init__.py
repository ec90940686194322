"""Has this author standing? Identities, proofs, purchase tokens, ways of proving."""
