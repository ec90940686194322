"""Taking a review in: drafts, submission, revision, withdrawal."""
