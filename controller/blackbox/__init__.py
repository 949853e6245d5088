"""THE BLACK BOX: every cycle around a transition, kept on disk, and played again through today's judgement."""
