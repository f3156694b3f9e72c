"""Files of music and notes: what a MIDI or ABC file says, its key and its metre."""
