"""What is bought and by whom: subjects, buyers, purchases."""
