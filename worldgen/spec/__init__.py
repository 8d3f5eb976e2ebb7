"""What a prompt was understood as: the WorldSpec, its parser and its edits."""
