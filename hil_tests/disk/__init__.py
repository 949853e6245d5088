"""What a disk does to the journal: kill -9, power cuts, damage, no space, no answer. Against the real store."""
