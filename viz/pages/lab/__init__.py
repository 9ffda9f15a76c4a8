"""The sampling lab: the rooms in which the dice are on the table."""
